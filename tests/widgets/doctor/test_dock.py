import numpy as np
import pytest
from napari.layers import Labels
from npe2 import PluginManager
from qtpy.QtCore import Qt

from napari_strata.config import ClassTable
from napari_strata.widgets.doctor.dock import DoctorDock
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_layers import new_labels, set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, mates_of

STACK = np.random.default_rng(0).random((3, 40, 48), np.float32)
ATOMS = ClassTable.from_names(("atom",))
IN_STACK = {"scale": (1, 2, 2), "translate": (0, 30, 40)}


@pytest.fixture
def samples():
    """Have the plugin's samples registered, as the first window of napari does."""
    PluginManager.instance().discover()


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


def in_window(viewer):
    dock = DoctorDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock


@pytest.fixture
def dock(bare_viewer):
    return in_window(bare_viewer)


@pytest.fixture
def napari_dock(viewer):
    return in_window(viewer)


@pytest.fixture
def check(qtbot, dock):
    """Press the button and wait for the end; return the checks that found something."""

    def check() -> list[str]:
        with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
            click(qtbot, dock.panel.start_button)
        return checks(dock)

    return check


def checks(dock) -> list[str]:
    return [finding.check for finding in dock.table.findings]


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def press_fix(qtbot, dock, row: int = 0) -> None:
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        click(qtbot, dock.table.fix_button(row))


def click_row(qtbot, dock, row: int = 0) -> None:
    rect = dock.table.visualRect(dock.table.model().index(row, 1))
    qtbot.mouseClick(dock.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def paint(viewer, *, layers: int = 1, table: ClassTable = ATOMS) -> list[Labels]:
    """Add the stack and labels of all its slices in which nothing is wrong."""
    image = viewer.add_image(STACK.copy(), name="moire", **IN_STACK)
    all_labels = new_labels(viewer, image, layers=layers, table=table)
    for labels in all_labels:
        labels.data[:, :10, :30] = 1
        labels.data[:, 20:30, 10:30] = 2
        labels.refresh()
    return all_labels


def test_the_dock_says_what_is_missing(bare_viewer, dock):
    assert dock.panel.words.text() == "Open an image."
    image = bare_viewer.add_image(STACK)
    assert dock.panel.words.text() == "Make labels in the Label dock first."
    assert not dock.panel.start_button.isEnabled()
    new_labels(bare_viewer, image, layers=1, table=ATOMS)
    assert dock.panel.start_button.isEnabled()
    assert dock.panel.words.text().startswith("Press 'Check' before you train.")


def test_all_is_well_is_said_in_words(bare_viewer, dock, check):
    paint(bare_viewer)
    assert check() == []
    assert dock.panel.words.text().startswith("All is well")
    assert not dock.table.isVisibleTo(dock)


@pytest.mark.parametrize("sample", ["particles", "twisted_bilayer_graphene", "ws2_bilayer"])
@pytest.mark.canvas
@pytest.mark.usefixtures("samples")
def test_samples_with_all_their_labels_are_well(bare_viewer, dock, check, sample):
    (image,) = bare_viewer.open_sample("napari-strata", sample)
    truth = image.metadata["napari_strata"]["truth_labels"]
    truth = truth if image.ndim == 2 else truth[None]
    table = ClassTable.from_names(("a", "b")[: truth.max() - 1])
    for labels, codes in zip(new_labels(bare_viewer, image, layers=len(truth), table=table), truth, strict=True):
        labels.data = codes
    assert check() == []


def test_a_click_on_a_row_goes_to_its_slice_its_region_and_its_layer(qtbot, bare_viewer, dock, check):
    (labels,) = paint(bare_viewer)
    labels.data[2, 6:9, 40:43] = 7
    assert check() == ["unknown-code"]
    bare_viewer.layers.selection.active = bare_viewer.layers["moire"]
    bare_viewer.dims.set_point(0, 0)
    click_row(qtbot, dock)
    assert bare_viewer.layers.selection.active == labels
    assert bare_viewer.dims.point[0] == 2
    assert bare_viewer.scene.camera.center[-2:] == pytest.approx((30 + 2 * 7, 40 + 2 * 41))
    assert "Add a class for each" in dock.remedy.text()
    assert checks(dock) == ["unknown-code"]
    assert dock.table.fix_button(0).isEnabled()


def test_a_class_for_each_code_is_added_by_one_click_and_none_stays_empty(qtbot, bare_viewer, dock, check):
    (labels,) = paint(bare_viewer)
    before = labels.data.copy()
    before[2, :, 40:] = labels.data[2, :, 40:] = 7
    assert check() == ["unknown-code"]
    press_fix(qtbot, dock)
    assert class_table_of(labels).names == ("atom", "code 7")
    assert checks(dock) == []
    assert np.unique(labels.data).tolist() == [0, 1, 2, 3]
    assert dock.panel.words.text().startswith("Added code 7.")
    labels.undo()
    assert np.array_equal(labels.data, before)


def test_void_pixels_become_not_labelled_and_undo_brings_them_back(qtbot, bare_viewer, dock, check):
    (labels,) = paint(bare_viewer)
    labels.data[1, 0, :5] = 255
    assert check() == ["unknown-code"]
    press_fix(qtbot, dock)
    assert checks(dock) == []
    assert labels.data[1, 0, :5].tolist() == [0] * 5
    labels.undo()
    assert labels.data[1, 0, :5].tolist() == [255] * 5


def test_a_copied_slice_is_erased_in_all_crystal_layers_and_undo_brings_it_back(qtbot, bare_viewer, dock, check):
    both = paint(bare_viewer, layers=2)
    bare_viewer.layers["moire"].data[2] = bare_viewer.layers["moire"].data[0]
    assert checks(dock) == []
    check()
    row = next(row for row, finding in enumerate(dock.table.findings) if finding.fix is not None)
    frame = dock.table.findings[row].place.frame
    press_fix(qtbot, dock, row)
    assert not any(labels.data[frame].any() for labels in both)
    both[1].undo()
    assert both[1].data[frame].any()


def test_an_empty_class_at_the_end_of_the_table_is_removed(qtbot, bare_viewer, dock, check):
    (labels,) = paint(bare_viewer, table=ClassTable.from_names(("atom", "vacancy")))
    assert check() == ["empty-class"]
    press_fix(qtbot, dock)
    assert class_table_of(labels) == ATOMS
    assert checks(dock) == []


def test_labels_from_elsewhere_are_put_on_the_image(qtbot, bare_viewer, dock, check):
    codes = paint(bare_viewer)[0].data
    bare_viewer.layers.remove("moire labels")
    labels = bare_viewer.add_labels(codes, name="opened")
    assert check() == ["scale-mismatch"]
    press_fix(qtbot, dock)
    assert checks(dock) == []
    assert labels.scale.tolist() == [1, 2, 2]
    assert labels.translate.tolist() == [0, 30, 40]


def test_an_image_without_a_pixel_size_gets_that_of_its_labels(qtbot, bare_viewer, dock, check):
    (labels, *_) = paint(bare_viewer)
    image = bare_viewer.layers["moire"]
    for layer in bare_viewer.layers:
        layer.units = ("pixel", "angstrom", "angstrom")
    image.scale, image.units = (1, 1, 1), ("pixel",) * 3
    press_fix(qtbot, dock, check().index("scale-mismatch"))
    assert "scale-mismatch" not in checks(dock)
    assert labels.scale.tolist() == image.scale.tolist() == [1, 2, 2]
    assert calibration_of(image).value == pytest.approx(2)


def test_transposed_labels_get_a_turned_copy_and_stay(qtbot, bare_viewer, dock, check):
    codes = paint(bare_viewer)[0].data
    bare_viewer.layers.remove("moire labels")
    labels = bare_viewer.add_labels(np.swapaxes(codes, 1, 2).copy(), name="turned")
    set_class_table(labels, ATOMS)
    assert "axis-order" in check()
    press_fix(qtbot, dock)
    copy = dock.labels.layer
    assert copy.name == "turned swapped"
    assert copy.data.tolist() == codes.tolist()
    assert labels in bare_viewer.layers
    assert not labels.visible
    assert checks(dock) == []


@pytest.mark.canvas
@pytest.mark.usefixtures("samples")
def test_a_turned_copy_takes_the_place_of_its_crystal_layer(qtbot, bare_viewer, dock, check):
    (image,) = bare_viewer.open_sample("napari-strata", "twisted_bilayer_graphene")
    truth = image.metadata["napari_strata"]["truth_labels"]
    first, second = new_labels(bare_viewer, image, layers=2, table=ATOMS)
    first.data, second.data = truth[0].T.copy(), truth[1]
    assert check() == ["axis-order"]
    press_fix(qtbot, dock)
    copy = bare_viewer.layers[-1]
    assert mates_of(second, bare_viewer.layers) == [copy, second]
    assert mates_of(first, bare_viewer.layers) == [first]
    assert checks(dock) == []


def test_labels_of_all_crystal_layers_are_checked_together(bare_viewer, dock, check):
    first, second = paint(bare_viewer, layers=2)
    second.data[:] = 0
    bare_viewer.layers.selection.active = first
    check()
    assert [(f.check, f.place.layer) for f in dock.table.findings if f.severity == "error"] == [
        ("nothing-painted", 1)
    ]


def test_a_result_that_is_out_of_date_is_called_so_and_fixes_nothing(qtbot, bare_viewer, dock, check):
    (labels,) = paint(bare_viewer, table=ClassTable.from_names(("atom", "vacancy")))
    image = bare_viewer.layers["moire"]
    bare_viewer.dims.set_point(0, 0)
    changes = {
        "paint": lambda: labels.paint((0, 35, 35), 2),
        "undo": labels.undo,
        "redo": labels.redo,
        "data": lambda: setattr(labels, "data", labels.data.copy()),
        "scale": lambda: setattr(labels, "scale", (1, 2.001, 2.001)),
        "image": lambda: setattr(image, "data", STACK[::-1].copy()),
        "classes": lambda: set_class_table(labels, ClassTable.from_names(("atom", "step"))),
    }
    for name, change in changes.items():
        assert check() == ["empty-class"], name
        assert dock.table.fix_button(0).isEnabled(), name
        change()
        qtbot.waitUntil(lambda: dock.panel.words.text().startswith("Something has changed"), timeout=5000)
        assert not dock.table.fix_button(0).isEnabled(), name


def test_undo_in_a_slice_that_is_not_shown_makes_the_result_out_of_date(qtbot, bare_viewer, dock, check):
    (labels,) = paint(bare_viewer)
    bare_viewer.dims.set_point(0, 0)
    labels.paint((0, 35, 35), 2)
    bare_viewer.dims.set_point(0, 2)
    check()
    for change in (labels.undo, labels.redo):
        change()
        qtbot.waitUntil(lambda: dock.panel.words.text().startswith("Something has changed"), timeout=5000)
        check()


def test_a_leak_says_for_which_settings_slices_are_held_out(bare_viewer, dock, check):
    paint(bare_viewer)
    bare_viewer.layers["moire"].data[2] = bare_viewer.layers["moire"].data[0]
    bare_viewer.layers["moire"].data[1] = bare_viewer.layers["moire"].data[0]
    assert "train-validation-leak" in check()
    assert "settings that Train begins with" in dock.remedy.text()


def test_removing_the_image_empties_the_report(bare_viewer, dock, check):
    paint(bare_viewer, table=ClassTable.from_names(("atom", "vacancy")))
    assert check() == ["empty-class"]
    bare_viewer.layers.remove("moire")
    assert dock.panel.words.text() == "Open an image."
    assert checks(dock) == []


def test_looking_at_another_slice_leaves_the_result_as_it_is(qtbot, bare_viewer, dock, check):
    paint(bare_viewer, table=ClassTable.from_names(("atom", "vacancy")))
    check()
    said = dock.panel.words.text()
    bare_viewer.dims.set_point(0, 2)
    qtbot.wait(600)
    assert dock.panel.words.text() == said
    assert dock.table.fix_button(0).isEnabled()


def test_a_stroke_painted_while_the_check_runs_makes_it_out_of_date(qtbot, viewer, napari_dock):
    (labels,) = paint(viewer)
    with qtbot.waitSignal(napari_dock.panel.runner.ended, timeout=20_000):
        click(qtbot, napari_dock.panel.start_button)
        labels.paint((0, 15, 40), 2)
    assert napari_dock.panel.words.text().startswith("Something has changed")
