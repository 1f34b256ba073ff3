import numpy as np
import pytest

from napari_strata.annotation.doctor.finding import Fix, Severity

ERROR, WARNING, INFO = Severity


def kinds(findings):
    return [(finding.check, finding.severity) for finding in findings]


def test_codes_without_a_class_are_placed_and_classes_can_be_added(examine, image, labels):
    labels[1, 5:9, 7:20] = 4
    (finding,) = examine(image, labels)
    assert kinds([finding]) == [("unknown-code", ERROR)]
    assert (finding.place.frame, finding.place.code, finding.place.box) == (1, 4, (5, 7, 9, 20))
    assert "52 pixels with the code 4; its class table ends at 2" in finding.message
    assert finding.fix is Fix.ADD_CLASSES


def test_void_pixels_can_be_made_not_labelled(examine, image, labels):
    labels[0, 0, 0] = 255
    (finding,) = examine(image, labels)
    assert (finding.check, finding.place.code, finding.fix) == ("unknown-code", 255, Fix.UNLABEL)


def test_void_pixels_and_codes_without_a_class_are_mended_each_in_their_way(examine, image, labels):
    labels[0, 0, 0], labels[1, 3, 5] = 255, 9
    void, other = sorted(examine(image, labels), key=lambda one: -one.place.code)
    assert (void.place.code, void.fix) == (255, Fix.UNLABEL)
    assert (other.place.code, other.place.frame, other.fix) == (9, 1, Fix.ADD_CLASSES)
    assert "1 pixel with the code 9; its class table ends at 2" in other.message


def test_more_codes_than_anybody_adds_as_classes_have_no_quick_fix(examine, image, labels):
    labels[0, 0, :17] = np.arange(3, 20)
    (finding,) = examine(image, labels)
    assert (finding.check, finding.fix) == ("unknown-code", None)
    assert "Convert numbered objects" in finding.remedy


def test_a_mask_of_0_and_255_has_no_quick_fix(examine, image, labels):
    finding, *_ = examine(image, np.where(labels == 2, 255, 0).astype(np.uint8))
    assert (finding.check, finding.place.code, finding.fix) == ("unknown-code", 255, None)
    assert "a mask of 0 and 255" in finding.remedy


@pytest.mark.parametrize("code", [-1, 700])
def test_negative_codes_and_numbered_objects_have_no_quick_fix(examine, image, labels, code):
    labels = labels.astype(np.int16)
    labels[0, 0, 0] = code
    for names in [("atom",), ()]:
        (finding,) = examine(image, labels, names=names)
        assert (finding.check, finding.place.code, finding.fix) == ("unknown-code", code, None)


def test_labels_without_paint_are_an_error(examine, image, labels):
    (finding,) = examine(image, np.zeros_like(labels))
    assert kinds([finding]) == [("nothing-painted", ERROR)]


def test_a_crystal_layer_without_paint_is_an_error(examine, image, labels):
    (finding,) = examine(image, labels, np.zeros_like(labels))
    assert (finding.check, finding.place.layer) == ("nothing-painted", 1)
    assert "in crystal layer 1" in finding.message


def test_one_code_only_is_an_error(examine, image, labels):
    (finding, *rest) = examine(image, np.minimum(labels, 1))
    assert kinds([finding]) == [("one-class", ERROR)]
    assert "Only background is painted" in finding.message
    assert kinds(rest) == [("empty-class", WARNING)]


def test_strokes_without_background_are_doubted_but_full_labels_are_not(examine, image, labels):
    (finding,) = examine(image, np.where(labels == 1, 3, labels), names=("a", "b"))
    assert kinds([finding]) == [("one-class", WARNING)]
    (finding,) = examine(image, np.where(labels == 2, 3, 2), names=("a", "b"))
    assert kinds([finding]) == [("one-class", INFO)]


def test_a_class_that_nobody_painted_can_be_removed_where_it_is_the_last(examine, image, labels):
    (finding,) = examine(image, labels, names=("a", "b"))
    assert kinds([finding]) == [("empty-class", WARNING)]
    assert (finding.place.code, finding.fix) == (3, Fix.REMOVE_CLASS)
    (finding,) = examine(image, np.where(labels == 2, 3, labels), names=("a", "b"))
    assert (finding.place.code, finding.fix) == (2, None)


def test_few_pixels_of_a_class_are_placed(examine, image, labels):
    labels[labels == 2] = 0
    labels[2, 5:8, 5:38] = 2
    assert [f.check for f in examine(image, labels)] == ["few-pixels"]
    labels[2, 8, 5] = 2
    assert examine(image, labels) == []


def test_a_rare_class_is_hinted_at(examine):
    image = np.random.default_rng(0).random((400, 400), np.float32)
    labels = np.ones((400, 400), np.uint8)
    labels[10:20, 10:20] = 2
    (finding,) = examine(image, labels)
    assert kinds([finding]) == [("class-imbalance", INFO)]
    assert "1,599 times" in finding.message
    labels[10:20, 10:30] = 2
    assert examine(image, labels) == []


def test_slices_without_labels_are_named(examine, image, labels):
    labels[:2] = 0
    (finding,) = examine(image, labels)
    assert kinds([finding]) == [("unlabelled-slices", INFO)]
    assert finding.message == "2 of 3 slices have no labels: slices 0-1."
