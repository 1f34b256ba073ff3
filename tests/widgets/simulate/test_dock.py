"""The Simulate dock, clicked through."""

import numpy as np
import pytest
from napari.layers import Image, Labels, Points
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QFileDialog

from napari_strata.config import SimulationConfig
from napari_strata.events import Progress
from napari_strata.io.tif import write_tif
from napari_strata.simulate.scene import simulate_image
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.simulate.dock import SimulateDock
from napari_strata.widgets.simulate.image_rows import NO_IMAGE
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import LABELLED, SIMULATED

PIXEL_SIZE = 0.15
SCENE = simulate_image(
    SimulationConfig.parse({"dose": (80, 80), "twist": (21, 21), "scan": {"affine": 0}}),
    size=224,
    pixel_size=PIXEL_SIZE,
    rng=np.random.default_rng(0),
)


SQUARE = """data_x
_cell_length_a 3
_cell_length_b 3
_cell_length_c 3
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cu 0 0 0
"""


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def train(qtbot, viewer):
    dock = TrainDock(viewer)
    qtbot.addWidget(dock)
    return dock


@pytest.fixture
def make_dock(qtbot, viewer, train):
    made = []

    def make() -> SimulateDock:
        dock = SimulateDock(viewer, lambda: train)
        dock.rows.side.setValue(64)
        viewer.window.add_dock_widget(dock)
        gone = []
        dock.destroyed.connect(lambda: gone.append(True))
        made.append((dock, gone))
        return dock

    yield make
    for dock, gone in made:
        if not gone:
            dock.setParent(None)
            qtbot.waitUntil(lambda gone=gone: bool(gone), timeout=60_000)


@pytest.fixture
def dock(make_dock):
    return make_dock()


def open_image(viewer, pixel_size: float | None = PIXEL_SIZE, data=None):
    settings = {} if pixel_size is None else {"scale": [pixel_size] * 2, "units": ["angstrom"] * 2}
    return viewer.add_image(SCENE.image if data is None else data, name="flake", **settings)


def click(qtbot, button) -> None:
    assert button.isEnabled(), f"{button.text()} is off"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def settled(dock) -> bool:
    return not dock.waits and not dock.shown.live.is_busy and not dock.panel.runner.is_busy


def wait(qtbot, dock) -> None:
    qtbot.waitUntil(lambda: settled(dock), timeout=60_000)


def test_without_an_image_the_simulation_is_shown_alone(qtbot, dock):
    wait(qtbot, dock)
    assert dock.rows.image.currentText() == NO_IMAGE
    assert dock.shown.preview.image.shape == (64, 64)
    assert dock.shown.pictures.names == ("Simulated, 6.4 Å wide", "Fourier transform")
    assert not dock.panel.start_button.isEnabled()
    assert dock.panel.words.text() == "Open an image to match."


def test_with_an_image_both_are_shown_with_one_field_of_view(qtbot, viewer, make_dock):
    open_image(viewer)
    dock = make_dock()
    wait(qtbot, dock)
    assert dock.shown.preview.image.shape == (224, 224)
    assert dock.shown.preview.parameters["pixel_size"] == PIXEL_SIZE
    assert dock.shown.pictures.names == (
        "Your image, 33.6 Å wide",
        "Simulated",
        "Fourier transform",
        "Fourier transform",
    )


def test_a_match_sets_the_ranges_and_says_what_it_found(qtbot, viewer, make_dock):
    open_image(viewer)
    dock = make_dock()
    click(qtbot, dock.panel.start_button)
    wait(qtbot, dock)
    settings = dock.settings.values()
    assert settings.dose[0] < 80 < settings.dose[1]
    assert settings.twist == pytest.approx((18, 24), abs=0.5)
    words = dock.panel.words.text()
    assert words.startswith("Found: 0.1") and "twist 21" in words and "ranges are set" in words
    assert dock.shown.preview.config == settings


def test_a_match_tells_the_pixel_size_of_an_image_that_states_none(qtbot, viewer, make_dock):
    open_image(viewer, pixel_size=None)
    dock = make_dock()
    wait(qtbot, dock)
    assert "pixel size of flake is not known" in dock.shown.live.words.text()
    assert dock.shown.preview is None and not dock.add_button.isEnabled()
    click(qtbot, dock.panel.start_button)
    wait(qtbot, dock)
    assert dock.shown.preview.parameters["pixel_size"] == pytest.approx(PIXEL_SIZE, rel=0.02)
    assert dock.shown.live.words.text() == ""


def test_an_image_without_the_crystal_is_said_where_it_stays(qtbot, viewer, make_dock):
    open_image(viewer, data=np.random.default_rng(0).random((128, 128)).astype(np.float32))
    dock = make_dock()
    before = dock.settings.values()
    click(qtbot, dock.panel.start_button)
    wait(qtbot, dock)
    assert "No reflections of graphene" in dock.panel.words.text()
    assert dock.settings.values() == before
    assert dock.panel.start_button.isEnabled()


def test_a_colour_image_is_refused_in_words_and_not_by_a_notification(qtbot, viewer, make_dock):
    viewer.add_image(
        np.zeros((64, 64, 3), np.uint8), rgb=True, name="photo", scale=[0.1, 0.1], units=["angstrom"] * 2
    )
    dock = make_dock()
    wait(qtbot, dock)
    assert "photo is a colour image" in dock.shown.live.words.text()
    assert not notification_manager.records


def test_a_change_is_previewed_and_the_newest_wins(qtbot, dock):
    wait(qtbot, dock)
    for material in ("MoS2", "WSe2", "hBN"):
        dock.settings.face.set_value("material", material)
        dock.ask()
    wait(qtbot, dock)
    assert dock.shown.preview.config.material == "hBN"


def test_settings_that_cannot_be_are_said_and_the_next_ones_shown(qtbot, dock):
    wait(qtbot, dock)
    dock.settings.face.set_value("twist", (30.0, 20.0))
    wait(qtbot, dock)
    assert "30" in dock.shown.live.words.text() and dock.shown.preview is None
    dock.settings.face.set_value("twist", (20.0, 30.0))
    wait(qtbot, dock)
    assert dock.shown.live.words.text() == "" and dock.shown.preview is not None


def test_a_complaint_about_a_field_goes_once_the_field_is_cleared(qtbot, dock):
    wait(qtbot, dock)
    upper = dock.settings.rest.editor("crystal").editor("upper")
    upper.setText("kryptonite")
    click(qtbot, dock.use_button)
    assert "“kryptonite” is not possible" in dock.panel.words.text()
    upper.clear()
    assert dock.panel.words.text() == "Open an image to match."
    wait(qtbot, dock)
    assert dock.shown.live.words.text() == ""


def test_a_cif_file_that_is_not_there_is_said(qtbot, dock, tmp_path):
    wait(qtbot, dock)
    before = dock.settings.values()
    crystal = before.crystal.model_copy(update={"cif": tmp_path / "none.cif"})
    dock.settings.set_values(before.model_copy(update={"crystal": crystal}))
    wait(qtbot, dock)
    assert "none.cif" in dock.shown.live.words.text()


def test_a_cif_file_that_is_broken_is_said_and_its_repair_is_shown(qtbot, dock, tmp_path):
    wait(qtbot, dock)
    before, path = dock.settings.values(), tmp_path / "mine.cif"
    path.write_text("data_x\n_cell_length_a 0\nloop_\n")
    crystal = before.crystal.model_copy(update={"cif": path})
    dock.settings.set_values(before.model_copy(update={"crystal": crystal}))
    wait(qtbot, dock)
    assert "mine.cif cannot be read as a crystal" in dock.shown.live.words.text()
    assert not dock.panel.runner.is_busy and dock.draw_button.isEnabled()
    path.write_text(SQUARE)
    click(qtbot, dock.draw_button)
    wait(qtbot, dock)
    assert dock.shown.live.words.text() == "" and dock.shown.preview.classes == ("Cu",)
    assert dock.shown.drawn.text().startswith("Drawn: mine along [0 0 1], twist ")
    assert not dock.settings.face.editor("material").isEnabled()
    dock.settings.set_values(before)
    assert dock.settings.face.editor("material").isEnabled()


def test_a_new_draw_shows_another_image_of_the_same_ranges(qtbot, dock):
    wait(qtbot, dock)
    first = dock.shown.preview
    click(qtbot, dock.draw_button)
    wait(qtbot, dock)
    assert dock.shown.preview.config == first.config
    assert not np.array_equal(dock.shown.preview.image, first.image)


def test_what_is_drawn_is_told(qtbot, dock):
    dock.settings.face.set_value("twist", (12.0, 12.0))
    wait(qtbot, dock)
    assert dock.shown.drawn.text().startswith("Drawn: graphene, twist 12.0°, width 0.")


def test_a_crystal_of_a_file_is_told_with_its_zone_axis_and_old_pictures_are_called_old(qtbot, dock, tmp_path):
    wait(qtbot, dock)
    (tmp_path / "mine.cif").write_text(SQUARE)
    before = dock.settings.values()
    crystal = before.crystal.model_copy(update={"cif": tmp_path / "mine.cif", "zone_axis": (1, 1, 0)})
    dock.settings.set_values(before.model_copy(update={"crystal": crystal}))
    assert dock.shown.drawn.text() == "Drawing…"
    wait(qtbot, dock)
    assert dock.shown.drawn.text().startswith("Drawn: mine along [1 1 0], ")
    told = dock.shown.drawn.text()
    crystal = crystal.model_copy(update={"cif": tmp_path / "none.cif"})
    dock.settings.set_values(before.model_copy(update={"crystal": crystal}))
    wait(qtbot, dock)
    assert "none.cif" in dock.shown.live.words.text()
    assert dock.shown.drawn.text() == told  # which is what is still seen


@pytest.mark.parametrize("unit", ["nm", "pixel"])
def test_the_simulated_image_lies_beside_the_own_in_its_units(qtbot, viewer, make_dock, tmp_path, unit):
    path, per_pixel = tmp_path / "flake.tif", {"nm": PIXEL_SIZE / 10, "pixel": 1.0}[unit]
    write_tif(path, SCENE.image, "YX", pixel_size=PIXEL_SIZE)
    own = viewer.add_image(SCENE.image, name="flake", scale=(per_pixel,) * 2, units=(unit,) * 2)
    own._source = own.source.model_copy(update={"path": str(path)})  # as napari's own reader leaves it
    dock = make_dock()
    wait(qtbot, dock)
    click(qtbot, dock.add_button)
    simulated, *truth = viewer.layers[1:]
    assert simulated.data.shape == own.data.shape
    for layer in (simulated, *truth):
        assert layer.units == own.units and np.allclose(layer.scale, own.scale)
    gap = simulated.extent.world[0] - own.extent.world[[0, 1], [0, 1]]
    assert gap == pytest.approx([0, 0.05 * 224 * per_pixel])
    assert viewer.layers.units is not None  # else napari warns of units that are no match
    assert calibration_of(simulated).value == pytest.approx(PIXEL_SIZE)


def test_the_simulated_image_is_added_with_its_truth_beside_the_own(qtbot, viewer, make_dock):
    own = open_image(viewer)
    dock = make_dock()
    wait(qtbot, dock)
    viewer.scene.camera.center = (0, 1e4, 1e4)
    click(qtbot, dock.add_button)
    assert np.allclose(viewer.scene.camera.center[1:], viewer.layers.extent.world.mean(axis=0), atol=PIXEL_SIZE)
    assert "masks and atoms are hidden: switch them on with the eye" in dock.panel.words.text()
    assert [type(layer) for layer in viewer.layers] == [Image, Image, Labels, Labels, Points]
    simulated, *masks, atoms = viewer.layers[1:]
    assert simulated.extent.world[0, 1] > own.extent.world[1, 1]
    assert np.array_equal(simulated.data, dock.shown.preview.image)
    for layer, labels in enumerate(masks):
        assert np.array_equal(labels.data, dock.shown.preview.labels[layer])
    assert len(atoms.data) == len(dock.shown.preview.atoms)
    for truth in (*masks, atoms):
        assert np.allclose(truth.translate, simulated.translate) and np.allclose(truth.scale, PIXEL_SIZE)
    assert dock.rows.image.layer is own


def test_added_truth_is_not_taken_for_drawn_labels(qtbot, viewer, train, make_dock):
    open_image(viewer)
    dock = make_dock()
    wait(qtbot, dock)
    click(qtbot, dock.add_button)
    assert train.settings.source.currentText() == SIMULATED


def test_images_are_written_to_a_new_folder_each_time(qtbot, dock, tmp_path, monkeypatch):
    named, proposed = [tmp_path / "mine", tmp_path, tmp_path], []

    def ask(_parent, _title, name, _kinds):
        proposed.append(name)
        return str(named[len(proposed) - 1]), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    dock.count.setValue(2)
    for name in ("mine", "simulated graphene", "simulated graphene 2"):
        wait(qtbot, dock)
        click(qtbot, dock.write_button)
        wait(qtbot, dock)
        assert (tmp_path / name / "images.tif").is_file()
        assert dock.panel.words.text() == f"2 images written to {tmp_path / name}."
    assert proposed == ["simulated graphene"] * 3


def test_the_first_image_written_is_the_one_shown(qtbot, dock, tmp_path):
    from napari_strata.io.images import read_image

    wait(qtbot, dock)
    dock.count.setValue(1)
    dock.write(tmp_path)
    wait(qtbot, dock)
    written = read_image(tmp_path / "simulated graphene" / "images.tif").stack
    assert np.array_equal(written.data[0], dock.shown.preview.image)
    assert written.pixel_size == pytest.approx(0.1)


def test_writing_can_be_cancelled_and_keeps_what_is_done(qtbot, dock, tmp_path):
    wait(qtbot, dock)
    dock.count.setValue(10_000)
    dock.write(tmp_path)
    qtbot.waitUntil(lambda: "Simulated image" in dock.panel.words.text(), timeout=60_000)
    click(qtbot, dock.panel.cancel_button)
    wait(qtbot, dock)
    assert "images written to" in dock.panel.words.text()


def test_the_settings_are_those_of_the_train_dock_and_go_back_to_it(qtbot, viewer, train, make_dock):
    train.settings.simulation.set_value("material", "MoS2")
    train.settings.layers.setValue(3)
    dock = make_dock()
    assert (dock.settings.values().material, dock.settings.values().layers) == ("MoS2", 3)
    dock.settings.face.set_value("material", "WS2")
    dock.settings.face.set_value("layers", 2)
    train.settings.source.setCurrentText(LABELLED)
    wait(qtbot, dock)
    click(qtbot, dock.use_button)
    assert train.settings.source.currentText() == SIMULATED
    assert train.settings.simulated() == dock.settings.values()
    assert dock.panel.words.text() == "The Train dock has these settings now."


def test_one_layer_is_trained_with_one_mask(qtbot, train, dock):
    dock.settings.face.set_value("layers", 1)
    wait(qtbot, dock)
    click(qtbot, dock.use_button)
    assert train.settings.network.has_one_mask
    assert train.settings.simulated().layers == 1


def test_settings_can_be_taken_from_the_train_dock_again(qtbot, train, dock):
    train.settings.simulation.set_value("material", "WSe2")
    click(qtbot, dock.take_button)
    wait(qtbot, dock)
    assert dock.shown.preview.config.material == "WSe2"


def test_another_slice_is_compared_when_it_is_shown(qtbot, viewer, make_dock):
    stack = np.stack([SCENE.image, SCENE.image[::-1]])
    viewer.add_image(
        stack, name="stack", scale=[1, PIXEL_SIZE, PIXEL_SIZE], units=["pixel", "angstrom", "angstrom"]
    )
    viewer.dims.set_point(0, 0)
    dock = make_dock()
    wait(qtbot, dock)
    first = dock.shown.preview.beside
    viewer.dims.set_point(0, 1)
    qtbot.waitUntil(lambda: not np.array_equal(dock.shown.preview.beside, first), timeout=60_000)
    wait(qtbot, dock)


def test_of_a_stack_some_frames_are_matched(qtbot, viewer, make_dock):
    stack = np.stack([SCENE.image] * 9)
    viewer.add_image(
        stack, name="stack", scale=[1, PIXEL_SIZE, PIXEL_SIZE], units=["pixel", "angstrom", "angstrom"]
    )
    dock, told = make_dock(), []
    dock.panel.runner.reported.connect(told.append)  # some stand in the dock for no time
    click(qtbot, dock.panel.start_button)
    wait(qtbot, dock)
    looks = {event.message for event in told if isinstance(event, Progress)}
    assert {f"Looking at frame {number} of 5" for number in range(1, 6)} <= looks
    assert dock.panel.words.text().startswith("Found:")


def test_a_match_can_be_cancelled(qtbot, viewer, make_dock):
    stack = np.stack([SCENE.image] * 9)
    viewer.add_image(
        stack, name="stack", scale=[1, PIXEL_SIZE, PIXEL_SIZE], units=["pixel", "angstrom", "angstrom"]
    )
    dock = make_dock()
    before = dock.settings.values()
    click(qtbot, dock.panel.start_button)
    click(qtbot, dock.panel.cancel_button)
    wait(qtbot, dock)
    assert dock.panel.words.text() == "Stopped."
    assert dock.settings.values() == before


def test_an_image_that_is_closed_leaves_the_simulation_alone(qtbot, viewer, make_dock):
    image = open_image(viewer)
    dock = make_dock()
    wait(qtbot, dock)
    viewer.layers.remove(image)
    wait(qtbot, dock)
    assert len(dock.shown.pictures.names) == 2


def test_closing_the_dock_ends_what_runs(qtbot, viewer, make_dock):
    open_image(viewer)
    dock, gone = make_dock(), []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.ask()
    click(qtbot, dock.panel.start_button)
    assert dock.panel.runner.is_busy and dock.shown.live.is_busy
    dock.setParent(None)
    threads = QThreadPool.globalInstance()
    qtbot.waitUntil(lambda: bool(gone) and threads.activeThreadCount() == 0, timeout=60_000)


@pytest.mark.canvas
def test_the_button_of_the_train_dock_opens_the_dock_with_its_settings(qtbot, viewer):
    _frame, train = viewer.window.add_plugin_dock_widget("napari-strata", "Train")
    train.settings.simulation.set_value("material", "MoS2")
    qtbot.mouseClick(train.settings.preview.buttons["Simulate"], Qt.MouseButton.LeftButton)
    _frame, dock = viewer.window.add_plugin_dock_widget("napari-strata", "Simulate")
    assert isinstance(dock, SimulateDock)
    assert dock.settings.values().material == "MoS2"
    wait(qtbot, dock)
    assert dock.shown.preview is not None


@pytest.mark.canvas
def test_the_dock_opens_without_a_train_dock(qtbot, viewer):
    _frame, dock = viewer.window.add_plugin_dock_widget("napari-strata", "Simulate")
    wait(qtbot, dock)
    assert dock.settings.values() == SimulationConfig()
    assert "Train (napari-strata)" not in viewer.window.dock_widgets
