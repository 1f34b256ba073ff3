import numpy as np
import pytest
from napari.components import ViewerModel

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.atom_points import new_atoms
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import (
    class_table_of,
    crystal_layer_of,
    group_of,
    mates_of,
    members_of,
)
from napari_strata.widgets.layers.layer_group import add_to_group, align, can_join, copy_onto, differences, swap

TABLE = ClassTable.from_names(("W", "S"))
STACK = np.random.default_rng(0).random((2, 12, 16))


class Group:
    """Labels and atoms of two crystal layers of a calibrated stack."""

    def __init__(self):
        self.viewer = ViewerModel()
        self.image = self.viewer.add_image(STACK, name="a", scale=(1, 0.2, 0.2), units=("pixel", "nm", "nm"))
        self.labels = new_labels(self.viewer, self.image, layers=2, table=TABLE)
        group = group_of(self.labels[0])
        self.atoms = new_atoms(self.viewer, self.image, layers=2, table=TABLE, group=group)

    @property
    def layers(self):
        return self.viewer.layers

    def differences(self) -> list[str]:
        return differences(self.labels[0], self.layers)


@pytest.fixture
def group() -> Group:
    return Group()


def test_a_group_has_labels_and_atoms_of_each_crystal_layer(group):
    assert members_of(group.atoms[1], group.layers) == [
        group.labels[0],
        group.atoms[0],
        group.labels[1],
        group.atoms[1],
    ]


def test_swapped_crystal_layers_take_labels_atoms_and_names_along_and_nothing_else(group):
    group.labels[0].data[0, 0] = 2
    swap(group.atoms[0], group.labels[1], group.layers)
    assert mates_of(group.labels[0], group.layers) == group.labels[::-1]
    assert mates_of(group.atoms[0], group.layers) == group.atoms[::-1]
    assert [one.name for one in (*group.labels, *group.atoms)] == [
        "a layer 1 labels",
        "a layer 0 labels",
        "a layer 1 atoms",
        "a layer 0 atoms",
    ]
    assert group.labels[0].data[0, 0].tolist() == [2] * 16


def test_labels_are_copied_onto_labels_as_one_undo_step(group):
    first, second = group.labels
    first.data[:, 3] = 2
    second.data[0, 5] = 3
    assert copy_onto(first, second) == 3 * 16
    assert (second.data == first.data).all()
    second.undo()
    assert (second.data.sum(), second.data[0, 5, 0]) == (3 * 16, 3)


def test_atoms_are_added_to_atoms(group):
    first, second = group.atoms
    first.add([(0, 1, 1), (1, 2, 2)])
    second.add((0, 9, 9))
    assert copy_onto(first, second) == 2
    assert second.data.tolist() == [[0, 9, 9], [0, 1, 1], [1, 2, 2]]
    assert list(second.features["species"]) == ["W"] * 3


def test_what_cannot_be_copied_is_refused_in_words(group):
    with pytest.raises(LabelsError, match="different kinds"):
        copy_onto(group.labels[0], group.atoms[0])
    other = group.viewer.add_labels(np.zeros((2, 5, 5), np.uint8))
    with pytest.raises(LabelsError, match=r"shape \(2, 5, 5\)"):
        copy_onto(other, group.labels[0])
    assert not group.labels[0].data.any()


def test_a_group_that_lies_on_its_image_has_no_differences(group):
    assert group.differences() == []


def test_a_shifted_or_scaled_layer_is_named_and_aligned(group):
    group.labels[1].translate = (0, 1, 0)
    group.atoms[0].scale = (1, 0.2, 0.3)
    assert [words.split(" does not lie on a")[0] for words in group.differences()] == [
        "a layer 0 atoms",
        "a layer 1 labels",
    ]
    align(group.labels[0], group.layers)
    assert group.differences() == []


def test_the_same_place_in_another_unit_is_no_difference(group):
    group.labels[1].units = ("pixel", "angstrom", "angstrom")
    group.labels[1].scale = (1, 2, 2)
    assert group.differences() == []


def test_another_unit_alone_is_a_difference(group):
    group.labels[1].units = ("pixel", "um", "um")
    assert len(group.differences()) == 1


def test_another_shape_is_named_with_what_to_do(group):
    group.labels[1].data = np.zeros((2, 5, 5), np.uint8)
    (words,) = group.differences()
    assert words.startswith("a layer 1 labels has the shape (2, 5, 5), a (2, 12, 16): it belongs to another image")


def test_labels_from_elsewhere_join_as_the_next_crystal_layer_with_the_class_table_of_the_group(group):
    other = group.viewer.add_labels(np.full((2, 12, 16), 3, np.uint8))
    assert can_join(other, group.labels[0], group.layers)
    add_to_group(other, group.labels[0], group.layers)
    assert not can_join(other, group.labels[0], group.layers)
    assert (crystal_layer_of(other), class_table_of(other)) == (2, TABLE)
    assert mates_of(other, group.layers) == [*group.labels, other]


def test_labels_with_more_codes_than_the_group_do_not_join(group):
    other = group.viewer.add_labels(np.full((2, 12, 16), 4, np.uint8))
    with pytest.raises(LabelsError, match=r"codes up to 4, the class table of the group ends at 3"):
        add_to_group(other, group.labels[0], group.layers)
    assert group_of(other) == ""


def test_points_from_elsewhere_join_with_the_first_class(group):
    group.layers.remove(group.atoms[0])
    other = group.viewer.add_points([(0, 1, 1)])
    add_to_group(other, group.labels[0], group.layers)
    assert (crystal_layer_of(other), list(other.features["species"])) == (0, ["W"])


def test_images_and_flat_layers_do_not_join_a_stack(group):
    flat = group.viewer.add_labels(np.zeros((12, 16), np.uint8))
    assert not can_join(flat, group.labels[0], group.layers)
    assert not can_join(group.image, group.labels[0], group.layers)
