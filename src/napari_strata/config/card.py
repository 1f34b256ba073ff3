"""The readable card beside a model's weights: enough to rebuild, trust and cite it."""

from typing import Annotated

from pydantic import Field

from napari_strata.config.base import Config, setting
from napari_strata.config.labels import ClassTable
from napari_strata.config.model import ModelConfig

COARSER = 1.25
"""By so much an image's pixels may be larger than the model's: it has been drawn with its scale varied."""
Noise = Annotated[float, Field(gt=0)]


class Seen(Config):
    """What a model learned from looked like on its grid: least and greatest figures of many images."""

    window: int = setting(..., "Side of the windows in which images were looked at.", unit="px", ge=64)
    spacing: tuple[float, float] = setting(..., "Period of the spectrum's clearest ring.", unit="px")
    order: tuple[float, float] = setting(..., "By how much that ring stands out, in powers of ten.")
    noise: tuple[Noise, Noise] = setting(..., "Share of noise, above 0 to about 1.")
    skewness: tuple[float, float] = setting(..., "Skewness of the intensities.")


class ModelCard(Config):
    """What a model is and where it comes from; stored as card.yaml beside the weights."""

    format_version: int = setting(1, "Version of this card.", ge=1, le=1)
    name: str = setting(..., "Name of the model.", min_length=1)
    created: str = setting(..., "Time of the last change, ISO 8601, UTC.")
    model: ModelConfig = Field(description="The network.")
    members: int = setting(1, "Networks in it, whose probabilities are averaged.", ge=1, le=20)
    classes: ClassTable = Field(description="What its outputs mean.")
    value_scale: tuple[float, float] | None = setting(
        None, "Of a network that gives values, their offset and spread; without them, those of each image."
    )
    trained_on: str = setting(..., "In words, what it learned from.")
    seen: Seen | None = setting(
        None, "What that looked like; without it nothing is said of images that look otherwise."
    )
    figures: dict[str, float | int | str | None] = setting(..., "Scores at the best validation.")
    software: dict[str, str] = setting(..., "Versions of the packages that trained it.")
    weights_file: str = setting(..., "File name of the weights beside the card.", pattern=r"^[\w-]+\.safetensors$")
    weights_sha256: str = setting(..., "Checksum of the weights.", min_length=64, max_length=64)

    @property
    def learned_from(self) -> str:
        """What `trained_on` says before it tells, behind a semicolon, which model the training started from."""
        return self.trained_on.partition(";")[0].rstrip(".")

    @property
    def coarsest(self) -> float | None:
        """Largest pixel size of an image that the model is trained for [Å/px]; None where it works at none."""
        return None if self.model.pixel_size is None else COARSER * self.model.pixel_size

    @property
    def spacings(self) -> tuple[float, float] | None:
        """Least and greatest period of the clearest ring of what it has seen [Å]; None where nobody noted it."""
        if self.seen is None or self.model.pixel_size is None:
            return None
        low, high = self.seen.spacing
        return low * self.model.pixel_size, high * self.model.pixel_size
