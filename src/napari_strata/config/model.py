"""Which network: its kind, its size, and the grid on which it works."""

from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting

Architecture = Literal["unet", "gombnet", "residual-unet", "attention-unet", "resnet-unet"]
Activation = Literal["relu", "gelu", "silu"]
Norm = Literal["batch", "group", "instance"]
Padding = Literal["same", "valid"]
Output = Literal["classes", "multi-label", "values"]
UNPADDED: tuple[Architecture, ...] = ("gombnet", "unet")
"""Those that can go without padding."""
RESNET_STAGES = 4
"""Levels of a U-Net on a ResNet: the stages of every ResNet."""


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
    activation: Activation = setting("relu", "Non-linearity.", advanced=True)
    norm: Norm = setting(
        "batch",
        "Normalisation over the batch, or over groups of features or each feature of one image; these two let all "
        "that is predicted at once, a tile, have a say.",
        advanced=True,
    )
    padding: Padding = setting(
        "same",
        "Convolutions padded, or on a mirrored margin as in the paper of 2015 (gombnet and unet).",
        advanced=True,
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
        return self

    @model_validator(mode="after")
    def _architecture_can_be_built(self) -> Self:
        if any(f < 1 for f in self.filters):
            raise ValueError("filters must be positive")
        if self.architecture == "resnet-unet" and len(self.filters) != RESNET_STAGES:
            raise ValueError(f"a resnet-unet has {RESNET_STAGES} levels; give {RESNET_STAGES} filters")
        if self.architecture == "attention-unet" and min(self.filters) < 2:
            raise ValueError("an attention-unet needs 2 or more filters at every level")
        if self.padding == "valid" and self.architecture not in UNPADDED:
            raise ValueError(f"a {self.architecture} is always padded; choose padding same")
        return self
