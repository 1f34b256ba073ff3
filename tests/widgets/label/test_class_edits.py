import numpy as np
import pytest
from napari.components import ViewerModel

from napari_strata.annotation.classes import rename_class
from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.recoding import drop_class, move_class
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.label.class_edits import ClassEdits
from napari_strata.widgets.layers.label_birth import provenance_of, remember_birth
from napari_strata.widgets.layers.label_layers import new_labels, set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, mates_of

TABLE = ClassTable.from_names(("W", "S", "Se"))
STACK = np.random.default_rng(0).random((3, 8, 10))


class Bench:
    """Two Labels layers with the classes W, S, Se, of which the second is hidden."""

    def __init__(self, viewer):
        self.viewer = viewer
        image = viewer.add_image(STACK)
        self.first, self.second = new_labels(viewer, image, layers=2, table=TABLE)
        self.second.visible = False
        self.edits = ClassEdits(lambda one: mates_of(one, viewer.layers), self.show)
        self.edits.follow(self.first)

    def show(self, labels, recoding):
        set_class_table(labels, recoding.after, self.viewer.layers, recoding=recoding)

    def paint(self, labels, row: int, code: int, *, frame: int = 1):
        labels.visible = True
        labels.data_setitem((np.full(10, frame), np.full(10, row), np.arange(10)), code)
        labels.visible = labels is self.first

    @property
    def codes(self) -> list[list[int]]:
        """First codes of each row of frame 1 of both layers, as far as something is painted."""
        return [[int(c) for c in one.data[1, :, 0] if c] for one in (self.first, self.second)]

    @property
    def names(self) -> tuple[str, ...]:
        first, second = class_table_of(self.first).names, class_table_of(self.second).names
        assert first == second
        return first


@pytest.fixture
def bench():
    return Bench(ViewerModel())


def test_merging_takes_the_pixels_of_all_layers_and_undo_brings_all_of_them_and_the_class_back(bench):
    for row, code in enumerate((2, 3, 4)):
        bench.paint(bench.first, row, code)
        bench.paint(bench.second, row, code)
    bench.edits.apply(bench.first, drop_class(TABLE, 2, becomes=3))
    assert (bench.codes, bench.names) == ([[2, 2, 3]] * 2, ("S", "Se"))
    bench.first.undo()
    assert (bench.codes, bench.names) == ([[2, 3, 4]] * 2, TABLE.names)
    bench.first.redo()
    assert (bench.codes, bench.names) == ([[2, 2, 3]] * 2, ("S", "Se"))
    assert not bench.second.visible


def test_a_change_is_one_undo_step_over_all_slices(bench):
    for frame in range(3):
        bench.paint(bench.first, 0, 2, frame=frame)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    assert bench.first.data[:, 0, 0].tolist() == [3, 3, 3]
    bench.first.undo()
    assert bench.first.data[:, 0, 0].tolist() == [2, 2, 2]


def test_undone_in_one_layer_what_was_painted_in_the_other_since_keeps_its_class(bench):
    bench.paint(bench.first, 0, 2)
    bench.paint(bench.second, 0, 2)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.paint(bench.second, 1, 4)
    bench.paint(bench.second, 2, 2)  # now S
    bench.first.undo()
    assert (bench.codes, bench.names) == ([[2], [2, 4, 3]], TABLE.names)


def test_undo_of_that_redoes_the_change_everywhere(bench):
    bench.paint(bench.first, 0, 2)
    bench.paint(bench.second, 0, 2)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.paint(bench.second, 2, 2)
    bench.first.undo()
    bench.second.visible = True
    bench.second.undo()
    assert (bench.codes, bench.names) == ([[3], [3, 2]], ("S", "W", "Se"))
    bench.second.undo()
    bench.second.undo()
    assert (bench.codes, bench.names) == ([[2], [2]], TABLE.names)


def test_undo_where_nothing_changed_undoes_the_change_and_no_stroke(bench):
    bench.paint(bench.first, 0, 2)
    bench.paint(bench.second, 0, 2)
    bench.paint(bench.second, 0, 0)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.second.visible = True
    bench.second.undo()
    assert (bench.codes, bench.names) == ([[2], []], TABLE.names)
    bench.second.undo()  # of the eraser
    assert (bench.codes, bench.names) == ([[2], [2]], TABLE.names)


def test_a_merge_that_gives_no_pixel_another_code_is_undone_alone(bench):
    bench.paint(bench.first, 0, 2)
    bench.edits.apply(bench.first, drop_class(TABLE, 2, becomes=3))
    assert (bench.codes, bench.names) == ([[2], []], ("S", "Se"))
    bench.first.undo()
    assert (bench.codes, bench.names) == ([[2], []], TABLE.names)


def test_what_was_undone_before_a_change_cannot_be_redone_with_its_old_code(bench):
    bench.paint(bench.second, 0, 2)
    bench.second.undo()
    bench.paint(bench.first, 0, 2)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.second.redo()
    assert (bench.codes, bench.names) == ([[3], []], ("S", "W", "Se"))


def test_names_given_since_survive_undo(bench):
    bench.paint(bench.first, 0, 2)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    set_class_table(bench.first, rename_class(class_table_of(bench.first), 2, "sulphur"), bench.viewer.layers)
    bench.first.undo()
    assert bench.names == ("W", "sulphur", "Se")


def test_two_changes_are_undone_one_after_the_other(bench):
    bench.paint(bench.first, 0, 2)
    bench.paint(bench.second, 0, 4)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.edits.apply(bench.first, drop_class(class_table_of(bench.first), 3, becomes=0))
    assert (bench.codes, bench.names) == ([[], [3]], ("S", "Se"))
    bench.first.undo()
    assert (bench.codes, bench.names) == ([[3], [4]], ("S", "W", "Se"))
    bench.first.undo()
    assert (bench.codes, bench.names) == ([[2], [4]], TABLE.names)


def test_strokes_of_the_brush_are_told_apart_from_undo(bench):
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.first.paint((1, 4, 4), 3)
    bench.first.fill((1, 4, 4), 2)
    bench.viewer.dims.set_point(0, 0)
    bench.viewer.dims.set_point(0, 1)
    assert bench.names == ("S", "W", "Se")
    bench.first.undo()
    assert bench.names == ("S", "W", "Se")


def test_undo_still_works_when_nobody_holds_the_edits(bench):
    bench.paint(bench.first, 0, 2)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    bench.edits = None
    bench.first.undo()
    assert bench.names == TABLE.names


def test_a_layer_that_can_be_read_only_leaves_all_as_they_were(bench):
    bench.paint(bench.first, 0, 2)
    bench.paint(bench.second, 0, 2)
    bench.second.data.flags.writeable = False
    with pytest.raises(LabelsError, match="can be read only"):
        bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    assert (bench.codes, bench.names) == ([[2], [2]], TABLE.names)


def test_imported_labels_stay_imported_when_their_classes_move(bench):
    bench.first.data[1, 0] = 2
    remember_birth(bench.first, Provenance.IMPORTED)
    bench.edits.apply(bench.first, move_class(TABLE, 2, by=1))
    assert np.unique(provenance_of(bench.first)).tolist() == [Provenance.NOT_LABELLED, Provenance.IMPORTED]
