import re
import threading

import numpy as np
import pytest
from fake_jobs import preparing
from lattice_scene import BOND, PIXEL, TURNS, honeycombs, put_atoms
from napari.layers import Points
from qtpy.QtCore import QPointF, Qt

from napari_strata.lattice import fitted as fitted_layers
from napari_strata.widgets.lattice.dock import LatticeDock
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.plots import dock as plots_dock
from napari_strata.widgets.plots.dock import PlotsDock

LEFT = Qt.MouseButton.LeftButton
LONG = 1.7


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def open_dock(qtbot, viewer):
    def open_dock(*, waits=True) -> PlotsDock:
        dock = PlotsDock(viewer)
        viewer.window.add_dock_widget(dock, name="Plots")
        dock.resize(420, 700)
        if waits:
            qtbot.waitUntil(lambda: dock._pairs is not None, timeout=60_000)
            qtbot.wait(100)  # until all has its place
        return dock

    return open_dock


@pytest.fixture
def displaced():
    """Return atoms, the number of one that is 0.3 Å farther from a neighbour than it should be, and that one."""
    table = honeycombs()
    layer = table[table["layer"] == 0]
    middle = (layer[["y_A", "x_A"]] - 9.6).pow(2).sum(axis=1).idxmin()
    distance = np.hypot(*(layer[["y_A", "x_A"]] - layer.loc[middle, ["y_A", "x_A"]].to_numpy(float)).to_numpy().T)
    neighbour = layer.index[np.argsort(distance)[1]]
    step = layer.loc[middle, ["y_A", "x_A"]].to_numpy(float) - layer.loc[neighbour, ["y_A", "x_A"]].to_numpy(float)
    moved = layer.loc[middle, ["y_A", "x_A"]].to_numpy(float) + 0.3 * step / np.hypot(*step)
    table.loc[middle, ["y_A", "x_A"]], table.loc[middle, ["y_px", "x_px"]] = moved, moved / PIXEL
    return table, int(middle), int(neighbour)


def on_screen(plot, x, y):
    box = plot.plot.getPlotItem().getViewBox()
    return plot.plot.mapFromScene(box.mapViewToScene(QPointF(x, y)))


def click(qtbot, plot, x, y):
    qtbot.mouseClick(plot.plot.viewport(), LEFT, pos=on_screen(plot, x, y))


def drag(qtbot, plot, start, end):
    where, there = on_screen(plot, *start), on_screen(plot, *end)
    qtbot.mousePress(plot.plot.viewport(), LEFT, pos=where)
    for part in (0.3, 0.6, 1.0):
        qtbot.mouseMove(plot.plot.viewport(), where + (there - where) * part)
        qtbot.wait(20)
    qtbot.mouseRelease(plot.plot.viewport(), LEFT, pos=there)


def white_pairs(dock):
    return sum(int(bars.yData.sum()) for bars in dock.distances._highlights)


def filled(dock):
    """Tell of each layer whether the rings of its spots are filled."""
    rings = dock.spots._rings.items()
    return {layer: ring.opts["brush"].style() != Qt.BrushStyle.NoBrush for layer, ring in rings}


def test_distances_of_graphene_are_marked(viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    assert dock.distances.marks == pytest.approx([BOND, 2.46, 2 * BOND], abs=1e-3)
    assert dock.summary.text().startswith("Layer 0: nearest neighbours 1.420 Å, std 0.000 Å")
    dock.expected.crystal.setCurrentText("hBN")
    assert dock.distances.marks[:2] == pytest.approx([2.504 / 3**0.5, 2.504])


def test_a_drag_over_distances_selects_the_atoms_of_such_pairs(qtbot, viewer, open_dock, displaced):
    table, moved, neighbour = displaced
    scene = put_atoms(viewer, table)
    dock = open_dock()
    drag(qtbot, dock.distances, (1.6, 5), (1.9, 5))
    assert set(scene.points.selected_data) == {moved, neighbour}
    assert viewer.layers.selection.active is scene.points
    assert dock.words.text().endswith("2 atoms selected.")
    qtbot.mouseClick(dock.tabs.tabBar(), LEFT, pos=dock.tabs.tabBar().tabRect(1).center())
    assert dock.words.text() == "2 atoms selected, in white."


def test_a_click_on_a_bar_selects_its_atoms(qtbot, viewer, open_dock, displaced):
    table, moved, neighbour = displaced
    scene = put_atoms(viewer, table)
    dock = open_dock()
    click(qtbot, dock.distances, BOND + 0.3, 1)
    assert set(scene.points.selected_data) == {moved, neighbour}


def test_atoms_selected_on_the_image_are_white_in_the_plots(qtbot, viewer, open_dock, displaced):
    table, moved, _ = displaced
    scene = put_atoms(viewer, table)
    dock = open_dock()
    assert white_pairs(dock) == 0
    scene.points.selected_data = {moved}
    qtbot.waitUntil(lambda: white_pairs(dock) > 0)
    (layer,) = (one for one in dock._pairs.layers if one.layer == 0)
    assert white_pairs(dock) == (layer.pairs == moved).any(axis=1).sum()
    assert not dock.angles._highlight.path().isEmpty()
    assert dock.words.text() == "1 atom selected, in white."
    assert dock.distances._highlights[1].yData.sum() == 0  # the bars of the other layer
    qtbot.mouseClick(dock.none_button, LEFT)
    assert len(scene.points.selected_data) == 0 and white_pairs(dock) == 0
    assert dock.angles._highlight.path().isEmpty()


def test_a_click_on_a_direction_selects_the_layer_whose_bonds_lie_there(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    dock.tabs.setCurrentWidget(dock.angles)
    qtbot.wait(50)
    for turn, layer in zip(TURNS, (0, 1), strict=True):
        angle = np.deg2rad(turn + 30)  # bonds point 30 degrees away from a
        click(qtbot, dock.angles, 0.6 * np.cos(angle), 0.6 * np.sin(angle))
        chosen = scene.table.loc[sorted(scene.points.selected_data), "layer"]
        assert set(chosen) == {layer} and len(chosen) > 100


def test_a_sector_across_zero_goes_the_short_way(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    dock.tabs.setCurrentWidget(dock.angles)
    qtbot.wait(50)
    drag(qtbot, dock.angles, (0.7, -0.1), (0.7, 0.1))
    first, last = (int(word) for word in re.search(r"from (\d+) to (\d+) degrees", dock.words.text()).groups())
    assert (first, last) == pytest.approx((172, 8), abs=2)  # as exact as a pixel of the screen


def test_one_layer_alone_is_plotted_and_picked(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    dock.layer.setCurrentIndex(dock.layer.findData(1))
    drag(qtbot, dock.distances, (1.3, 5), (1.5, 5))
    assert set(scene.table.loc[sorted(scene.points.selected_data), "layer"]) == {1}


def test_atoms_that_a_plot_selects_lie_over_the_dots_of_a_map_and_below_candidates(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    for role, name in (
        ("map", "dots"),
        ("map", "hidden dots"),
        ("candidates", "candidates"),
        ("map", "last dots"),
    ):
        viewer.add_layer(Points(scene.points.data, name=name, metadata=tag(role, scene.image, name, {})))
    shapes = viewer.add_shapes(name="regions")
    viewer.layers["hidden dots"].visible = False
    dock = open_dock()
    drag(qtbot, dock.distances, (1.3, 5), (1.5, 5))
    assert scene.points.selected_data
    names = [scene.image.name, "dots", "last dots", scene.points.name, "hidden dots", "candidates", shapes.name]
    assert [layer.name for layer in viewer.layers] == names
    assert viewer.layers.selection.active is scene.points


def test_spots_bear_the_colour_of_their_layer_and_select_its_atoms(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    dock.tabs.setCurrentWidget(dock.spots)
    qtbot.waitUntil(lambda: dock.spots._spectrum is not None, timeout=60_000)
    qtbot.wait(100)
    lattices = dock.spots._spectrum.lattices
    assert list(lattices) == [0, 1]
    ky, kx = lattices[1].spots.frequency[0]
    click(qtbot, dock.spots, kx, ky)
    chosen = set(scene.points.selected_data)
    assert chosen == set(scene.table.index[scene.table["layer"] == 1])
    assert "of layer 1" in dock.words.text()
    assert filled(dock) == {0: False, 1: True}
    scene.points.selected_data = {int(scene.table.index[scene.table["layer"] == 0][0])}  # on the image
    qtbot.waitUntil(lambda: filled(dock) == {0: True, 1: False})
    dock.spots.on_pick((-5, -5), (5, 5))
    assert set(scene.points.selected_data) == set(scene.table.index)


def test_plots_follow_edits_of_the_atoms(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    before = dock._pairs
    scene.points.selected_data = set(range(50))
    scene.points.remove_selected()
    qtbot.waitUntil(lambda: dock._pairs is not before and not dock.pairs_job.is_busy, timeout=60_000)
    assert sum(len(one.atoms) for one in dock._pairs.layers) == len(scene.table) - 50


def test_other_layers_leave_the_plots_alone(qtbot, viewer, open_dock):
    scene = put_atoms(viewer, honeycombs())
    dock = open_dock()
    before = dock._pairs
    viewer.layers.remove(viewer.add_points(np.zeros((1, 2))))
    qtbot.wait(2 * plots_dock.PATIENCE)
    assert dock._pairs is before and not dock.pairs_job.is_busy
    scene.points.add([1.0, 1.0])
    dock.distances.on_pick((1.3, 0), (1.5, 0))
    assert "selected" not in dock.words.text()  # the numbers of the atoms may be others now


def test_without_atoms_the_dock_says_what_to_do(qtbot, viewer, open_dock):
    dock = open_dock(waits=False)
    qtbot.waitUntil(lambda: "Find atoms in the Predict dock first." in dock.pairs_job.words.text())
    scene = put_atoms(viewer, honeycombs().iloc[:1])
    qtbot.waitUntil(lambda: "No layer has two atoms." in dock.pairs_job.words.text(), timeout=60_000)
    viewer.layers.remove(scene.image)
    qtbot.waitUntil(lambda: "is not open" in dock.pairs_job.words.text())


def test_of_a_stack_the_shown_slice_is_plotted(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs(frame=1), frames=3, scale=(1, PIXEL, PIXEL), units=("pixel", *["angstrom"] * 2))
    viewer.dims.set_point(0, 1)
    dock = open_dock()
    viewer.dims.set_point(0, 2)
    qtbot.waitUntil(lambda: "no atoms on slice 2" in dock.pairs_job.words.text(), timeout=20_000)
    assert dock.layer.count() == 0
    viewer.dims.set_point(0, 1)
    qtbot.waitUntil(lambda: dock._pairs is not None, timeout=60_000)


def test_plotting_is_canceled_and_started_again(qtbot, viewer, open_dock, monkeypatch):
    release, make = threading.Event(), plots_dock._make_pairs_job
    monkeypatch.setattr(plots_dock, "_make_pairs_job", lambda control, *_: preparing(control, release=release))
    put_atoms(viewer, honeycombs())
    dock = open_dock(waits=False)
    qtbot.waitUntil(lambda: dock.pairs_job.cancel_button.isVisible(), timeout=20_000)
    with qtbot.waitSignal(dock.pairs_job.runner.ended, timeout=20_000):
        qtbot.mouseClick(dock.pairs_job.cancel_button, LEFT)
        release.set()
    assert dock.pairs_job.words.text() == "Stopped." and dock._pairs is None
    monkeypatch.setattr(plots_dock, "_make_pairs_job", make)
    qtbot.mouseClick(dock.pairs_job.again_button, LEFT)
    qtbot.waitUntil(lambda: dock._pairs is not None, timeout=60_000)


def test_three_atoms_are_plotted_without_a_lattice(qtbot, viewer, open_dock):
    table = honeycombs((4.0,))
    scene = put_atoms(viewer, table.iloc[:3])
    dock = open_dock()
    assert "3 atoms are too few for a lattice" in dock.pairs_job.words.text()
    distances = np.concatenate([one.distances for one in dock._pairs.layers])
    click(qtbot, dock.distances, distances.min(), 0.2)
    assert len(scene.points.selected_data) >= 2


def test_an_image_without_a_pixel_size_is_told_in_words(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs(), units=("pixel", "pixel"))
    dock = open_dock(waits=False)
    qtbot.waitUntil(lambda: "Type it in the Predict dock." in dock.pairs_job.words.text(), timeout=20_000)
    assert dock._pairs is None and dock.layer.count() == 0


def test_lattices_are_fitted_once_for_both_docks(qtbot, viewer, open_dock, monkeypatch):
    fitted = []
    fit = fitted_layers.fit_layers
    monkeypatch.setattr(fitted_layers, "fit_layers", lambda *a, **k: fitted.append(1) or fit(*a, **k))
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    lattice = LatticeDock(viewer)
    qtbot.addWidget(lattice)  # not in place of the other one
    lattice.fourier.setChecked(False)
    for family, times in (("as it fits best", 1), ("oblique", 2)):
        lattice.family.setCurrentText(family)
        with qtbot.waitSignal(lattice.panel.runner.ended, timeout=60_000):
            lattice.panel.start_button.click()
        assert len(fitted) == times
    qtbot.waitUntil(lambda: dock._pairs.fitted.layers[0].fit.index.cell.family == "oblique", timeout=60_000)
    assert len(fitted) == 2


@pytest.mark.canvas
def test_a_dock_that_is_closed_while_it_works_goes(qtbot, viewer, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(plots_dock, "_make_pairs_job", lambda control, *_: preparing(control, release=release))
    scene = put_atoms(viewer, honeycombs())
    dock = PlotsDock(viewer)
    frame = viewer.window.add_dock_widget(dock, name="Plots")
    dock.came_to_front(True)
    qtbot.waitUntil(lambda: dock.pairs_job.is_busy, timeout=20_000)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    viewer.window.remove_dock_widget(frame)
    release.set()
    qtbot.waitUntil(lambda: gone == [True], timeout=20_000)
    scene.points.selected_data = {1}  # nobody listens any more


def test_indices_lie_on_the_far_side_of_their_spots(qtbot, viewer, open_dock):
    put_atoms(viewer, honeycombs())
    dock = open_dock()
    dock.tabs.setCurrentWidget(dock.spots)
    qtbot.waitUntil(lambda: dock.spots._spectrum is not None, timeout=60_000)
    qtbot.wait(100)
    labels = [one for one in dock.spots.plot.getPlotItem().items if type(one).__name__ == "TextItem"]
    assert labels
    for label in labels:
        middle = label.mapRectToParent(label.boundingRect()).center()
        spot = label.pos()
        assert np.hypot(middle.x(), middle.y()) > np.hypot(spot.x(), spot.y())
