import numpy as np
import pytest
from bright_scene import add_bright, save_model
from napari.layers import Points
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from analysed import EXTENT, PIXEL_SIZE, bilayer, card, origin
from napari_strata.config import AtomsConfig
from napari_strata.io.calibration import CalibrationSource
from napari_strata.jobs.locate_atoms import AtomsFound
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.predict.dock import PredictDock
from napari_strata.widgets.predict.found_atoms import show_atoms
from napari_strata.widgets.predict.report_dialog import ReportDialog
from napari_strata.widgets.predict.report_request import request_report


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def found(viewer, tmp_path):
    """Show located atoms of a bilayer as the Predict dock does; return image and points."""
    stack, table = bilayer()
    image = viewer.add_image(stack.data[0], name="moire", scale=(PIXEL_SIZE,) * 2, units=("angstrom",) * 2)
    model = tmp_path / "model"
    model.mkdir()
    (model / "card.yaml").write_text(card().to_yaml(), encoding="utf-8")
    located = AtomsFound((), table.assign(flag=""), origin=origin(min_distance=1.1))
    show_atoms(
        viewer,
        Origin(image, PIXEL_SIZE, card(), str(model)),
        located,
        AtomsConfig(min_distance=1.1),
        is_whole=True,
    )
    return image, next(layer for layer in viewer.layers if isinstance(layer, Points))


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_model_settings_and_source_of_the_pixel_size_are_known(viewer, found, tmp_path):
    request = request_report(viewer, found[1], found[0])
    assert request.model == tmp_path / "model"
    assert request.origin == origin(min_distance=1.1)
    assert request.source is CalibrationSource.LAYER
    assert (request.frame, request.frames) == (0, 1)
    assert request.stack.data.shape == (1, round(EXTENT / PIXEL_SIZE), round(EXTENT / PIXEL_SIZE))


def test_a_model_that_was_trained_on_since_is_not_claimed(viewer, found, tmp_path):
    later = card(weights_sha256="f" * 64)
    (tmp_path / "model" / "card.yaml").write_text(later.to_yaml(), encoding="utf-8")
    assert request_report(viewer, found[1], found[0]).model is None


def test_of_atoms_from_a_file_the_model_with_these_weights_is_found(viewer, found, models_home):
    folder = models_home / "models" / "run"
    folder.mkdir(parents=True)
    (folder / "card.yaml").write_text(card().to_yaml(), encoding="utf-8")
    found[1].metadata[ORIGIN]["key"]["model"] = "atoms.csv"
    assert request_report(viewer, found[1], found[0]).model == folder


def test_a_model_that_is_gone_is_not_claimed(viewer, found, tmp_path):
    (tmp_path / "model" / "card.yaml").unlink()
    assert request_report(viewer, found[1], found[0]).model is None


def test_points_of_nobody_knows_where_claim_nothing(viewer, found):
    found[1].metadata.pop(ORIGIN)
    request = request_report(viewer, found[1], found[0])
    assert request.model is None


def test_edited_atoms_are_reported_as_they_are(viewer, found):
    found[1].selected_data = {0, 1}
    found[1].remove_selected()
    found[1].add(np.array([[20.0, 20.0]]))
    atoms = request_report(viewer, found[1], found[0]).atoms
    assert len(atoms) == len(found[1].data)
    assert (atoms["edited"] == "added").sum() == 1


def test_the_slice_that_is_shown_is_reported(viewer, models_home):
    stack, table = bilayer()
    data = stack.data.repeat(3, axis=0) * np.array([1, 2, 3], np.float32)[:, None, None]
    image = viewer.add_image(data, name="moire", scale=(1, 0.2, 0.2), units=("s", "angstrom", "angstrom"))
    viewer.dims.set_point(0, 2)
    origin = Origin(image, PIXEL_SIZE, card(), str(models_home))
    show_atoms(viewer, origin, AtomsFound((), table.assign(frame=2, flag="")), AtomsConfig(), is_whole=True)
    request = request_report(viewer, viewer.layers[-1], image)
    assert (request.frame, request.frames) == (2, 3)
    assert np.array_equal(request.stack.data[0], data[2])


def test_a_folder_that_is_there_is_not_proposed(viewer, found, tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    (tmp_path / "moire_report").mkdir()
    assert request_report(viewer, found[1], found[0]).folder == tmp_path / "moire_report-2"


def test_the_folder_is_beside_the_image_also_where_its_path_was_typed_from_elsewhere(
    qtbot, viewer, found, tmp_path, monkeypatch
):
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path / "images")
    found[0]._source = found[0].source.model_copy(update={"path": "moire.tif"})
    request = request_report(viewer, found[1], found[0])
    assert request.folder == tmp_path / "images" / "moire_report"
    dialog = ReportDialog(request)
    qtbot.addWidget(dialog)
    assert dialog.folder.text() == str(request.folder)
    monkeypatch.chdir(tmp_path)
    dialog.folder.setText("mine")
    with qtbot.waitSignal(dialog.panel.brought, timeout=60_000):
        click(qtbot, dialog.panel.start_button)
    assert (tmp_path / "images" / "mine" / "methods.txt").is_file()
    assert f"written to {tmp_path / 'images' / 'mine'}." in dialog.panel.words.text()


def test_a_click_writes_the_report_beside_an_earlier_one_and_shows_its_text(qtbot, viewer, found, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "report.json").write_text("mine")
    dialog = ReportDialog(request_report(viewer, found[1], found[0]))
    qtbot.addWidget(dialog)
    dialog.folder.setText(str(tmp_path / "here"))
    dialog.settings.set_value("columns", "one")
    with qtbot.waitSignal(dialog.panel.brought, timeout=60_000):
        click(qtbot, dialog.panel.start_button)
    text = dialog.text.toPlainText()
    assert [path.read_text() for path in (tmp_path / "here").iterdir()] == ["mine"]
    assert dialog.folder.text() == str(tmp_path / "here-2")
    assert text == (tmp_path / "here-2" / "methods.txt").read_text("utf-8")
    assert "no closer than 1.1 Å" in text
    assert "“my_net”" in text
    assert (tmp_path / "here-2" / "figure.pdf").is_file()
    click(qtbot, dialog.copy_button)
    assert QApplication.clipboard().text() == text
    with qtbot.waitSignal(dialog.panel.runner.ended, timeout=60_000):
        click(qtbot, dialog.panel.start_button)
        dialog.panel.runner.stop()
    assert dialog.folder.text() == str(tmp_path / "here-3")


def test_a_folder_is_chosen_in_a_dialog(qtbot, viewer, found, monkeypatch):
    dialog = ReportDialog(request_report(viewer, found[1], found[0]))
    qtbot.addWidget(dialog)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/a/b")
    click(qtbot, dialog.choose_button)
    assert dialog.folder.text() == "/a/b"


def test_no_folder_is_said_to_be_missing(qtbot, viewer, found):
    dialog = ReportDialog(request_report(viewer, found[1], found[0]))
    qtbot.addWidget(dialog)
    dialog.folder.setText(" ")
    click(qtbot, dialog.panel.start_button)
    assert "No folder is named" in dialog.panel.words.text()


def test_the_button_works_where_there_are_atoms_and_opens_the_window(qtbot, viewer, models_home):
    add_bright(viewer)
    save_model(models_home)
    dock = PredictDock(viewer)
    viewer.window.add_dock_widget(dock, name="Predict")
    assert not dock.report_button.isEnabled()
    with qtbot.waitSignal(dock.panel.brought, timeout=60_000):
        click(qtbot, dock.panel.start_button)
    assert dock.report_button.isEnabled()
    click(qtbot, dock.report_button)
    dialog = dock.findChild(ReportDialog)
    assert dialog.windowTitle() == "Report on bright"
    assert dialog.of_what.text().startswith("Image: bright, with 32 atoms")
    dialog.panel.say("Text, figure and numbers written.")
    viewer.layers.remove(viewer.layers["bright"])
    assert not dialog.panel.start_button.isEnabled()
    assert dialog.panel.words.text().startswith("The image 'bright' is closed.")
    dialog.close()
