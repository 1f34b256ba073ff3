"""Which network: its kind, its size, and the grid on which it works."""

from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting

Architecture = Literal["unet", "gombnet", "residual-unet", "attention-unet", "resnet-unet"]
Activation = Literal["relu", "gelu", "silu"]
Norm = Literal["batch", "group", "instance"]
Padding = Literal["same", "valid"]
Output = Literal["classes", "multi-label", "values"]


class ModelConfig(Config):
    """A Gomb-Net (one decoder per crystal layer), or a network of one decoder."""

    architecture: Architecture = setting(
        "gombnet",
        "Gomb-Net for one mask per layer; for one mask a U-Net: plain, residual, with attention, on a ResNet.",
    )
    layers: int = setting(2, "Crystal layers, one decoder each; a U-Net has one.", ge=1, le=4)
    filters: tuple[int, ...] = setting(
        (32, 64, 128, 192),
        "Feature maps of each level, finest first.",
        min_length=2,
        max_length=6,
        advanced=True,
    )
    activation: Activation = setting("relu", "Non-linearity; explanations need relu.", advanced=True)
    norm: Norm = setting(
        "batch", "Normalisation over the batch, groups of features, or each image.", advanced=True
    )
    padding: Padding = setting(
        "same", "Convolutions padded, or as in the paper of 2015 on a mirrored margin.", advanced=True
    )
    output: Output = setting(
        "classes",
        "One class per pixel, classes that may overlap, or a value per pixel (regression, denoising).",
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
        if self.architecture != "gombnet" and self.layers != 1:
            raise ValueError(f"a {self.architecture} has exactly 1 layer; choose gombnet for more")
        if self.architecture == "gombnet" and self.layers < 2:
            raise ValueError("a gombnet has 2 or more layers; choose unet for one")
        if any(f < 1 for f in self.filters):
            raise ValueError("filters must be positive")
        return self
