import threading

import numpy as np
import pandas as pd
import pytest
from fake_jobs import preparing
from lattice_scene import CALIBRATED, PIXEL, SIDE, honeycombs, put_atoms
from napari.layers import Image, Points, Vectors
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from bright_network import save_bright
from napari_strata.config import AtomsConfig
from napari_strata.config.atom_origin import AtomOrigin, LocatedImage
from napari_strata.io import bundled
from napari_strata.io.bundle import read_card
from napari_strata.widgets.lattice import dock as lattice_dock
from napari_strata.widgets.lattice import map_layers
from napari_strata.widgets.lattice.dock import LatticeDock
from napari_strata.widgets.layers.calibration import set_pixel_size
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.parts.form import Page

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def open_dock(viewer):
    def open_dock() -> LatticeDock:
        dock = LatticeDock(viewer)
        viewer.window.add_dock_widget(dock, name="Lattice")
        return dock

    return open_dock


def press(qtbot, dock, button):
    """Scroll to a button as soon as it has its place, and click it."""

    def is_seen():
        dock.findChild(Page).ensureWidgetVisible(button)
        return not button.visibleRegion().isEmpty()

    qtbot.waitUntil(is_seen)
    qtbot.mouseClick(button, LEFT)


def measure(qtbot, dock, *, fourier=False) -> str:
    dock.fourier.setChecked(fourier)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        press(qtbot, dock, dock.panel.start_button)
    return dock.panel.words.text()


def show_map(qtbot, dock, label, way=None):
    choice = dock.maps.choice
    choice.quantity.setCurrentText(label)
    if way is not None:
        choice.way.setCurrentIndex(choice.way.findData(way))
    press(qtbot, dock, dock.maps.show_button)
    qtbot.waitUntil(lambda: not dock.maps.drawing.is_busy, timeout=30_000)


def figures(dock):
    lines = [line.split("\t") for line in dock.table.as_text().split("\n")]
    return {line[0]: line[1:] for line in lines}


def named(viewer, start):
    (layer,) = [one for one in viewer.layers if one.name.startswith(start)]
    return layer


def test_figures_of_each_layer_and_the_twist_are_shown_with_their_uncertainty(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    assert measure(qtbot, dock, fourier=True) == f"{len(honeycombs()):,} atoms of moire."
    found = figures(dock)
    assert found[""] == ["Layer 0", "Layer 1"]
    assert [value.split(" ")[0][:4] for value in found["a, ideal [Å]"]] == ["2.46", "2.46"]
    assert found["Bond [Å]"] == ["1.42", "1.42"]
    assert found["Cell"] == ["hexagonal"] * 2
    twists = [line.split("\t")[1] for line in dock.table.as_text().split("\n") if line.startswith("Twist")]
    assert [float(text.split(" ± ")[0]) for text in twists] == pytest.approx([28.9, 28.9], abs=0.3)
    assert "Moiré, predicted [Å]" in found and "From the Fourier transform" in found
    assert dock.species.text() == "There is one species in each layer."


def test_a_family_that_the_atoms_contradict_is_doubted_and_tells_no_twist(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    dock.family.setCurrentText("square")
    measure(qtbot, dock)
    assert dock.gaps.text().count("the cell is hardly square: it would have to be stretched by") == 2
    assert "tell neither twist, moiré, nor the distortion of the scan" in dock.gaps.text()
    found = figures(dock)
    assert found["Cell"] == ["square"] * 2
    assert not [title for title in found if title.startswith(("Twist", "Moiré", "Stretch", "a, ideal"))]


def test_a_pixel_size_that_a_known_crystal_contradicts_is_doubted(qtbot, viewer, open_dock):
    model = save_bright(bundled.FOLDER / "net", trained_on="simulated graphene, 2 layers")
    places = ["y_px", "x_px", "y_A", "x_A"]
    table = honeycombs()
    table[places] *= 1.08
    located = AtomOrigin(
        model=model.name,
        weights_sha256=read_card(model).weights_sha256,
        settings=AtomsConfig(),
        images=(LocatedImage(name="moire", frames=1, height=SIDE, width=SIDE, pixel_size=PIXEL),),
        software={},
        located="2026-11-22T00:00:00+00:00",
    )
    put_atoms(viewer, table[(table[["y_px", "x_px"]] < SIDE - 1).all(axis=1)], located=located)
    dock = open_dock()
    _atoms, doubt = measure(qtbot, dock).split("\n")
    said = (
        "a is 8 % longer than that of graphene (2.46 Å): the pixel size may be wrong; 0.185 Å would give 2.46 Å."
    )
    assert doubt == said


def test_the_table_is_copied_for_a_spreadsheet(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    press(qtbot, dock, dock.copy_button)
    copied = QApplication.clipboard().text()
    assert copied.startswith("\tLayer 0\tLayer 1\nFrom the atoms\nAtoms\t")


def test_maps_lie_on_the_image_and_replace_each_other(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    before = list(viewer.layers)
    assert not viewer.canvas.overlays.scale_bar.visible
    show_map(qtbot, dock, "Strain exx [%]", "dots")
    assert viewer.canvas.overlays.scale_bar.visible
    viewer.canvas.overlays.scale_bar.visible = False  # by the user
    dots = named(viewer, "Strain exx [%]")
    assert isinstance(dots, Points) and dots.face_colorbar.visible
    assert 0 < len(dots.data) < len(scene.points.data)
    told = f"Strain exx [%]: {len(dots.data)} of {len(scene.points.data)} atoms have a value. Those at the border"
    assert dock.regions.of_what.text().startswith(told)
    assert dots.face_contrast_limits[0] == -dots.face_contrast_limits[1]
    show_map(qtbot, dock, "Nearest-neighbour distance [Å]", "smooth")
    smooth = named(viewer, "Nearest")
    assert isinstance(smooth, Image) and smooth.colorbar.visible
    assert smooth.data.shape == (SIDE, SIDE)
    assert np.nanmean(smooth.data) == pytest.approx(2.46 / 3**0.5, abs=1e-4)
    assert viewer.layers.index(smooth) < viewer.layers.index(scene.points)
    show_map(qtbot, dock, "Displacement [Å]", "arrows")
    assert isinstance(named(viewer, "Displacement [Å]"), Vectors)
    show_map(qtbot, dock, "Stacking")
    assert set(named(viewer, "Stacking").features["Stacking"]) == {"AA", "AB", "BA", "SP"}
    assert "AA" in dock.maps.legend.words.text()
    said = "Stacking: 140 of 280 atoms have a value. Layer 0 has none: it is the lowest, and stacking is told over"
    assert dock.regions.of_what.text() == f"{said} the layer below."
    assert len(viewer.layers) == len(before) + 1
    assert not viewer.canvas.overlays.scale_bar.visible
    for layer in viewer.layers:
        assert layer.scale.tolist() == [PIXEL] * 2 and layer.units == scene.image.units


def test_beside_layers_in_pixels_no_scale_bar_claims_a_length(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    viewer.add_points(np.zeros((1, 2)))  # in pixels, beside an image in Å
    dock = open_dock()
    measure(qtbot, dock)
    show_map(qtbot, dock, "Strain exx [%]", "dots")
    assert not viewer.canvas.overlays.scale_bar.visible


def test_the_layer_of_a_map_becomes_the_next_one_of_its_kind(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    for way, change in (("dots", "size"), ("smooth", "opacity")):
        show_map(qtbot, dock, "Strain exx [%]", way)
        layer = named(viewer, "Strain exx")
        setattr(layer, change, 0.5)
        for label in ("Strain exx [%]", "Nearest-neighbour distance [Å]"):
            show_map(qtbot, dock, label, way)
            assert named(viewer, label) == layer and np.all(getattr(layer, change) == 0.5) and layer.visible
    show_map(qtbot, dock, "Nearest-neighbour distance [Å]", "dots")
    dots, fresh = named(viewer, "Nearest"), map_layers.dots(dock.maps.take())
    assert list(dots.features) == ["layer", "Nearest-neighbour distance [Å]"]
    assert np.allclose(dots.face_color, fresh.face_color)
    assert dots.face_contrast_limits == fresh.face_contrast_limits
    assert find_results(viewer, "map", scene.image) == [dots] and dots.name == fresh.name


def test_earlier_maps_are_kept_where_that_is_asked_for_or_they_have_a_name(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    show_map(qtbot, dock, "Strain exx [%]")
    named(viewer, "Strain exx").name = "mine"
    show_map(qtbot, dock, "Strain eyy [%]")
    assert not viewer.layers["mine"].visible
    dock.maps.keep.setChecked(True)
    show_map(qtbot, dock, "Strain exy [%]")
    assert not named(viewer, "Strain eyy").visible and named(viewer, "Strain exy").visible


def test_without_what_it_needs_the_dock_says_what_to_do(qtbot, viewer, open_dock):
    dock = open_dock()
    assert dock.panel.words.text() == "There are no atoms. Find atoms in the Predict dock first."
    assert not dock.panel.start_button.isEnabled()
    scene = put_atoms(viewer, honeycombs())
    assert dock.panel.start_button.isEnabled()
    scene.image.units = ("pixel", "pixel")
    scene.points.features = scene.points.features.assign(layer=0)  # anything that happens to the atoms
    assert "Type it in the Predict dock." in dock.panel.words.text()
    viewer.layers.remove(scene.image)
    assert "is not open" in dock.panel.words.text()


def test_few_atoms_and_one_layer_are_told_in_words(qtbot, viewer, open_dock):
    few = put_atoms(viewer, honeycombs().iloc[:8])
    dock = open_dock()
    assert "too few for a lattice" in measure(qtbot, dock)
    assert not dock.table.isVisible()
    viewer.layers.remove(few.points)
    viewer.layers.remove(few.image)
    put_atoms(viewer, honeycombs((4.0,)))
    measure(qtbot, dock)
    assert "There is one layer with a lattice" in dock.gaps.text()
    assert dock.maps.choice.layer.count() == 1
    assert dock.maps.choice.quantity.findText("Stacking") == -1
    assert "Twist [°]" not in figures(dock)


def test_of_a_stack_the_shown_slice_is_measured_and_mapped(qtbot, viewer, open_dock):
    stack = {"scale": (1, PIXEL / 10, PIXEL / 10), "units": ("pixel", "nm", "nm"), "translate": (0, 3, 1)}
    scene = put_atoms(viewer, honeycombs(frame=1), frames=3, **stack)
    dock = open_dock()
    viewer.dims.set_point(0, 0)
    press(qtbot, dock, dock.panel.start_button)
    said = "There are no atoms on slice 0 of moire. Move the slider to a slice with atoms."
    assert dock.panel.words.text() == said
    viewer.dims.set_point(0, 1)
    assert measure(qtbot, dock).endswith("atoms of moire, slice 1.")
    show_map(qtbot, dock, "Strain exx [%]", "dots")
    assert set(named(viewer, "Strain").data[:, 0]) == {1}
    show_map(qtbot, dock, "Strain exx [%]", "smooth")
    smooth = named(viewer, "Strain")
    assert smooth.data_to_world((0, 0, 0)) == pytest.approx(scene.image.data_to_world((1, 0, 0)))
    show_map(qtbot, dock, "Residual [Å]", "arrows")
    assert set(named(viewer, "Residual").data[:, 0, 0]) == {1}


def test_edits_of_the_atoms_make_the_figures_old(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    scene.points.selected_data = {0, 1, 2}
    assert "changed since" not in dock.panel.words.text()
    scene.points.remove_selected()
    assert dock.panel.words.text() == "The atoms were changed since: press Measure again."


def test_figures_go_with_the_image(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    assert dock.table.isVisible()
    viewer.layers.remove(scene.image)
    assert not dock.table.isVisible()


def test_statistics_inside_a_shape_follow_the_shape_and_the_map(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs((4.0,)))
    dock = open_dock()
    measure(qtbot, dock)
    dock.maps.choice.quantity.setCurrentText("Nearest-neighbour distance [Å]")
    shapes = viewer.add_shapes(np.array([[[20, 20], [20, 60], [60, 60], [60, 20]]]), **CALIBRATED)
    inside = ((scene.points.data > 20) & (scene.points.data < 60)).all(axis=1).sum()
    qtbot.waitUntil(lambda: dock.regions.table.rowCount() == 2)
    assert dock.regions.table.as_text().split("\n")[2].split("\t")[:3] == ["Shape 1", str(inside), "1.42"]
    shapes.add_ellipses(np.array([[20, 20], [20, 60], [60, 60], [60, 20]]))
    qtbot.waitUntil(lambda: dock.regions.table.rowCount() == 3)
    shapes.add_lines(np.array([[20, 20], [20, 60]]))
    shapes.add_rectangles(np.array([[-40, 20], [-40, 60], [-20, 60], [-20, 20]]))
    qtbot.waitUntil(lambda: dock.regions.table.rowCount() == 5)
    said = [row.split("\t") for row in dock.regions.table.as_text().split("\n")[4:]]
    assert said == [["Shape 3", "a line has no inside"], ["Shape 4", "outside the image"]]


def test_regions_are_drawn_on_shapes_that_one_can_see_through(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs((4.0,)))
    dock = open_dock()
    assert not dock.regions.draw_button.isEnabled()
    measure(qtbot, dock)
    press(qtbot, dock, dock.regions.draw_button)
    shapes = dock.regions.shapes.layer
    assert viewer.layers.selection.active is shapes and str(shapes.mode) == "add_rectangle"
    assert np.allclose(shapes.scale, scene.image.scale)
    shapes.add_rectangles(np.array([[20, 20], [20, 60], [60, 60], [60, 20]]))
    assert 0 < shapes.face_color[0][3] < 0.2
    qtbot.waitUntil(lambda: dock.regions.table.rowCount() == 2)
    shapes.mode = "pan_zoom"
    press(qtbot, dock, dock.regions.draw_button)
    assert [one for one in viewer.layers if one.name.startswith("Regions")] == [shapes]
    assert str(shapes.mode) == "add_rectangle" and dock.regions.table.rowCount() == 2


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_all_maps_are_saved(qtbot, viewer, open_dock, monkeypatch, tmp_path, ending):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    out = tmp_path / f"maps.{ending}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    press(qtbot, dock, dock.maps.saving.button)
    qtbot.waitUntil(lambda: dock.maps.saving.saving.words.text() == f"Saved {out.name}.", timeout=30_000)
    if ending == "csv":
        assert len(pd.read_csv(out, skiprows=2)) == len(scene.table)
    else:
        with np.load(out, allow_pickle=False) as archive:
            assert archive["exx"].shape == (1, 2, SIDE, SIDE)


def test_statistics_in_shapes_are_saved(qtbot, viewer, open_dock, monkeypatch, tmp_path):
    scene = put_atoms(viewer, honeycombs((4.0,)))
    dock = open_dock()
    measure(qtbot, dock)
    viewer.add_shapes(np.array([[[20, 20], [20, 60], [60, 60], [60, 20]]]), **CALIBRATED)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "regions.csv"), ""))
    press(qtbot, dock, dock.regions.save_button)
    rows = pd.read_csv(tmp_path / "regions.csv")
    assert set(rows["region"]) == {"all atoms", "shape 1"}
    inside = ((scene.points.data > 20) & (scene.points.data < 60)).all(axis=1).sum()
    assert rows.query("region == 'shape 1' and map == 'nearest'")["atoms"].tolist() == [inside]


def test_nothing_is_saved_where_nothing_was_chosen(qtbot, viewer, open_dock, monkeypatch):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    measure(qtbot, dock)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    press(qtbot, dock, dock.maps.saving.button)
    assert not dock.maps.saving.saving.is_busy


def test_a_measurement_is_canceled(qtbot, viewer, open_dock, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(lattice_dock, "_make_job", lambda control, *_, **__: preparing(control, release=release))
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        qtbot.mouseClick(dock.panel.start_button, LEFT)
        qtbot.mouseClick(dock.panel.cancel_button, LEFT)
        release.set()
    assert dock.panel.words.text() == "Stopped."
    assert dock.panel.start_button.isEnabled()


def test_other_atoms_stop_the_measurement(qtbot, viewer, open_dock, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(lattice_dock, "_make_job", lambda control, *_, **__: preparing(control, release=release))
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        qtbot.mouseClick(dock.panel.start_button, LEFT)
        viewer.layers.remove(scene.points)
        release.set()
    assert not dock.table.isVisible()


@pytest.mark.canvas
def test_a_closed_dock_stops_its_job_and_leaves_no_map(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = LatticeDock(viewer)
    frame = viewer.window.add_dock_widget(dock, name="Lattice")
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        dock.panel.start_button.click()
    dock.maps.choice.quantity.setCurrentText("Strain exx [%]")
    dock.maps.choice.way.setCurrentIndex(dock.maps.choice.way.findData("smooth"))
    count, gone = len(viewer.layers), []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.panel.start_button.click()
    dock.maps.show_button.click()
    assert dock.panel.runner.is_busy and dock.maps.drawing.is_busy
    viewer.window.remove_dock_widget(frame)
    qtbot.waitUntil(lambda: gone == [True], timeout=20_000)
    assert len(viewer.layers) == count


def test_atoms_located_at_another_pixel_size_are_not_measured_until_it_is_right_again(viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    set_pixel_size(scene.image, 2 * PIXEL, viewer.layers)
    assert "now 0.4 Å; these atoms were located at 0.2 Å" in dock.panel.words.text()
    assert not dock.panel.start_button.isEnabled()
    set_pixel_size(scene.image, PIXEL, viewer.layers)
    assert dock.panel.start_button.isEnabled()
    assert dock.panel.words.text() == ""
