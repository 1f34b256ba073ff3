"""The Explain many dock, clicked as a microscopist does."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model
from napari.layers import Image
from qtpy.QtCore import QPoint, Qt, QThreadPool

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.jobs import score_atoms as scoring_job
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.types import ATOM_COLUMNS
from napari_strata.widgets.explain_many.dock import ManyDock
from napari_strata.widgets.explain_many.stack_maps import MAPS
from napari_strata.widgets.layers.atom_layers import atom_layer
from napari_strata.widgets.layers.layer_data import stack_of
from napari_strata.widgets.layers.napari_layers import Origin, heatmap_layer
from napari_strata.widgets.layers.results import STACK_ROLE, find_results, is_edited, show_results
from napari_strata.widgets.layers.target_mark import mark_target
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.maps.asked import EXPLANATION, asked_by
from napari_strata.widgets.parts.models import open_model

SLOW = {"method": "smooth-grad", "samples": 400, "batch": 1}


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def scene(viewer, models_home):
    """Add image, atoms and the map of an atom; return their origin."""

    def scene(*, frames=0, layers=1, at=0, target=None, atoms=True, **config) -> Origin:
        scale = (1, PIXEL_SIZE, PIXEL_SIZE)[-3 if frames else -2 :]
        units = ("pixel", "angstrom", "angstrom")[-3 if frames else -2 :]
        image = add_bright(viewer, frames, scale=scale, units=units)
        entry = open_model(save_model(models_home, layers=layers))
        origin = Origin(image, PIXEL_SIZE, entry.card, str(entry.path))
        table = atom_table(max(frames, 1), layers)
        if atoms:
            show_results(viewer, [atom_layer(table, origin)])
        add_map(viewer, origin, table, frame=at, target=target or AtomTarget(*ATOMS[at].tolist()), **config)
        return origin

    return scene


def atom_table(frames, layers):
    """Return the atoms of the stack: frame f lacks the first f of them."""
    rows = [
        ("bright", frame, layer, "C", *where, *(where * PIXEL_SIZE), 1.0)
        for frame in range(frames)
        for layer in range(layers)
        for where in ATOMS[frame:]
    ]
    return pd.DataFrame(rows, columns=list(ATOM_COLUMNS))


def add_map(viewer, origin, table, *, frame, target, **config):
    """Explain something as the Explain dock does."""
    config = ExplainConfig(device="cpu", **{"method": "input-gradient"} | config)
    stack = stack_of(origin.image, PIXEL_SIZE)
    of_few = config.model_copy(update={"samples": 2})
    *_, ended = explain(
        JobControl(), Inquiry(Path(origin.model), stack, Question(target, 0), of_few, frame, table)
    )
    assert ended.error is None, ended.error
    found = ended.result.value
    details = {**found.metadata, "parameters": {**found.metadata["parameters"], "samples": config.samples}}
    layer = heatmap_layer(found.data, origin, Chosen("atom", Place(frame, 0, 0), 0), details=details)
    show_results(viewer, [layer])


@pytest.fixture
def open_dock(viewer):
    def open_dock() -> ManyDock:
        dock = ManyDock(viewer)
        viewer.window.add_dock_widget(dock, name="Explain many")
        return dock

    return open_dock


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint())


def run(qtbot, panel) -> str:
    """Press the button and wait for the end; return what is said then."""
    with qtbot.waitSignal(panel.runner.ended, timeout=60_000):
        click(qtbot, panel.start_button)
    return panel.words.text()


def stacks(viewer) -> list[Image]:
    return find_results(viewer, STACK_ROLE, viewer.layers["bright"])


def atoms_of(viewer):
    (points,) = find_results(viewer, "atoms", viewer.layers["bright"])
    return points


def test_every_slice_gets_its_map_and_the_slider_tells_where_there_is_no_atom(qtbot, viewer, scene, open_dock):
    origin = scene(frames=3, at=1)
    dock = open_dock()
    viewer.dims.set_current_step(0, 1)
    mark_target(viewer, origin, Chosen("atom", Place(1, *ATOMS[5]), 0))  # of a map that is seen until then
    dock.stack.all_slices.setChecked(True)
    said = run(qtbot, dock.stack.panel)
    # ATOMS[1], which is asked about, is in the slices 0 and 1
    assert said == "2 of 3 slices have a map; 0 were kept from earlier. 1 have no such atom."
    (maps,) = stacks(viewer)
    (one,) = find_results(viewer, "heatmap", viewer.layers["bright"])
    np.testing.assert_allclose(maps.data[1], one.data[0], atol=1e-5 * one.data.max())
    assert (maps.visible, one.visible) == (True, False), "they would add up"
    assert maps.data[0].any() and not maps.data[2].any()
    assert maps.data.shape == viewer.layers["bright"].data.shape
    assert np.allclose(maps.scale, viewer.layers["bright"].scale)
    assert tuple(maps.contrast_limits) == tuple(one.contrast_limits)
    assert maps.metadata[MAPS]["0"]["frame"] == 0
    assert dock.stack.slice_words.text() == ""
    (mark,) = find_results(viewer, "target", viewer.layers["bright"])
    assert np.allclose(mark.data, [[1, *ATOMS[1]]], atol=0.1)
    mark.visible = False
    viewer.dims.set_current_step(0, 0)
    assert np.allclose(mark.data, [[0, *ATOMS[1]]], atol=0.1)
    assert not mark.visible, "who hides it does not see it again"
    viewer.dims.set_current_step(0, 2)
    assert mark.data[0, 0] == 0, "slice 2 has no atom to mark"
    assert dock.stack.slice_words.text().startswith("Slice 2 has no map. No atom of layer 0 lies within 1 Å")
    assert "kB" in dock.stack.kept.text()
    assert "2 were kept from earlier" in run(qtbot, dock.stack.panel)
    assert len(stacks(viewer)) == 1
    click(qtbot, dock.stack.empty_button)
    assert dock.stack.kept.text() == "Kept on disk: 0 kB"
    assert "0 were kept from earlier" in run(qtbot, dock.stack.panel)


def test_the_mark_of_another_map_is_hidden_on_a_slice_that_has_none(qtbot, viewer, scene, open_dock):
    origin = scene(frames=3, at=1)
    dock = open_dock()
    viewer.dims.set_current_step(0, 2)
    mark_target(viewer, origin, Chosen("atom", Place(2, *ATOMS[5]), 0))
    (mark,) = find_results(viewer, "target", origin.image)
    dock.stack.all_slices.setChecked(True)
    run(qtbot, dock.stack.panel)
    assert not mark.visible
    viewer.dims.set_current_step(0, 1)
    assert mark.visible
    assert np.allclose(mark.data, [[1, *ATOMS[1]]], atol=0.1)


def test_the_time_of_all_slices_is_told_before_the_start_and_goes_with_the_map(qtbot, viewer, scene, open_dock):
    scene(frames=3, target=PixelTarget(20, 21), atoms=False)
    dock = open_dock()
    qtbot.waitUntil(lambda: dock.stack.cost.words.text().startswith("All 3 slices: "), timeout=30_000)
    assert dock.stack.cost.words.text().endswith("; those kept on disk take none.")
    viewer.layers.remove(dock.maps.layer)
    assert dock.stack.cost.words.text() == ""


def test_only_slices_near_the_one_shown_are_explained_until_the_slider_moves(qtbot, viewer, scene, open_dock):
    scene(frames=8, target=PixelTarget(20, 21), atoms=False)
    dock = open_dock()
    viewer.dims.set_current_step(0, 0)
    click(qtbot, dock.stack.panel.start_button)
    qtbot.waitUntil(lambda: bool(stacks(viewer)) and sorted(stacks(viewer)[0].metadata[MAPS]) == ["0", "1", "2"])
    qtbot.wait(50)
    assert dock.stack.panel.runner.is_busy
    viewer.dims.set_current_step(0, 7)
    assert dock.stack.slice_words.text() == "Slice 7 is being explained…"
    (maps,) = stacks(viewer)
    qtbot.waitUntil(lambda: sorted(maps.metadata[MAPS]) == ["0", "1", "2", "5", "6", "7"])
    assert dock.stack.slice_words.text() == ""
    with qtbot.waitSignal(dock.stack.panel.runner.ended):
        click(qtbot, dock.stack.panel.cancel_button)
    assert dock.stack.panel.words.text().startswith("6 of 8 slices have a map")


def test_a_second_run_goes_on_in_the_layer_of_the_first(qtbot, viewer, scene, open_dock):
    scene(frames=8, target=PixelTarget(20, 21), atoms=False)
    dock = open_dock()

    def is_done(old):
        return any(layer.data is not old and len(layer.metadata[MAPS]) == 3 for layer in stacks(viewer))

    for earlier in (0, 3):
        old = next((layer.data for layer in stacks(viewer)), None)
        viewer.dims.set_current_step(0, 0)
        click(qtbot, dock.stack.panel.start_button)
        qtbot.waitUntil(partial(is_done, old), timeout=30_000)
        qtbot.wait(50)
        assert dock.stack.panel.runner.state is JobState.RUNNING
        with qtbot.waitSignal(dock.stack.panel.runner.ended):
            click(qtbot, dock.stack.panel.cancel_button)
        assert f"3 of 8 slices have a map; {earlier} were kept" in dock.stack.panel.words.text()
    assert isinstance(stacks(viewer)[0].data, np.memmap), "maps of many slices shall not fill the memory"


def test_removing_the_layer_of_the_maps_stops_them(qtbot, viewer, scene, open_dock):
    scene(frames=8, target=PixelTarget(20, 21), atoms=False)
    dock = open_dock()
    click(qtbot, dock.stack.panel.start_button)
    qtbot.waitUntil(lambda: bool(stacks(viewer)))
    with qtbot.waitSignal(dock.stack.panel.runner.ended):
        name = viewer.layers.pop(viewer.layers.index(stacks(viewer)[0])).name
    assert not stacks(viewer)
    assert dock.stack.panel.words.text() == f"{name} was removed; stopped."


def test_a_map_of_a_single_image_and_no_map_at_all_leave_the_buttons_dead(viewer, scene, open_dock):
    dock = open_dock()
    assert dock.stack.panel.words.text() == "Explain an atom, a pixel or a region of a stack first."
    assert not dock.atoms.panel.start_button.isEnabled()
    scene()
    assert "single image" in dock.stack.panel.words.text()
    assert not dock.stack.panel.start_button.isEnabled()
    assert dock.atoms.panel.start_button.isEnabled()


def test_without_atoms_an_atom_cannot_be_followed_and_the_words_say_what_to_do(qtbot, viewer, scene, open_dock):
    scene(frames=2)
    viewer.layers.remove(atoms_of(viewer))
    said = run(qtbot, open_dock().stack.panel)
    assert "Find the atoms of all slices in the Predict dock first." in said
    assert not stacks(viewer)


def test_selected_atoms_are_scored_and_coloured_on_press(qtbot, viewer, scene, open_dock):
    origin = scene(layers=2)
    points, dock = atoms_of(viewer), open_dock()
    assert dock.atoms.count.text() == "No atom is selected: select some on the image."
    qtbot.waitSignal(dock.atoms.cost.brought, timeout=30_000).wait()
    dock.atoms.config.set_value("disk", 0.8)  # holds the whole footprint, which ends at 0.75 Å
    points.selected_data = {3, 5, 20}
    qtbot.waitUntil(lambda: dock.atoms.count.text().startswith("3 atoms, "), timeout=30_000)
    assert "3 atoms: on average 50% of the attribution lies in the own lattice" in run(qtbot, dock.atoms.panel)
    scored = points.features["why_own"]
    # both layers have an atom at every place, so that nobody can tell them apart
    assert scored[[3, 5, 20]].to_numpy() == pytest.approx([0.5] * 3, abs=0.01)
    assert scored.notna().sum() == 3
    assert points.selected_data == {3, 5, 20}
    assert not is_edited(points), "scores are no edit"
    before = points.face_color.copy()
    points.visible = False  # as a new map leaves them
    dock.atoms.colouring.column.setCurrentText("own lattice")
    click(qtbot, dock.atoms.colouring.button)
    assert points.visible
    # all three are alike, and have the middle of viridis
    assert np.allclose(points.face_color[3], [0.128, 0.567, 0.551, 1], atol=0.03)
    assert np.allclose(points.face_color[0], [0.5, 0.5, 0.5, 0.38], atol=0.01)
    assert "Grey: not scored." in dock.atoms.colouring.legend.text()
    dock.atoms.colouring.column.setCurrentText("crystal layer")
    click(qtbot, dock.atoms.colouring.button)
    np.testing.assert_allclose(points.face_color, before)
    assert origin.image in viewer.layers


def test_all_atoms_of_a_layer_in_the_shown_slice_are_scored_and_add_to_those_before(
    qtbot, viewer, scene, open_dock
):
    scene(frames=2)
    points, dock = atoms_of(viewer), open_dock()
    dock.atoms.which.setCurrentText("all of layer 0 in this slice")
    viewer.dims.set_current_step(0, 1)
    assert dock.atoms.count.text().startswith("15 atoms")
    run(qtbot, dock.atoms.panel)
    frames = np.rint(points.data[:, 0])
    assert (points.features["why_own"].notna().to_numpy() == (frames == 1)).all()
    viewer.dims.set_current_step(0, 0)
    run(qtbot, dock.atoms.panel)
    assert points.features["why_own"].notna().all()


def test_canceling_keeps_the_atoms_that_are_done(qtbot, viewer, scene, open_dock, monkeypatch):
    monkeypatch.setattr(scoring_job, "SKETCH", 0.0)
    scene(**SLOW)
    points, dock = atoms_of(viewer), open_dock()
    dock.atoms.which.setCurrentText("all of layer 0")
    click(qtbot, dock.atoms.panel.start_button)
    qtbot.waitUntil(lambda: "why_own" in points.features, timeout=60_000)
    with qtbot.waitSignal(dock.atoms.panel.runner.ended, timeout=10_000):
        click(qtbot, dock.atoms.panel.cancel_button)
    done = int(points.features["why_own"].notna().sum())
    assert 1 <= done < 16
    assert dock.atoms.panel.words.text().startswith(f"{done} of 16 atoms")


def test_a_stop_before_the_first_atom_is_said_to_be_one(qtbot, viewer, scene, open_dock, monkeypatch):
    def stopped(self):
        self.control.request_stop()
        return iter(())

    monkeypatch.setattr(scoring_job._Work, "_each", stopped)
    scene()
    dock = open_dock()
    dock.atoms.which.setCurrentText("all of layer 0")
    with qtbot.waitSignal(dock.atoms.panel.runner.ended, timeout=10_000):
        click(qtbot, dock.atoms.panel.start_button)
    assert dock.atoms.panel.words.text() == "Stopped before the first atom was done."


def test_no_selection_and_atoms_of_another_image_are_refused_in_words(qtbot, viewer, scene, open_dock):
    origin = scene()
    dock = open_dock()
    click(qtbot, dock.atoms.panel.start_button)
    assert "Select atoms on the image" in dock.atoms.panel.words.text()
    other = viewer.add_image(np.zeros((56, 56)), name="other")
    strange = Origin(other, PIXEL_SIZE, origin.card, origin.model)
    show_results(viewer, [atom_layer(atom_table(1, 1), strange)])
    dock.atoms.points.choose(viewer.layers[-1])
    viewer.layers[-1].selected_data = {0}
    click(qtbot, dock.atoms.panel.start_button)
    assert "are not atoms of bright" in dock.atoms.panel.words.text()


def test_an_image_whose_pixel_size_was_taken_away_is_refused_in_words(qtbot, viewer, scene, open_dock):
    origin = scene()
    dock = open_dock()
    atoms_of(viewer).selected_data = {0}
    origin.image.units = ("pixel", "pixel")
    said = run(qtbot, dock.atoms.panel)
    assert "pixel size" in said


@pytest.mark.parametrize("part", ["stack", "atoms"])
def test_atoms_located_at_another_pixel_size_are_refused_in_words(qtbot, viewer, scene, open_dock, part):
    origin = scene(frames=2)
    dock = open_dock()
    atoms_of(viewer).selected_data = {0}
    origin.image.scale = (1, 2 * PIXEL_SIZE, 2 * PIXEL_SIZE)
    panel = getattr(dock, part).panel
    click(qtbot, panel.start_button)
    assert f"these atoms were located at {PIXEL_SIZE:g} Å. Find the atoms anew" in panel.words.text()


@pytest.mark.parametrize("part", ["stack", "atoms"])
def test_closing_the_dock_while_it_runs_stops_the_job(qtbot, viewer, scene, open_dock, part):
    scene(frames=3, **SLOW)
    dock = open_dock()
    atoms_of(viewer).selected_data = {0, 1, 2}
    panel = getattr(dock, part).panel
    click(qtbot, panel.start_button)
    qtbot.waitUntil(lambda: panel.bar.isVisibleTo(panel) and panel.words.text() != "Preparing…", timeout=30_000)
    dock.setParent(None)
    assert QThreadPool.globalInstance().waitForDone(10_000)
    qtbot.wait(20)


def test_the_question_is_asked_with_the_settings_of_the_map(viewer, scene):
    scene(**SLOW)
    (one,) = find_results(viewer, "heatmap", viewer.layers["bright"])
    asked = asked_by(viewer, one)
    assert (asked.config.method, asked.config.samples) == ("smooth-grad", 400)
    assert one.metadata[EXPLANATION]["target"]["kind"] == "atom"
