import numpy as np
import pytest
from qtpy.compat import isalive

from napari_strata.io.calibration import CalibrationSource
from napari_strata.io.images import write_images
from napari_strata.widgets.calibration import CalibrationRow, calibration_of, set_pixel_size


@pytest.fixture
def picture():
    return np.random.default_rng(0).random((16, 24))


@pytest.mark.parametrize(
    ("scale", "unit", "angstrom"),
    [(0.106, "angstrom", 0.106), (0.02, "nm", 0.2), (2e-5, "µm", 0.2), (20, "pm", 0.2), (2e-11, "m", 0.2)],
)
def test_a_layer_with_a_length_unit_states_its_pixel_size(viewer, picture, scale, unit, angstrom):
    layer = viewer.add_image(picture, scale=(scale, scale), units=(unit, unit))
    assert calibration_of(layer).value == pytest.approx(angstrom)
    assert calibration_of(layer).source is CalibrationSource.LAYER


@pytest.mark.parametrize("settings", [{}, {"scale": (0.2, 0.2)}, {"scale": (0.1, 0.2), "units": ("nm", "nm")}])
def test_a_layer_in_pixels_or_with_oblong_pixels_states_none(viewer, picture, settings):
    assert calibration_of(viewer.add_image(picture, **settings)).source is CalibrationSource.UNKNOWN


def test_the_file_of_an_uncalibrated_layer_states_the_pixel_size(viewer, picture, tmp_path):
    write_images(picture, tmp_path / "a.tif", pixel_size=0.25)
    (layer,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    assert layer.units[-1] == "pixel"
    calibration = calibration_of(layer)
    assert calibration.value == pytest.approx(0.25)
    assert calibration.source is CalibrationSource.FILE


def test_typing_calibrates_a_stack_in_y_and_x_only(viewer):
    layer = viewer.add_image(np.zeros((3, 16, 24)), scale=(2, 1, 1))
    row = CalibrationRow(viewer)
    row.set_layer(layer)
    assert row.box.text() == "not known"
    row.box.setValue(0.106)
    assert layer.scale.tolist() == [2, 0.106, 0.106]
    assert [str(unit) for unit in layer.units] == ["pixel", "angstrom", "angstrom"]
    assert row.calibration.value == pytest.approx(0.106)
    assert (row.box.text(), row.source.text()) == ("0.106 Å/px", "typed")


def test_layers_on_the_image_stay_on_it_when_it_is_calibrated(viewer, picture):
    image = viewer.add_image(picture, translate=(5, 7))
    labels = viewer.add_labels(np.zeros(picture.shape, np.uint8), translate=(5, 7))
    window = viewer.add_image(picture[4:, 6:], translate=(9, 13))
    other = viewer.add_image(picture, scale=(3, 3))
    set_pixel_size(image, 0.5, viewer.layers)
    assert labels.scale.tolist() == [0.5, 0.5]
    assert labels.translate.tolist() == image.translate.tolist() == [5, 7]
    assert window.translate.tolist() == [7, 10]  # pixels 4 and 6, half an ångström each, from (5, 7)
    assert other.scale.tolist() == [3, 3]


def test_the_row_follows_changes_made_elsewhere(viewer, picture):
    layer = viewer.add_image(picture)
    row = CalibrationRow(viewer)
    row.set_layer(layer)
    layer.units = ("nm", "nm")
    layer.scale = (0.03, 0.03)
    assert row.calibration.value == pytest.approx(0.3)
    assert row.source.text() == "from the layer"
    row.set_layer(None)
    assert not row.isEnabled()


def test_a_destroyed_row_no_longer_listens(qtbot, viewer, picture):
    layer = viewer.add_image(picture)
    row = CalibrationRow(viewer)
    row.set_layer(layer)
    row.deleteLater()
    qtbot.waitUntil(lambda: not isalive(row))
    layer.scale = (2, 2)
