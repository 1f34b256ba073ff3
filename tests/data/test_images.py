import numpy as np
import pytest

from napari_strata.data.images import check_image
from napari_strata.errors import ImageError

GOOD = np.arange(256.0).reshape(16, 16)


def with_value(value: float) -> np.ndarray:
    image = GOOD.copy()
    image[3, 4] = value
    return image


def test_an_image_becomes_a_stack_of_one_frame():
    assert check_image(GOOD, "a").shape == (1, 16, 16)


def test_a_stack_stays_a_stack():
    assert check_image(np.stack([GOOD] * 4), "a").shape == (4, 16, 16)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (with_value(np.nan), r"a has 1 pixels that are not finite .* Replace"),
        (with_value(np.inf), "not finite"),
        (np.ones((16, 16)), "constant"),
        (np.stack([GOOD, np.zeros((16, 16))]), "a, frame 1 is constant"),
        (GOOD.astype(complex), r"complex.*amplitude"),
        (np.zeros((16, 16, 3)), r"colour.*grey"),
        (np.zeros((1, 1)), "1 x 1 pixels"),
        (np.zeros((2, 3, 4, 5, 6)), "5 dimensions"),
        (np.zeros((2, 16, 16, 16)), "4 dimensions"),
        (np.full((16, 16), "x"), "not numbers"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_in_words(image, words):
    with pytest.raises(ImageError, match=words):
        check_image(image, "a")
