"""Learning values instead of classes: pairs of an image and what it should become."""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting

Units = Literal["image", "own"]


class PairedData(Config):
    """Train on images and targets, pixel by pixel: denoising, or another quantity than intensity."""

    source: Literal["images"] = "images"
    images: tuple[Path, ...] = setting(
        ..., "Image files, (y, x) or (frame, y, x), relative to this file.", min_length=1
    )
    targets: tuple[Path, ...] = setting(
        ...,
        "Files of the values that the network should give, in the same order: (y, x), (frame, y, x) or (frame, "
        "layer, y, x) like their images; NaN where nobody knows.",
        min_length=1,
    )
    units: Units = setting(
        "image",
        "image: targets are better versions of the images, in their units (denoising). own: another quantity, "
        "in units of its own (regression).",
    )
    image_pixel_size: float | None = setting(
        None, "Pixel size of the images where the files do not say.", unit="Å/px", gt=0
    )

    @property
    def files(self) -> dict[str, tuple[Path, ...]]:
        """The fields that name files."""
        return {"images": self.images, "targets": self.targets}

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.images) != len(self.targets):
            raise ValueError(f"{len(self.images)} images but {len(self.targets)} targets")
        return self
