import numpy as np
import pytest

from napari_strata.annotation.doctor.finding import Fix, Severity


def test_sane_images_and_labels_give_no_finding(examine, image, labels):
    assert examine(image, labels) == []
    assert examine(image, labels, labels, expected={"layers": 2}) == []
    assert examine(image[0], labels[0]) == []
    assert examine(image[0], labels[:1]) == []


def test_a_complex_image_is_an_error(examine, image, labels):
    (finding, *_) = examine(image.astype(np.complex64), labels)
    assert (finding.check, finding.severity, finding.place.image) == ("image-type", Severity.ERROR, "moire")


def test_float_labels_that_are_whole_numbers_can_be_converted(examine, image, labels):
    (finding,) = examine(image, labels.astype(np.float32))
    assert (finding.check, finding.fix) == ("label-type", Fix.WHOLE_NUMBERS)
    assert "float32" in finding.message


def test_fractions_in_labels_are_counted_and_not_converted(examine, image, labels):
    fractions = labels.astype(float)
    fractions[0, 0, :3] = (0.5, np.nan, np.inf)
    (finding,) = examine(image, fractions)
    assert (finding.check, finding.fix) == ("label-type", None)
    assert "3 pixels are no whole numbers" in finding.message


@pytest.mark.parametrize("dtype", [bool, complex])
def test_labels_of_other_types_are_errors(examine, image, labels, dtype):
    (finding,) = examine(image, labels.astype(dtype))
    assert (finding.check, finding.severity, finding.fix) == ("label-type", Severity.ERROR, None)


def test_labels_with_swapped_axes_can_be_turned(examine, image, labels):
    (finding,) = [f for f in examine(image, labels.swapaxes(1, 2)) if f.severity is Severity.ERROR]
    assert (finding.check, finding.fix, finding.place.layer) == ("axis-order", Fix.TRANSPOSE, 0)


def test_frames_that_come_last_are_noticed(examine):
    rng = np.random.default_rng(0)
    checks = {shape: [f.check for f in examine(rng.random(shape))] for shape in [(64, 64, 12), (12, 64, 64)]}
    assert checks == {(64, 64, 12): ["axis-order"], (12, 64, 64): []}


def test_four_axes_are_an_error(examine, image):
    (finding,) = examine(image[None])
    assert (finding.check, finding.severity) == ("axis-order", Severity.ERROR)


def dots(turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of 12 bright dots, and its labels, which explain all of its brightness."""
    rng = np.random.default_rng(3)
    image = 1e-3 * rng.random((64, 64))
    for y, x in zip(rng.permutation(12), range(12), strict=True):
        image[5 * y : 5 * y + 3, 5 * x : 5 * x + 3] += 1
    labels = (1 + (image > 0.5)).astype(np.uint8)
    return image, labels.T.copy() if turned else labels


def test_square_labels_that_fit_better_turned_are_doubted(examine):
    (finding,) = examine(*dots(turned=True))
    assert (finding.check, finding.severity, finding.fix) == ("axis-order", Severity.WARNING, Fix.TRANSPOSE)
    assert "explain 100 %" in finding.message
    assert examine(*dots(turned=False)) == []


def test_labels_of_another_size_are_an_error(examine, image, labels):
    (finding,) = [f for f in examine(image, labels[:, :-1]) if f.severity is Severity.ERROR]
    assert finding.check == "size-mismatch"
    assert "(3, 39, 48)" in finding.message
    assert "(3, 40, 48)" in finding.message


def test_labels_of_fewer_layers_than_the_network_are_an_error(examine, image, labels):
    (finding,) = examine(image, labels, expected={"layers": 2})
    assert finding.check == "size-mismatch"
    assert "1 crystal layer, the network has 2" in finding.message
