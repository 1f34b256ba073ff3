import pytest

from napari_strata.annotation.class_mapping import map_classes, parse_meanings
from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import Annotation, FileClass
from napari_strata.io.labels.shapes import Box

FILE = [FileClass("grain", "#112233"), FileClass("void"), FileClass("Background")]
BOX = Box(0, 0, 1, 1)


def test_classes_keep_name_colour_and_order_and_take_the_codes_from_2() -> None:
    mapping = map_classes(FILE)
    assert mapping.names == ("grain", "void")
    assert mapping.classes[0].color == "#112233"
    assert mapping.codes == {"not labelled": 0, "background": 1, "grain": 2, "void": 3}


def test_a_background_is_known_by_its_name() -> None:
    assert map_classes(FILE).meanings["Background"] == "background"
    assert map_classes([FileClass("_background_")]).meanings == {"_background_": "background"}


def test_several_classes_may_become_one() -> None:
    mapping = map_classes(FILE, {"grain": "matter", "void": "matter"})
    assert mapping.names == ("matter",)
    assert mapping.classes[0].color == "#112233"
    labels = [one.label for one in mapping.apply([Annotation(BOX, "void"), Annotation(BOX, "grain")])]
    assert labels == ["matter", "matter"]


def test_what_is_skipped_is_left_out() -> None:
    mapping = map_classes(FILE, {"void": "skip", "Background": "not labelled"})
    assert mapping.names == ("grain",)
    labels = [one.label for one in mapping.apply([Annotation(BOX, "void"), Annotation(BOX, "Background")])]
    assert labels == ["not labelled"]


def test_named_classes_give_the_codes_and_what_is_not_among_them_is_unknown() -> None:
    mapping = map_classes(FILE, names=("void", "crack"))
    assert mapping.codes["void"] == 2
    assert mapping.names == ("void", "crack")
    assert mapping.unknown == ("grain",)


def test_values_of_an_index_mask_are_known_by_their_number() -> None:
    index = [FileClass("background"), FileClass("not labelled"), FileClass("class 1"), FileClass("class 7")]
    mapping = map_classes(index, {"0": "not labelled", "255": "rim", "1": "grain", "class 7": "skip"})
    assert mapping.meanings == {
        "background": "not labelled",
        "not labelled": "rim",
        "class 1": "grain",
        "class 7": "skip",
    }


def test_a_class_that_the_file_has_not_is_named_with_those_it_has() -> None:
    with pytest.raises(LabelsError, match="no class 'grian', only Background, grain, void"):
        map_classes(FILE, {"grian": "skip"})


@pytest.mark.parametrize("names", [("a", "a"), ("background",), ("",)])
def test_names_that_are_none_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(LabelsError, match="no names for classes"):
        map_classes(FILE, names=names)


def test_more_classes_than_codes_are_refused() -> None:
    with pytest.raises(LabelsError, match="254 classes"):
        map_classes([FileClass(f"c{k}") for k in range(254)])


def test_meanings_are_read_from_words() -> None:
    assert parse_meanings(["class 1 = grain", "a=b=skip"]) == {"class 1": "grain", "a=b": "skip"}
    with pytest.raises(ValueError, match="'grain'"):
        parse_meanings(["grain"])


@pytest.mark.parametrize(
    "word",
    ["not labeled", "Not Labelled", "unlabelled", "Unlabeled", "un-labelled", "not-labelled", "not_labeled"],
)
def test_not_labelled_is_understood_however_it_is_spelled(word: str) -> None:
    mapping = map_classes(FILE, {"void": word})
    assert mapping.meanings["void"] == "not labelled"
    assert mapping.names == ("grain",)


@pytest.mark.parametrize("word", ["Background", "BACKGROUND ", "back-ground"])
def test_background_is_understood_however_it_is_spelled(word: str) -> None:
    assert map_classes(FILE, {"void": word}).meanings["void"] == "background"


def test_no_class_is_named_like_a_reserved_word() -> None:
    with pytest.raises(LabelsError, match="no names for classes: 'Unlabeled'"):
        map_classes(FILE, names=("grain", "void", "Unlabeled"))


def test_background_and_skip_are_understood_in_any_case() -> None:
    mapping = map_classes(FILE, {"grain": "Background", "void": "SKIP", "Background": "Not-Labelled"})
    assert mapping.meanings == {"grain": "background", "void": "skip", "Background": "not labelled"}
    assert mapping.names == ()
