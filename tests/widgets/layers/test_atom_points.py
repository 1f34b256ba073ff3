import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Points

from napari_strata.annotation.classes import rename_class
from napari_strata.annotation.recoding import drop_class, move_class
from napari_strata.config import ClassTable, SpotConfig
from napari_strata.errors import CalibrationError, LabelsError
from napari_strata.widgets.layers.atom_points import choose_species, count_atoms, draw_mask, new_atoms
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, mates_of, new_group, remember_spots

TABLE = ClassTable.from_names(("W", "S"))
PLACE = {"scale": (5, 0.1, 0.1), "translate": (1, 2, 3), "units": ("nm", "angstrom", "angstrom")}


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def add_atoms(viewer, *places, shape=(3, 20, 24), layers=1, **placement) -> Points:
    image = viewer.add_image(np.random.default_rng(0).random(shape), name="a", **(placement or PLACE))
    points, *_ = new_atoms(viewer, image, layers=layers, table=TABLE, group=new_group())
    for place in places:
        points.add(place)
    points.selected_data = set()
    return points


def species(points) -> list[str]:
    return list(points.features["species"])


def colours(points) -> list[str]:
    return ["#" + "".join(f"{round(255 * c):02x}" for c in colour[:3]) for colour in points.face_color]


def test_atoms_lie_exactly_on_their_image_one_layer_per_crystal_layer(viewer):
    first = add_atoms(viewer, layers=2)
    assert [one.name for one in mates_of(first, viewer.layers)] == ["a layer 0 atoms", "a layer 1 atoms"]
    image = viewer.layers["a"]
    place = (2, 5.5, 7.25)
    assert tuple(first.data_to_world(place)) == tuple(image.data_to_world(place))
    assert first.units == image.units
    assert first.size == pytest.approx(10)  # a radius of 0.5 Å at 0.1 Å/px


def test_the_class_that_is_chosen_goes_to_the_next_atom_and_to_those_selected(viewer):
    points = add_atoms(viewer, (0, 5, 5))
    choose_species(points, "S")
    points.add((0, 9, 9))
    assert species(points) == ["W", "S"]
    points.selected_data = {0}
    choose_species(points, "S")
    assert species(points) == ["S", "S"]


def test_atoms_have_the_colours_of_the_class_table_also_new_ones(viewer):
    points = add_atoms(viewer, (0, 5, 5))
    choose_species(points, "S")
    points.add((0, 9, 9))
    assert colours(points) == [one.color for one in TABLE.classes]
    assert class_table_of(points) == TABLE


def test_a_renamed_class_keeps_its_atoms_and_those_added_later(viewer):
    points = add_atoms(viewer, (0, 5, 5))
    set_class_table(points, rename_class(TABLE, 2, "Mo"), viewer.layers)
    points.add((0, 9, 9))
    assert species(points) == ["Mo", "Mo"]
    assert colours(points) == [TABLE.classes[0].color] * 2


def test_atoms_keep_their_class_when_that_moves(viewer):
    points = add_atoms(viewer, (0, 5, 5))
    moved = move_class(TABLE, 2, by=1)
    set_class_table(points, moved.after, viewer.layers, recoding=moved)
    assert species(points) == ["W"]
    assert (draw_mask(points, viewer.layers["a"])[0, 5, 5], moved.after.code("W")) == (3, 3)


def test_atoms_of_a_merged_class_go_along_and_come_back_with_it(viewer):
    points = add_atoms(viewer, (0, 5, 5), (0, 9, 9))
    points.selected_data = {1}
    choose_species(points, "S")
    merged = drop_class(TABLE, 3, becomes=2)
    set_class_table(points, merged.after, viewer.layers, recoding=merged)
    assert species(points) == ["W", "W"]
    points.add((0, 15, 15))
    back = merged.reversed().on(merged.after)
    set_class_table(points, back.after, viewer.layers, recoding=back)
    assert species(points) == ["W", "S", "W"]


def test_atoms_become_disks_of_their_class_in_their_slices(viewer):
    points = add_atoms(viewer, (0, 5, 5), (2, 10.4, 12), (9, 5, 5))
    remember_spots(points, SpotConfig(radius=0.1))
    mask = draw_mask(points, viewer.layers["a"])
    assert mask.shape == (3, 20, 24)
    assert [(frame == 2).sum() for frame in mask] == [5, 0, 2]
    assert [(frame == 1).sum() for frame in mask] == [475, 0, 478]


def test_an_image_that_is_no_stack_has_one_slice(viewer):
    points = add_atoms(viewer, (5, 5), shape=(20, 24), scale=(0.1, 0.1), units=("angstrom", "angstrom"))
    remember_spots(points, SpotConfig(radius=0.1))
    assert np.argwhere(draw_mask(points, viewer.layers["a"]) == 2).shape == (5, 3)


def test_atoms_on_another_grid_are_brought_onto_the_image(viewer):
    points = add_atoms(viewer, (0, 5, 5))
    points.data = points.data * (1, 2, 2)
    points.scale = points.scale / (1, 2, 2)
    remember_spots(points, SpotConfig(radius=0.01))
    assert np.argwhere(draw_mask(points, viewer.layers["a"]) == 2).tolist() == [[0, 5, 5]]


def test_without_a_pixel_size_the_words_say_what_to_type(viewer):
    points = add_atoms(viewer, (0, 5, 5), scale=(1, 1, 1))
    with pytest.raises(CalibrationError, match=r"not known, and the radius of an atom is in Å\. Type"):
        draw_mask(points, viewer.layers["a"])


def test_a_class_that_is_not_in_the_table_is_refused_in_words(viewer):
    points = add_atoms(viewer, (0, 5, 5))
    choose_species(points, "Mo")
    points.add((0, 9, 9))
    with pytest.raises(LabelsError, match="atoms of the class Mo, which is not in its class table"):
        draw_mask(points, viewer.layers["a"])


def test_atoms_are_counted_by_class_in_the_shown_slice_and_in_all(viewer):
    points = add_atoms(viewer, (0, 5, 5), (1, 9, 9), (1, 2, 2))
    viewer.dims.set_point(0, 60)  # the world is in Å
    here, everywhere = count_atoms(points, viewer)
    assert (here[2], everywhere[2], everywhere[3]) == (2, 3, 0)


def test_atoms_are_no_labels_mates(viewer):
    points = add_atoms(viewer, layers=2)
    assert not any(isinstance(one, Labels) for one in mates_of(points, viewer.layers))
