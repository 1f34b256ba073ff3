"""The Compare maps dock, clicked as a microscopist does."""

import json

import numpy as np
import pytest
from bright_scene import ATOMS, add_bright, save_model
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.explain.trust.scores import SCORES
from napari_strata.jobs.compare_maps import ComparedMap
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.widgets.compare.dock import CompareDock
from napari_strata.widgets.compare.score_table import ScoreTable
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.layers.napari_layers import Origin, heatmap_layer
from napari_strata.widgets.layers.results import show_results
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.maps.asked import is_map
from napari_strata.widgets.parts.models import open_model

SOME = ("input-gradient", "integrated-gradients", "attention")


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def add_map(viewer, models_home):
    """Add an image, and the map of a pixel on one of its atoms."""

    def add_map(*, frames=0, method="input-gradient", layers=1, atom=5, **image):
        if "bright" not in viewer.layers:
            add_bright(viewer, frames, **image)
        layer, entry = viewer.layers["bright"], open_model(save_model(models_home, layers=layers))
        stack = stack_of(layer, calibration_of(layer).value)
        y, x = (int(value) for value in ATOMS[atom])
        config, frame = ExplainConfig(method=method, device="cpu"), max(frames - 1, 0)
        question = Question(PixelTarget(y, x), 0)
        *_, ended = explain(JobControl(), Inquiry(entry.path, stack, question, config, frame))
        origin = Origin(layer, stack.pixel_size, entry.card, str(entry.path))
        heatmap = ended.result.value
        chosen = Chosen("pixel", Place(frame, y, x), 0)
        made = heatmap_layer(heatmap.data, origin, chosen, details=heatmap.metadata)
        (shown,) = show_results(viewer, [made])
        return shown

    return add_map


@pytest.fixture
def open_dock(viewer, add_map):
    def open_dock(**scene) -> CompareDock:
        add_map(**scene)
        dock = CompareDock(viewer)
        viewer.window.add_dock_widget(dock, name="Compare maps")
        dock.methods.tick(SOME)
        for name, value in {"points": 3, "squares": 40, "repeats": 2, "steps": 3}.items():
            dock.config.set_value(name, value)
        return dock

    return open_dock


def press(qtbot, dock, button) -> str:
    """Press a button, wait for the end; return what the dock then says."""
    assert button.isEnabled()
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return dock.panel.words.text()


def state_of(viewer):
    grid = viewer.canvas.grid
    looks = [(layer.name, layer.visible) for layer in viewer.layers]
    active, camera = viewer.layers.selection.active, viewer.scene.camera
    view = (*camera.center, camera.zoom, *viewer.dims.point)
    return looks, active, (grid.enabled, grid.stride, grid.shape, grid.spacing), view


def texts(dock, column):
    return [dock.results.table.item(row, column).text() for row in range(dock.results.table.rowCount())]


def ask_first_row(qtbot, dock):
    """Start a comparison that takes long, and wait for its first scores."""
    dock.config.set_value("squares", 100_000)
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _has_scores(dock), timeout=60_000)


def cancel(qtbot, dock):
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=10_000):
        qtbot.mouseClick(dock.panel.cancel_button, Qt.MouseButton.LeftButton)


def column_of(name):
    return 1 + [score.name for score in SCORES].index(name)


def test_maps_are_compared_in_a_grid_and_a_table_and_leaving_restores_the_viewer(qtbot, viewer, open_dock):
    dock = open_dock()
    viewer.canvas.grid.stride, viewer.layers["bright"].visible = 3, False
    before = state_of(viewer)
    said = press(qtbot, dock, dock.panel.start_button)
    assert said.startswith("2 of 3 methods scored;")
    assert dock.results.grid_button.isChecked()
    assert viewer.canvas.grid.enabled
    assert [layer.name for layer in viewer.layers if layer.visible] == [
        "bright below Integrated Gradients",
        "Integrated Gradients",
        "bright below Gradient saliency",
        "Gradient saliency",
    ]
    positions = [
        viewer.canvas.grid.position(i, viewer.layers) for i in range(len(viewer.layers) - 4, len(viewer.layers))
    ]
    assert positions == [(0, 1), (0, 1), (0, 0), (0, 0)]
    np.testing.assert_array_equal(viewer.layers["Gradient saliency"].data, viewer.layers[1].data)
    assert sum(map(is_map, viewer.layers)) == 1  # those in the grid are not offered for what follows
    qtbot.mouseClick(dock.results.grid_button, Qt.MouseButton.LeftButton)
    assert state_of(viewer) == before
    qtbot.mouseClick(dock.results.grid_button, Qt.MouseButton.LeftButton)
    assert viewer.canvas.grid.enabled
    viewer.canvas.grid.enabled = False  # by napari's own button
    assert state_of(viewer) == before
    assert not dock.results.grid_button.isChecked()


def test_the_tiles_show_the_target_on_its_slice_with_what_the_maps_show_around_it(qtbot, viewer, open_dock):
    dock = open_dock(frames=2, scale=(1, 0.2, 0.2), units=("pixel", "angstrom", "angstrom"))
    camera = viewer.scene.camera
    viewer.dims.set_point(0, 0)
    camera.center, camera.zoom = (0, 500.0, 500.0), 40.0
    before = state_of(viewer)
    press(qtbot, dock, dock.panel.start_button)
    assert viewer.dims.point[0] == 1
    half = np.array(viewer.canvas.viewbox_size(viewer.layers)) / camera.zoom / 2
    target = ATOMS[5].astype(int) * 0.2
    assert (np.abs(np.array(camera.center[-2:]) - target) < half).all()
    assert 30 * 0.2 < 2 * half.min() < 60 * 0.2  # [Å]; no wider than the image and its rim
    camera.zoom = 7.0
    qtbot.mouseClick(dock.results.grid_button, Qt.MouseButton.LeftButton)
    assert state_of(viewer) == before


def test_scores_and_verdict_go_with_the_map_they_are_of(qtbot, viewer, open_dock, add_map):
    dock = open_dock()
    first = dock.map.layer
    press(qtbot, dock, dock.panel.start_button)
    press(qtbot, dock, dock.trust.button)
    dock.results.table.selectRow(1)
    qtbot.mouseClick(dock.results.keep_button, Qt.MouseButton.LeftButton)
    kept = viewer.layers[-1]
    dock.map.choose(kept)  # the same question, by another method
    assert dock.results.table.methods == list(SOME)
    assert dock.trust.figures
    question = dock.question.text()
    assert dock.results.of.text() == f"Scores for: {question}"
    dock.map.choose(first)
    verdict = dock.trust.figures
    assert add_map(atom=6) is first  # the same layer answers something else now
    assert dock.map.layer is first
    assert dock.results.isHidden()
    assert (dock.results.table.rowCount(), dock.results.curves.curves, dock.trust.figures) == (0, [], {})
    assert dock.trust.head.isHidden()
    assert not viewer.canvas.grid.enabled
    assert dock.methods.methods == SOME
    assert dock.panel.words.text().startswith("Tick methods")
    assert [dock.earlier.box.itemText(i) for i in range(2)] == [question, "none of this map yet"]
    dock.earlier.box.activated.emit(0)
    assert dock.results.of.text() == f"Scores for: {question}"
    dock.results.table.selectRow(1)
    assert (
        dock.trust.button.text() == "Can Gradient saliency be trusted?"
    )  # the map's own method: the row is not of it
    assert add_map(atom=5) is first
    assert dock.results.table.methods == list(SOME)
    assert dock.trust.figures == verdict
    assert dock.panel.words.text() == "2 of 3 methods scored; ★ is the best."
    assert dock.earlier.isHidden()
    image = viewer.layers["bright"]
    image.data = image.data + 1
    assert add_map(atom=6) is first
    assert dock.earlier.isHidden()  # what is of other data is forgotten


def test_a_comparison_goes_on_for_its_own_question_when_another_map_is_made(qtbot, viewer, open_dock, add_map):
    dock = open_dock()
    question = dock.question.text()
    ask_first_row(qtbot, dock)
    assert not dock.going.text()
    add_map(atom=6)
    assert dock.going.text() == f"This goes on for: {question}"
    assert dock.results.of.text() == f"Scores for: {question}"
    assert dock.results.table.methods == list(SOME)
    assert dock.panel.runner.is_busy
    cancel(qtbot, dock)
    assert dock.results.table.methods == list(SOME)
    assert dock.going.isHidden()
    add_map(atom=5)
    assert dock.question.text() == question
    assert dock.results.table.methods == list(SOME)
    assert dock.panel.words.text().startswith("Canceled: 0 of 3 methods have all scores.")


def test_a_table_is_saved_with_all_that_is_known_as_soon_as_it_has_a_row(
    qtbot, viewer, open_dock, tmp_path, monkeypatch
):
    dock = open_dock()
    path = tmp_path / "table.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    ask_first_row(qtbot, dock)
    qtbot.mouseClick(dock.results.save_button, Qt.MouseButton.LeftButton)
    assert json.loads(path.read_text())["is_complete"] is False
    cancel(qtbot, dock)
    dock.config.set_value("squares", 40)
    press(qtbot, dock, dock.panel.start_button)
    press(qtbot, dock, dock.trust.button)
    qtbot.mouseClick(dock.results.save_button, Qt.MouseButton.LeftButton)
    saved = json.loads(path.read_text())
    assert saved["is_complete"] is True
    assert saved["question"] == dock.question.text()
    assert saved["settings"]["squares"] == 40
    assert tuple(saved["methods"]) == SOME
    first, second, third = saved["methods"].values()
    assert set(first["measures"]) == {"completeness", "curves", "infidelity", "sensitivity", "stability"}
    assert len(first["measures"]["curves"]["deletion"]["curves"]["method"]) == 4
    assert first["verdict"]["finding"] == dock.trust.figures["finding"]
    assert second["verdict"] is None
    assert "attention" in third["failure"]
    lines = path.with_suffix(".csv").read_text().splitlines()
    assert lines[0].startswith("method,Deletion,Insertion,")
    names = ["Gradient saliency", "Integrated Gradients", "Attention gate", "Edge detector", "Random order"]
    assert [line.split(",")[0] for line in lines[1:]] == names


def test_the_chosen_row_is_put_to_the_test(qtbot, viewer, open_dock):
    dock = open_dock()
    assert dock.trust.button.text() == "Can Gradient saliency be trusted?"
    press(qtbot, dock, dock.panel.start_button)
    qtbot.waitUntil(lambda: dock.trust.cost.words.text().startswith("The tests: "), timeout=30_000)
    dock.results.table.selectRow(1)
    assert dock.trust.button.text() == "Can Integrated Gradients be trusted?"
    press(qtbot, dock, dock.trust.button)
    assert dock.trust.head.text().startswith("Integrated Gradients at y ")
    assert dock.trust.figures["method"] == "integrated-gradients"
    dock.results.table.selectRow(2)  # which has no map
    assert dock.trust.button.text() == "Can Gradient saliency be trusted?"
    qtbot.waitUntil(lambda: not dock.trust.head.visibleRegion().isEmpty(), timeout=5000)


def test_the_time_is_told_before_the_start_and_anew_for_other_methods(qtbot, open_dock):
    dock = open_dock()
    qtbot.waitUntil(lambda: dock.cost.words.text().startswith("3 maps and scores: "), timeout=30_000)
    qtbot.waitUntil(lambda: dock.trust.cost.words.text().startswith("The tests: "), timeout=30_000)
    dock.methods.tick(SOME[:1])
    assert dock.cost.words.text() == ""
    qtbot.waitUntil(lambda: dock.cost.words.text().startswith("1 map and scores: "), timeout=30_000)


def test_curves_and_reasons_are_shown_beside_the_scores(qtbot, viewer, open_dock):
    dock = open_dock()
    press(qtbot, dock, dock.panel.start_button)
    assert texts(dock, 0) == [
        "Gradient saliency",
        "Integrated Gradients",
        "Attention gate (no map)",
        "Edge detector",
        "Random order",
    ]
    assert texts(dock, column_of("Completeness"))[0] == "–"
    assert "attention" in dock.results.table.item(2, 0).toolTip()
    names = [name for name, *_ in dock.results.curves.curves]
    assert names == ["Gradient saliency", "Integrated Gradients", "edges", "random order"]
    (_, parts, values), *_ = dock.results.curves.curves
    assert (parts[0], values[0], parts[-1]) == (0, pytest.approx(1), 1)
    dock.results.curves.kind.setCurrentIndex(1)
    assert dock.results.curves.curves[0][2][0] == pytest.approx(0)


def test_the_table_marks_the_best_sorts_by_a_click_and_says_what_is_good(qtbot):
    table = ScoreTable()
    qtbot.addWidget(table)
    rows = [("grad-cam", 0.4, 0.9), ("input-gradient", 0.1, 0.7), ("occlusion", None, 0.95)]
    table.show_rows(
        tuple(
            ComparedMap(
                method,
                figures={
                    "infidelity": {"scaled": infidelity},
                    "stability": {"likeness": {"spearman": stability}},
                },
            )
            for method, infidelity, stability in rows
        )
    )
    table.resize(390, 200)
    table.show()
    assert table.horizontalHeader().length() <= table.viewport().width()
    infidelity, stability = column_of("Infidelity"), column_of("Stability")
    assert [table.item(row, infidelity).text() for row in range(3)] == ["0.40", "0.10★", "–"]
    assert [table.item(row, stability).text() for row in range(3)] == ["0.90", "0.70", "0.95★"]
    assert "Lower is better" in table.horizontalHeaderItem(infidelity).toolTip()
    assert "Higher is better" in table.horizontalHeaderItem(stability).toolTip()
    header = table.horizontalHeader()
    for column, first in ((infidelity, "input-gradient"), (stability, "occlusion")):
        place = QPoint(header.sectionViewportPosition(column) + 10, 8)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert table.methods[0] == first
    assert table.item(2, infidelity).text() == "0.10★"


def test_what_a_map_should_beat_stands_below_in_grey_and_is_never_the_best(qtbot):
    table = ScoreTable()
    qtbot.addWidget(table)

    def curves(area):
        areas = {"area": area, "edges": 0.05, "random": 0.77, "curves": {}}
        return {"curves": {"parts": [], "deletion": areas, "insertion": areas}}

    rows = (ComparedMap("grad-cam", figures=curves(0.4)), ComparedMap("kernel-shap", figures=curves(0.2)))
    table.show_rows((*rows, ComparedMap("integrated-gradients")))
    deletion, names = column_of("Deletion"), ["Grad-CAM", "Kernel SHAP", "Integrated Gradients"]
    assert [table.item(row, 0).text() for row in range(5)] == [*names, "Edge detector", "Random order"]
    assert [table.item(row, deletion).text() for row in range(5)] == ["0.40", "0.20★", "", "0.050", "0.77"]
    assert [table.item(row, column_of("Infidelity")).text() for row in range(5)] == ["", "", "", "–", "–"]
    assert table.methods == ["grad-cam", "kernel-shap", "integrated-gradients"]
    table.sortByColumn(deletion, Qt.SortOrder.AscendingOrder)
    assert table.item(0, 0).text() == "Edge detector"
    table.selectRow(0)
    assert table.chosen is None
    table.selectRow(1)
    assert table.chosen is rows[1]
    table.show_rows(rows, is_over=True)
    assert table.chosen is rows[1]
    hidden = [score.name for score in SCORES if table.isColumnHidden(column_of(score.name))]
    assert hidden == ["Infidelity", "Sensitivity", "Stability", "Completeness"]


def test_names_have_room_for_their_longest_word_however_narrow_the_dock_is(qtbot):
    table = ScoreTable()
    qtbot.addWidget(table)
    figures = {
        "infidelity": {"scaled": 0.123},
        "sensitivity": {"sensitivity": 0.061},
        "completeness": {"relative": 0.0123},
    }
    table.show_rows(
        tuple(ComparedMap(name, figures=figures) for name in ("deconvolution", "integrated-gradients"))
    )
    table.resize(200, 200)
    table.show()
    assert table.horizontalHeader().length() > table.viewport().width()
    assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance("Deconvolution") + 12  # the square
    lines = [table.rowHeight(row) for row in range(2)]
    assert lines[1] > 1.5 * lines[0]  # two words take two lines


def test_the_map_of_a_row_becomes_a_layer_on_its_frame_that_can_be_asked_again(qtbot, viewer, open_dock):
    dock = open_dock(frames=2, scale=(1, 0.2, 0.2), units=("pixel", "angstrom", "angstrom"))
    press(qtbot, dock, dock.panel.start_button)
    assert viewer.layers["Integrated Gradients"].data.shape == (1, 56, 56)
    assert viewer.layers["Integrated Gradients"].data_to_world((0, 0, 0))[0] == 1
    dock.results.table.selectRow(1)
    qtbot.mouseClick(dock.results.keep_button, Qt.MouseButton.LeftButton)
    assert not viewer.canvas.grid.enabled
    (kept,) = [layer for layer in viewer.layers if is_map(layer) and "Integrated Gradients" in layer.name]
    assert kept.metadata["explanation"]["method"] == "integrated-gradients"
    assert [layer for layer in viewer.layers if is_map(layer) and layer.visible] == [kept]
    dock.map.choose(kept)
    assert "layer 0?" in dock.question.text()


def test_a_canceled_comparison_keeps_what_was_scored(qtbot, viewer, open_dock):
    dock = open_dock()
    ask_first_row(qtbot, dock)
    cancel(qtbot, dock)
    shown = [texts(dock, column_of(score.name)) for score in SCORES]
    by_row = list(zip(*shown, strict=True))
    assert by_row[0][0] not in {"", "–"}  # deletion of the first method is known
    assert by_row[0][column_of("Infidelity") - 1] == ""
    assert by_row[0][column_of("Completeness") - 1] == "–"  # which a gradient does not promise
    assert set(by_row[2]) == {"–"}  # no map
    said = "Canceled: 0 of 3 methods have all scores. Empty cells are not computed."
    assert dock.panel.words.text() == said
    assert dock.panel.start_button.isEnabled()


def test_a_comparison_that_is_canceled_leaves_the_table_that_took_long(qtbot, viewer, open_dock):
    dock = open_dock()
    press(qtbot, dock, dock.panel.start_button)
    before = dock.results.shown
    assert before.is_complete
    dock.config.set_value("squares", 100_000)  # which takes long
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.results.shown is not before, timeout=60_000)
    cancel(qtbot, dock)
    assert dock.results.shown is before
    assert dock.panel.words.text() == "Canceled with fewer scores than there were: those from before stay."
    assert dock.earlier.isHidden()


def _has_scores(dock):
    return dock.results.table.rowCount() > 0 and texts(dock, column_of("Deletion"))[0] not in {"", "–"}


@pytest.mark.parametrize("is_early", [True, False])
def test_a_dock_closed_while_it_compares_gives_the_viewer_back(qtbot, viewer, open_dock, is_early):
    dock = open_dock()
    before = state_of(viewer)
    dock.config.set_value("squares", 100_000)
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    if not is_early:
        qtbot.waitUntil(lambda: viewer.canvas.grid.enabled, timeout=60_000)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.setParent(None)
    assert state_of(viewer) == before
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)
    assert state_of(viewer) == before


def test_a_layer_that_is_added_or_removed_ends_the_grid(qtbot, viewer, open_dock):
    dock = open_dock()
    press(qtbot, dock, dock.panel.start_button)
    added = viewer.add_points([[1, 1]], name="mine")
    assert not viewer.canvas.grid.enabled
    assert added.visible
    qtbot.mouseClick(dock.results.grid_button, Qt.MouseButton.LeftButton)
    viewer.layers.remove("Gradient saliency")
    assert [layer.name for layer in viewer.layers if layer.visible][-1] == "mine"
    assert len(viewer.layers) == 3


def test_what_cannot_be_is_said(qtbot, viewer, add_map):
    dock = CompareDock(viewer)
    viewer.window.add_dock_widget(dock, name="Compare maps")
    assert dock.panel.words.text() == "Make a map in the Explain dock first."
    assert not dock.trust.button.isEnabled()
    assert dock.trust.button.toolTip() == "Make a map in the Explain dock first."
    add_map()
    assert "networks that know nothing" in dock.trust.button.toolTip()
    dock.methods.tick(())
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    assert "No method is ticked" in dock.panel.words.text()
    dock.methods.tick(("attention",))
    told = []
    dock.panel.runner.state_changed.connect(lambda state: told.append(dock.trust.button.toolTip()))
    assert "None of these methods can answer" in press(qtbot, dock, dock.panel.start_button)
    assert "press 'Cancel'" in told[0]
    viewer.layers.remove("bright")
    qtbot.mouseClick(dock.trust.button, Qt.MouseButton.LeftButton)
    assert "no longer open" in dock.panel.words.text()


def test_the_report_says_whether_a_map_can_be_trusted_and_is_saved(
    qtbot, viewer, open_dock, tmp_path, monkeypatch
):
    dock = open_dock()
    assert not dock.trust.save_button.isEnabled()
    press(qtbot, dock, dock.trust.button)
    assert dock.trust.head.text().startswith("Gradient saliency at y ")
    assert "an edge detector keeps 1.00" in dock.trust.words.text()
    path = tmp_path / "report.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    qtbot.mouseClick(dock.trust.save_button, Qt.MouseButton.LeftButton)
    assert json.loads(path.read_text())["finding"] == dock.trust.figures["finding"]
    assert dock.trust.figures["verdict"] in path.with_suffix(".txt").read_text()
    path.unlink()
    path.with_suffix(".txt").write_text("my notes")
    monkeypatch.setattr(QMessageBox, "question", lambda *_args: QMessageBox.StandardButton.No)
    qtbot.mouseClick(dock.trust.save_button, Qt.MouseButton.LeftButton)
    assert not path.exists()
    assert path.with_suffix(".txt").read_text() == "my notes"


def test_chosen_labels_are_learned_permuted_and_those_that_do_not_fit_refused(
    qtbot, viewer, open_dock, monkeypatch
):
    dock = open_dock()
    image = full_data(viewer.layers["bright"])
    codes = 1 + (image > 0.5).astype(np.uint8)
    codes[:28] = 1
    labels = viewer.add_labels(codes, name="right")
    viewer.add_labels(np.ones((9, 9), np.uint8), name="other")
    dock.trust.labels.choose(labels)
    assert "do not hold two patches that differ" in press(qtbot, dock, dock.trust.button)
    monkeypatch.setattr("napari_strata.explain.trust.permuted_labels.PATCH", 32)
    press(qtbot, dock, dock.trust.button)
    assert "trained on permuted masks for" in dock.trust.words.text()
    dock.trust.labels.choose(viewer.layers["other"])
    qtbot.mouseClick(dock.trust.button, Qt.MouseButton.LeftButton)
    assert "shape" in dock.panel.words.text()
