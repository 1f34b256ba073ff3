import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.compat import isalive
from qtpy.QtCore import Qt

from napari_strata.config import ClassTable
from napari_strata.errors import CalibrationError
from napari_strata.io.calibration import CalibrationSource
from napari_strata.io.images import write_images
from napari_strata.widgets.layers.calibration import (
    IMAGE,
    METADATA,
    calibration_of,
    doubt_about,
    set_pixel_size,
)
from napari_strata.widgets.layers.calibration_row import CalibrationRow
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.live.overlay import LiveOverlay, Window

CLASSES = ClassTable.from_names(("C",))


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def make_row(qtbot, viewer):
    """Return what makes rows that end with the test: a widget without owner may be collected in any thread."""

    def make():
        row = CalibrationRow(viewer)
        qtbot.addWidget(row)
        return row

    return make


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


@pytest.mark.canvas  # napari's own readers come with a whole viewer
def test_the_file_of_an_uncalibrated_layer_states_the_pixel_size(viewer, picture, tmp_path):
    write_images(picture, tmp_path / "a.tif", pixel_size=0.25)
    (layer,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    assert layer.units[-1] == "pixel"
    calibration = calibration_of(layer)
    assert calibration.value == pytest.approx(0.25)
    assert calibration.source is CalibrationSource.FILE


def test_typing_calibrates_a_stack_in_y_and_x_only(viewer, make_row):
    layer = viewer.add_image(np.zeros((3, 16, 24)), scale=(2, 1, 1))
    row = make_row()
    row.set_layer(layer)
    assert row.box.text() == "not known"
    row.box.setValue(0.106)
    assert layer.scale.tolist() == [2, 0.106, 0.106]
    assert [str(unit) for unit in layer.units] == ["pixel", "angstrom", "angstrom"]
    assert row.calibration.value == pytest.approx(0.106)
    assert (row.box.text(), row.source.text()) == ("0.106 Å/px", "typed")


@pytest.mark.canvas  # napari's own readers come with a whole viewer
def test_a_file_that_is_saved_anew_states_its_new_pixel_size(viewer, picture, tmp_path):
    write_images(picture, tmp_path / "a.tif", pixel_size=0.25)
    (layer,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    assert calibration_of(layer).value == 0.25
    write_images(np.stack([picture] * 2), tmp_path / "a.tif", pixel_size=0.5)
    assert calibration_of(layer).value == 0.5
    (tmp_path / "a.tif").unlink()
    assert calibration_of(layer).source is CalibrationSource.UNKNOWN


def test_what_belongs_to_the_image_stays_on_it_when_it_is_calibrated(viewer, picture):
    image = viewer.add_image(picture, translate=(5, 7))
    labels = viewer.add_labels(np.zeros(picture.shape, np.uint8), translate=(5, 7))
    result = viewer.add_image(
        picture[4:, 6:], translate=(9, 13), metadata=tag("heatmap", image, "a model", provenance={})
    )
    (live,) = LiveOverlay(viewer, Window(image, 0, 2, 4, (6, 8)), layers=1, classes=CLASSES).layers
    set_pixel_size(image, 0.5, viewer.layers)
    assert labels.scale.tolist() == [0.5, 0.5]
    assert labels.translate.tolist() == image.translate.tolist() == [5, 7]
    assert result.translate.tolist() == [7, 10]  # pixels 4 and 6, half an ångström each, from (5, 7)
    assert live.translate.tolist() == [6, 9]


def test_what_belongs_to_another_image_is_not_calibrated_with_this_one(viewer, picture):
    image, other = (viewer.add_image(picture) for _ in range(2))
    of_other = [
        viewer.add_image(picture, metadata=tag("probability", other, "a model", provenance={})),
        viewer.add_labels(np.zeros(picture.shape, np.uint8), metadata={METADATA: {IMAGE: other.unique_id}}),
    ]
    set_pixel_size(image, 0.5, viewer.layers)
    for layer in (other, *of_other):
        assert layer.scale.tolist() == [1, 1]
        assert str(layer.units[-1]) == "pixel"


def test_labels_of_an_image_that_was_closed_stay_on_the_one_that_is_opened_again(viewer, picture):
    closed = viewer.add_image(picture)
    labels = viewer.add_labels(np.zeros(picture.shape, np.uint8), metadata={METADATA: {IMAGE: closed.unique_id}})
    viewer.layers.remove(closed)
    set_pixel_size(viewer.add_image(picture), 0.5, viewer.layers)
    assert labels.scale.tolist() == [0.5, 0.5]


def test_of_layers_that_nobody_assigned_only_those_on_the_image_follow(viewer, picture):
    image = viewer.add_image(picture)
    inside, outside = (viewer.add_points([[1 + shift, 2], [3 + shift, 30]]) for shift in (0, 200))
    shape = viewer.add_shapes([[2, 2], [40, 9]], shape_type="rectangle")
    smaller = viewer.add_labels(np.zeros((8, 8), np.uint8))
    empty = viewer.add_points(ndim=2)
    set_pixel_size(image, 0.5, viewer.layers)
    sizes = [layer.scale[-1] for layer in (inside, shape, outside, smaller, empty)]
    assert sizes == [0.5, 1, 1, 1, 1]


def write(qtbot, row, text):
    """Type over what a row shows, and press Return."""
    row.box.lineEdit().selectAll()
    qtbot.keyClick(row.box, Qt.Key.Key_Backspace)
    qtbot.keyClicks(row.box, text)
    qtbot.keyClick(row.box, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.06e-10", "Pixel size: 1.06e-10 looks like metres; 1.06 Å?"),
        ("0,000106", "0.000106 looks like micrometres; 1.06 Å?"),
        ("1e99", "1e+99 Å per pixel is too large: 100000 Å is the most."),
        ("-1", "-1 Å is not positive"),
        ("1e-40", "0.001 Å is the least"),
        ("1.06 Å", "“1.06 Å”: type the number alone, in Å"),
        ("0.12 nm", "“0.12 nm”: type the number alone, in Å: 1 nm is 10 Å"),
        ("12 pm", "1 pm is 0.01 Å."),
        ("fine", "“fine” is no number."),
    ],
)
def test_a_size_that_no_pixel_has_is_refused_with_what_is_likely_meant(
    qtbot, viewer, picture, text, words, make_row
):
    layer = viewer.add_image(picture)
    row = make_row()
    row.set_layer(layer)
    write(qtbot, row, text)
    (record,) = notification_manager.records
    assert words in record.message
    assert record.message.endswith("It stays not known.")
    assert row.doubt.text() == record.message
    assert layer.scale.tolist() == [1, 1]
    assert row.box.text() == "not known"
    write(qtbot, row, "1.06")
    assert (row.calibration.value, row.doubt.text()) == (1.06, "")


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, 1.06e-10, 1e6])
def test_no_layer_is_given_such_a_size(viewer, picture, value):
    layer = viewer.add_image(picture)
    with pytest.raises(CalibrationError, match="Give the length of one pixel in Å"):
        set_pixel_size(layer, value, viewer.layers)
    assert calibration_of(layer).source is CalibrationSource.UNKNOWN


@pytest.mark.parametrize("text", ["", "0"])
def test_a_typed_size_is_taken_back_by_emptying_the_field(qtbot, viewer, picture, text, make_row):
    image = viewer.add_image(np.stack([picture] * 3), scale=(2, 1, 1))
    labels = viewer.add_labels(np.zeros(image.data.shape, np.uint8), scale=(2, 1, 1))
    row, other = make_row(), make_row()
    for one in (row, other):
        one.set_layer(image)
    for typed in ("0.106", "0.2"):
        write(qtbot, row, typed)
    assert (other.box.text(), other.source.text()) == ("0.2 Å/px", "typed")
    write(qtbot, row, text)
    for layer in (image, labels):
        assert layer.scale.tolist() == [2, 1, 1]
        assert [str(unit) for unit in layer.units] == ["pixel"] * 3
    for one in (row, other):
        assert (one.box.text(), one.source.text()) == ("not known", "type it in")
        assert one.calibration.value is None


def test_a_size_taken_back_leaves_what_the_layer_said_before(viewer, picture, make_row):
    layer = viewer.add_image(picture, scale=(0.02, 0.02), units=("nm", "nm"))
    row = make_row()
    row.set_layer(layer)
    for value in (0.3, 0):
        row.box.setValue(value)
    assert (row.box.text(), row.source.text()) == ("0.2 Å/px", "from the layer")
    assert layer.scale.tolist() == [0.02, 0.02]


def test_a_size_that_was_not_typed_cannot_be_taken_back(viewer, picture, make_row):
    layer = viewer.add_image(picture, scale=(0.2, 0.2), units=("angstrom", "angstrom"))
    row = make_row()
    row.set_layer(layer)
    row.box.setValue(0)
    assert "its pixel size was not typed" in notification_manager.records[-1].message
    assert layer.scale.tolist() == [0.2, 0.2]
    assert (row.box.text(), row.source.text()) == ("0.2 Å/px", "from the layer")


@pytest.mark.canvas  # whose sliders cannot count that many steps
def test_a_size_that_napari_refuses_leaves_every_layer_as_it_was(viewer, make_row):
    fine = viewer.add_image(np.zeros((900, 900)), scale=(1e-3, 1e-3), units=("angstrom", "angstrom"))
    image = viewer.add_image(np.zeros((900, 900)))
    labels = viewer.add_labels(np.zeros((900, 900), np.uint8), translate=(0, 0))
    row, other = make_row(), make_row()
    for one in (row, other):
        one.set_layer(image)
    row.box.setValue(1e5)
    assert "napari cannot show Image" in notification_manager.records[-1].message
    for layer, scale in ((fine, 1e-3), (image, 1), (labels, 1)):
        assert layer.scale.tolist() == [scale, scale]
    assert [row.box.text(), other.box.text()] == ["not known"] * 2
    row.box.setValue(0.5)
    assert labels.scale.tolist() == image.scale.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_whichever_layer_is_refused_all_are_put_back(viewer, picture, which):
    layers = [viewer.add_image(picture, translate=(5, 7)), *(viewer.add_labels(picture > 2) for _ in range(2))]
    for labels in layers[1:]:
        labels.translate = (5, 7)

    def refuse(_event):
        if layers[which].scale[-1] == 0.5:
            raise OverflowError

    layers[which].events.scale.connect(refuse)
    with pytest.raises(CalibrationError, match="all are as they were"):
        set_pixel_size(layers[0], 0.5, viewer.layers)
    for layer in layers:
        assert (layer.scale.tolist(), layer.translate.tolist(), str(layer.units[-1])) == ([1, 1], [5, 7], "pixel")
    assert calibration_of(layers[0]).source is CalibrationSource.UNKNOWN


def test_labels_that_went_astray_come_back_to_their_image(viewer, picture):
    image = viewer.add_image(picture, translate=(5, 7))
    note = {METADATA: {IMAGE: image.unique_id}}
    labels = viewer.add_labels(np.zeros(picture.shape, np.uint8), scale=(1.06e-10,) * 2, metadata=note)
    set_pixel_size(image, 1.06, viewer.layers)
    assert labels.scale.tolist() == image.scale.tolist() == [1.06, 1.06]
    assert labels.translate.tolist() == [5, 7]
    assert labels.units == image.units


@pytest.mark.canvas  # napari's own readers come with a whole viewer
def test_a_value_that_contradicts_the_layer_or_its_file_is_doubted_until_it_is_mended(
    viewer, picture, tmp_path, make_row
):
    write_images(picture, tmp_path / "a.tif", pixel_size=0.25)
    (of_file,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    of_layer = viewer.add_image(picture, name="b", scale=(0.025, 0.025), units=("nm", "nm"))
    row = make_row()
    for layer, says in ((of_file, "the file says"), (of_layer, "the layer said")):
        row.set_layer(layer)
        for typed in (0.3, 0.4):
            row.box.setValue(typed)
            warning = f"{layer.name}: the pixel size given, {typed} Å, is used; {says} 0.25 Å."
            assert row.doubt.text() == warning
        row.box.setValue(0.251)
        assert row.doubt.text() == ""
        assert row.doubt.isHidden()


def test_pixels_that_are_not_square_are_called_so_before_and_after_a_value_is_typed(viewer, picture, make_row):
    layer = viewer.add_image(picture, scale=(0.1, 0.2), units=("nm", "nm"))
    row = make_row()
    row.set_layer(layer)
    assert row.doubt.text().startswith("Its pixels are not square: 0.1 by 0.2 nanometer.")
    row.box.setValue(2)
    assert layer.scale.tolist() == [2, 2]
    assert row.doubt.text() == "Its pixels were not square; now they are taken as square."


@pytest.mark.parametrize(
    ("scale", "units", "oblong"),
    [((1, 2), ("pixel", "pixel"), True), ((1, 0.1), ("angstrom", "nm"), False), ((1, 2), ("pixel", "nm"), False)],
)
def test_square_is_what_has_equal_sides_in_whatever_unit(viewer, picture, scale, units, oblong):
    assert bool(doubt_about(viewer.add_image(picture, scale=scale, units=units))) is oblong


def test_the_view_keeps_the_same_pixels_in_its_middle(viewer, picture, make_row):
    layer = viewer.add_image(picture, translate=(5, 7))
    row = make_row()
    row.set_layer(layer)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 9, 13), 8
    row.box.setValue(0.5)
    assert viewer.scene.camera.center[-2:] == (7, 10)  # pixel (4, 6)
    assert viewer.scene.camera.zoom == pytest.approx(16)


def test_an_image_of_one_pixel_can_be_calibrated(viewer, make_row):
    row = make_row()
    row.set_layer(viewer.add_image(np.zeros((1, 1))))
    row.box.setValue(0.5)
    assert row.calibration.value == 0.5


def test_the_row_follows_changes_made_elsewhere(viewer, picture, make_row):
    layer = viewer.add_image(picture)
    row = make_row()
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
