"""What an image says of itself, in words."""

import pytest

from napari_strata.config import SimulationConfig
from napari_strata.matching.estimates import Estimate, ImageEstimates
from napari_strata.matching.words import doubts


def estimates(found: float, stated: float | None) -> ImageEstimates:
    some = Estimate(1.0, 0.1)
    return ImageEstimates(
        pixel_size=Estimate(found, 0.001),
        stated_pixel_size=stated,
        layers=1,
        layers_seen=1,
        twist=None,
        stretch=1.0,
        probe_width=some,
        dose=some,
        background=some,
        even_background=some,
        is_gain_known=True,
        is_smoothed=False,
        is_saturated=False,
    )


@pytest.mark.parametrize(
    ("found", "stated", "words"),
    [
        (0.1, 0.108, "The image states 0.108 Å/px; the one found is 7 % smaller: check"),
        (0.12, 0.1, "The image states 0.1 Å/px; the one found is 20 % larger: check"),
    ],
)
def test_another_pixel_size_than_the_stated_one_is_told_in_the_right_sense(found, stated, words):
    (doubt,) = doubts(estimates(found, stated), SimulationConfig())
    assert doubt.startswith(words)


@pytest.mark.parametrize("stated", [None, 0.1, 0.102])
def test_nothing_is_said_of_a_pixel_size_that_agrees(stated):
    assert doubts(estimates(0.1, stated), SimulationConfig()) == ()
