"""Where the atoms of a table come from; it travels with them in their file."""

from pydantic import Field

from napari_strata.config.base import Config, setting
from napari_strata.config.inference import AtomsConfig


class LocatedImage(Config):
    """An image in which atoms were sought."""

    name: str = setting(..., "Name of the image, as the table has it.")
    frames: int = setting(..., "How many frames were looked at.", ge=1)
    height: int = setting(..., "Height of a frame.", unit="px", ge=1)
    width: int = setting(..., "Width of a frame.", unit="px", ge=1)
    pixel_size: float = setting(..., "Pixel size.", unit="Å/px", gt=0)


class AtomOrigin(Config):
    """Which model located atoms, how, in which images, and with which software."""

    model: str = setting(..., "Name of the model.", min_length=1)
    weights_sha256: str = setting(..., "Checksum of its weights.", min_length=64, max_length=64)
    settings: AtomsConfig = Field(description="How atoms were sought.")
    images: tuple[LocatedImage, ...] = setting(..., "In which images.", min_length=1)
    software: dict[str, str] = setting(..., "Versions of the packages that located them.")
    located: str = setting(..., "When, ISO 8601, UTC.")
