"""How the smallest change of an image that flips a score is looked for."""

from napari_strata.config.base import Config, setting


class SmallestChangeConfig(Config):
    """Which pixels may change, how much at most, and how long to look."""

    reach: float = setting(
        2.0, "Pixels so far from the target may change, where no region is drawn.", unit="Å", ge=0, le=1000
    )
    bound: float = setting(
        1.0,
        "Largest change that counts, as a multiple of the shot noise in these pixels.",
        title="Bound [x noise]",
        gt=0,
        le=1000,
    )
    steps: int = setting(50, "At most so many gradients are computed.", ge=1, le=10_000, advanced=True)
    dose: float | None = setting(
        None, "Electrons counted in the image; none takes the noise that the image shows.", unit="1/Å²", gt=0
    )
