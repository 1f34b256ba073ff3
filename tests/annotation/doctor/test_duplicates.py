import numpy as np
import pytest

from napari_strata.annotation.doctor.finding import Fix, Severity
from napari_strata.annotation.doctor.thumbnail import thumbnail
from napari_strata.simulate.bubbles import simulate_bubbles


@pytest.fixture
def bubbles() -> np.ndarray:
    return simulate_bubbles(frames=4, size=128, bubbles=12, rng=np.random.default_rng(7)).images


def painted(stack: np.ndarray) -> np.ndarray:
    labels = np.ones(stack.shape, np.uint8)
    labels[:, 20:60, 20:60] = 2
    return labels


def test_drifting_bubbles_are_no_duplicates(examine, bubbles):
    assert examine(bubbles, painted(bubbles), held_out=[2]) == []


def test_a_copy_that_training_would_be_judged_by_is_an_error(examine, bubbles):
    bubbles[2] = bubbles[0]
    (finding,) = examine(bubbles, painted(bubbles), held_out=[2])
    assert (finding.check, finding.severity) == ("train-validation-leak", Severity.ERROR)
    assert (finding.place.frame, finding.fix) == (2, Fix.ERASE_SLICE)
    assert "learn from moire slice 0 and be judged by moire slice 2, which is identical" in finding.message


def test_a_noisy_copy_across_the_split_is_a_warning(examine, bubbles):
    noise = np.random.default_rng(0).normal(0, 0.1 * bubbles[0].std(), bubbles[0].shape)
    bubbles[2] = 3 * bubbles[0] + 5 + noise
    (finding,) = examine(bubbles, painted(bubbles), held_out=[2])
    assert (finding.check, finding.severity) == ("train-validation-leak", Severity.WARNING)
    assert "nearly identical (correlation 1.000)" in finding.message or "0.99" in finding.message


def test_labelled_copies_on_one_side_are_a_warning(examine, bubbles):
    bubbles[1] = bubbles[0]
    (finding,) = examine(bubbles, painted(bubbles), held_out=[3])
    assert (finding.check, finding.severity, finding.place.frame) == ("near-duplicate", Severity.WARNING, 1)
    assert finding.message == "moire slice 0, moire slice 1 are identical; all of them are labelled."


def test_copies_that_nobody_labelled_are_but_a_hint(examine, bubbles):
    bubbles[1:] = bubbles[0]
    (finding,) = examine(bubbles)
    assert (finding.check, finding.severity, finding.fix) == ("near-duplicate", Severity.INFO, None)


def test_a_thumbnail_knows_neither_brightness_nor_contrast_nor_a_slope_of_light(bubbles):
    one = thumbnail(bubbles[0])
    assert np.linalg.norm(one) == pytest.approx(1)
    assert one.shape == (64 * 64,)
    assert one @ thumbnail(2 * bubbles[0] + 9) == pytest.approx(1, abs=1e-5)
    slope = np.linspace(-1, 1, 128)[:, None] * bubbles[0].std()
    assert one @ thumbnail(bubbles[0] + slope) > 0.95


def test_a_thumbnail_of_nothing_is_none():
    assert thumbnail(np.full((100, 90), 1e6)) is None
    assert thumbnail(np.zeros((8, 8))) is None


def test_small_slices_are_compared_pixel_by_pixel(examine):
    stack = np.random.default_rng(0).random((5, 9, 12))
    stack[4] = stack[1]
    (finding,) = examine(stack)
    assert finding.message == "moire slice 1, moire slice 4 are identical."
