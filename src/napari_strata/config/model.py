"""Which network: its kind, its size, and the grid on which it works."""

from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting

Architecture = Literal["unet", "gombnet"]


class ModelConfig(Config):
    """A U-Net (one decoder) or a Gomb-Net (one decoder per crystal layer)."""

    architecture: Architecture = setting("gombnet", "U-Net for one mask, Gomb-Net for one mask per layer.")
    layers: int = setting(2, "Crystal layers, one decoder each; a U-Net has one.", ge=1, le=4)
    filters: tuple[int, ...] = setting(
        (32, 64, 128, 192),
        "Feature maps of each level, finest first.",
        min_length=2,
        max_length=6,
        advanced=True,
    )
    dropout: float = setting(0.0, "Part of the deepest features dropped in training.", ge=0, lt=1, advanced=True)
    pixel_size: float | None = setting(
        0.2,
        "Pixel size to which images are resampled before the network sees them; empty keeps their own.",
        unit="Å/px",
        gt=0,
        advanced=True,
    )

    @model_validator(mode="after")
    def _decoders_fit_architecture(self) -> Self:
        if self.architecture == "unet" and self.layers != 1:
            raise ValueError("a unet has exactly 1 layer; choose gombnet for more")
        if self.architecture == "gombnet" and self.layers < 2:
            raise ValueError("a gombnet has 2 or more layers; choose unet for one")
        if any(f < 1 for f in self.filters):
            raise ValueError("filters must be positive")
        return self
