"""How a heatmap is put to the test."""

from typing import Literal, get_args

from napari_strata.config.base import Config, setting

Measure = Literal[
    "completeness",
    "curves",
    "infidelity",
    "sensitivity",
    "stability",
    "model-randomisation",
    "label-randomisation",
]
MEASURES: tuple[Measure, ...] = get_args(Measure)


class JudgeConfig(Config):
    """Which tests a heatmap has to stand, and how exactly they are made."""

    measures: tuple[Measure, ...] = setting(MEASURES, "Which tests, in this order.", min_length=1)
    points: int = setting(16, "Points of the deletion and insertion curves.", ge=2, le=1000)
    orders: int = setting(3, "Random orders of pixels that the curves are compared with.", ge=1, le=100)
    squares: int = setting(64, "Squares that are covered to measure the infidelity.", ge=2, le=100_000)
    radius: float = setting(
        0.02, "Largest change of a pixel for the sensitivity, as a part of the image's range.", gt=0, le=1
    )
    repeats: int = setting(5, "Changed images for sensitivity, and for stability.", ge=1, le=1000)
    dose: float | None = setting(
        None, "Electrons counted in the image; none takes the noise that the image shows.", unit="1/Å²", gt=0
    )
    stages: int = setting(6, "In how many steps the network is made random, from the top.", ge=1, le=100)
    draws: int = setting(3, "How many random networks the wholly random end is averaged over.", ge=1, le=100)
    steps: int = setting(
        150, "Steps of the short training on permuted masks, where there are labels.", ge=1, le=100_000
    )
