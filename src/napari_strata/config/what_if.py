"""What is done to a part of an image to see what the network then says."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import model_validator

from napari_strata.config.base import Config, setting

Change = Literal["erase", "blur", "denoise", "shift"]
CHANGES: tuple[Change, ...] = get_args(Change)
READS: Mapping[Change, tuple[str, ...]] = {
    "erase": ("part",),
    "blur": ("blur",),
    "denoise": ("strength",),
    "shift": ("shift_y", "shift_x"),
}
"""The settings that concern a change."""


class WhatIfConfig(Config):
    """How the pixels of a region are changed; each change reads only the settings that concern it."""

    change: Change = setting("erase", "What is done to the region.")
    part: float = setting(1.0, "How much of the region is erased: 1 is all that stands out.", ge=0, le=1)
    blur: float = setting(0.5, "Standard deviation of the Gaussian that blurs.", unit="Å", ge=0, le=100)
    strength: float = setting(
        1.0, "How strongly noise is taken away, in standard deviations of the shot noise.", ge=0, le=10
    )
    shift_y: float = setting(
        0.5,
        "How far the region is moved down; 0 if only the move to the right is given.",
        unit="Å",
        ge=-1000,
        le=1000,
    )
    shift_x: float = setting(0.0, "How far the region is moved to the right.", unit="Å", ge=-1000, le=1000)
    grow: float = setting(0.0, "By so much the region is larger on every side.", unit="Å", ge=0, le=100)

    @model_validator(mode="before")
    @classmethod
    def _shift_as_given(cls, values: Any) -> Any:
        """Move only to the right where only that is given."""
        if isinstance(values, dict) and "shift_x" in values:
            return {"shift_y": 0.0, **values}
        return values
