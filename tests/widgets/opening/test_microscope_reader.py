import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from microscope_files import IMAGE, STACK, hyperspy_axes, write_dm, write_mrc, write_velox, write_zspy
from napari_strata.errors import ExtraError, ImageError
from napari_strata.widgets.layers.calibration import CalibrationSource, calibration_of, doubt_about
from napari_strata.widgets.layers.layer_data import stack_of
from napari_strata.widgets.opening.microscope_reader import get_reader
from napari_strata.widgets.opening.signal_choice import SignalChoice

VELOX = {"HAADF": STACK, "BF": IMAGE}


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


def read(path):
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


def add(viewer, path):
    return [viewer.add_image(data, **settings) for data, settings, _kind in read(path)]


def test_an_integer_image_with_few_values_is_an_image(tmp_path):
    ((_data, _settings, kind),) = read(write_mrc(tmp_path / "a.mrc", IMAGE % 3))
    assert kind == "image"


def test_the_layer_keeps_units_offsets_and_names_of_the_axes(tmp_path, viewer):
    path = write_zspy(tmp_path / "drift.zspy", {"HAADF": (STACK, hyperspy_axes(STACK.shape, offset=-3.0))})
    (layer,) = add(viewer, path)
    assert layer.name == "drift"
    assert layer.scale.tolist() == [1.5, 0.02, 0.02]
    assert layer.translate.tolist() == [0, -3, -3]
    assert [str(unit) for unit in layer.units] == ["second", "nanometer", "nanometer"]
    assert layer.axis_labels == ("t", "y", "x")
    assert calibration_of(layer).value == pytest.approx(0.2)
    assert calibration_of(layer).source is CalibrationSource.LAYER


def test_pixels_that_are_not_square_are_shown_as_they_are_and_doubted(tmp_path, viewer):
    (layer,) = add(viewer, write_dm(tmp_path / "a.dm4", {"HAADF": IMAGE}, size=(0.04, 0.02)))
    assert layer.scale == pytest.approx([0.04, 0.02])
    assert calibration_of(layer).value is None
    assert "not square" in doubt_about(layer)


def test_a_diffraction_pattern_has_reciprocal_units_and_no_pixel_size(tmp_path, viewer):
    (layer,) = add(viewer, write_dm(tmp_path / "a.dm4", {"CBED": IMAGE}, unit="1/nm"))
    assert [str(unit) for unit in layer.units] == ["1 / nanometer"] * 2
    assert calibration_of(layer).value is None


def test_an_uncalibrated_stack_counts_pixels_and_frames(tmp_path, viewer):
    (layer,) = add(viewer, write_mrc(tmp_path / "a.mrc", STACK, 0))
    assert {str(unit) for unit in layer.units} == {"pixel"}
    assert layer.axis_labels == ("z", "y", "x")


def test_a_stack_is_not_read_until_it_is_needed(tmp_path, viewer):
    path = write_zspy(tmp_path / "a.zspy", {"HAADF": (STACK, hyperspy_axes(STACK.shape))})
    (layer,) = add(viewer, path)
    (path / "Experiments/HAADF/data/1.0.0").write_bytes(b"damaged")
    np.testing.assert_array_equal(stack_of(layer, 0.2, frames=[2]).data, STACK[2:])
    with pytest.raises(ImageError, match=r"The pixels of a cannot be read.*still there and whole"):
        stack_of(layer, 0.2)


def test_without_a_window_all_images_are_opened(tmp_path, qapp):
    assert not any(window.isVisible() for window in QApplication.topLevelWidgets())
    layers = read(write_velox(tmp_path / "v.emd", VELOX))
    assert [settings["name"] for _data, settings, _kind in layers] == ["v HAADF", "v BF"]


@pytest.fixture
def window(qtbot):
    from qtpy.QtWidgets import QMainWindow

    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    return window


def answer(what):
    """Do something with the dialog that is about to open."""

    def act():
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, SignalChoice)
        what(dialog)

    QTimer.singleShot(200, act)


def test_several_images_are_offered_as_a_choice(tmp_path, window):
    def take_the_second(dialog):
        texts = [dialog.list.item(row).text() for row in range(2)]
        assert texts == ["HAADF: 3 × 12 × 20 px, 0.2 Å/px", "BF: 12 × 20 px, 0.2 Å/px"]
        dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
        assert not dialog.open_button.isEnabled()
        dialog.list.item(1).setCheckState(Qt.CheckState.Checked)
        dialog.open_button.click()

    answer(take_the_second)
    ((data, settings, _kind),) = read(write_velox(tmp_path / "v.emd", VELOX))
    assert settings["name"] == "v BF"
    assert data.shape == IMAGE.shape


def test_the_first_image_is_proposed(tmp_path, window):
    answer(lambda dialog: dialog.accept())
    layers = read(write_velox(tmp_path / "v.emd", VELOX))
    assert [settings["name"] for _data, settings, _kind in layers] == ["v HAADF"]


def test_a_choice_that_is_cancelled_opens_nothing(tmp_path, window):
    answer(lambda dialog: dialog.reject())
    assert read(write_velox(tmp_path / "v.emd", VELOX)) == [(None,)]


def test_a_window_shows_what_is_wrong_in_our_words(tmp_path, window, monkeypatch):
    shown = []
    monkeypatch.setattr("napari_strata.widgets.opening.microscope_reader.show_error", shown.append)
    (tmp_path / "a.dm4").write_bytes(b"nothing")
    assert read(tmp_path / "a.dm4") == [(None,)]
    assert "copy it again" in shown[0]


def test_a_script_gets_the_error(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_strata.io.microscope.endings.find_spec", lambda _name: None)
    with pytest.raises(ExtraError, match=r"pip install \"napari-strata\[formats\]\""):
        read(write_mrc(tmp_path / "a.mrc", IMAGE))


def test_other_files_and_several_at_once_are_left_to_napari(tmp_path):
    assert get_reader(str(tmp_path / "a.tif")) is None
    assert get_reader([str(tmp_path / "a.mrc"), str(tmp_path / "b.mrc")]) is None
