"""How training patches are varied; image, labels, weights and points always together."""

import math
from typing import Self

from napari_strata.config.base import Config, setting

LARGEST_ZOOM = 0.2
"""A network that works at a pixel size of its own sees images at that pixel size, give or take this part."""
LARGEST_STRAIN = 0.1
"""Crystals are hardly ever strained more than this."""
STIFFNESS = 6.0
"""Displacements change over this many times their size at least: over less they would fold the image."""


class AugmentationConfig(Config):
    """Random changes of every training patch; 0 leaves one out."""

    symmetries: bool = setting(True, "Quarter turns and mirror images.", title="Turns and mirrors", advanced=True)
    rotation: float = setting(
        0.0, "Free rotation by up to this angle.", unit="degrees", ge=0, le=180, advanced=True
    )
    zoom: float = setting(
        0.0,
        "Magnified or shrunk by up to this part; keep it within the pixel size's own doubt.",
        ge=0,
        le=0.5,
        advanced=True,
    )
    elastic: float = setting(
        0.0,
        "Smooth displacements of this size (standard deviation).",
        title="Elastic shift",
        unit="px",
        ge=0,
        le=20,
        advanced=True,
    )
    elastic_length: float = setting(
        16.0,
        "Distance over which smooth displacements change; at least 6 times their size is taken.",
        unit="px",
        ge=2,
        le=512,
        advanced=True,
    )
    scan_jitter: float = setting(
        0.0,
        "Scan lines of the image shifted sideways (standard deviation); labels stay where they are.",
        unit="px",
        ge=0,
        le=5,
        advanced=True,
    )
    contrast: float = setting(0.1, "Contrast changed by up to this part.", ge=0, lt=1, advanced=True)
    brightness: float = setting(
        0.1, "Brightness changed by up to this part of the image's standard deviation.", ge=0, le=5, advanced=True
    )
    gamma: float = setting(
        0.0, "Exponent of the grey values changed by up to this factor less 1.", ge=0, le=2, advanced=True
    )
    gaussian_noise: float = setting(
        0.0, "Noise added, up to this part of the image's standard deviation.", ge=0, le=5, advanced=True
    )
    poisson_noise: float = setting(
        0.0,
        "Shot noise added, up to that of this many counts in the brightest pixel; 0 adds none.",
        title="Shot noise",
        unit="counts",
        ge=0,
        le=1e6,
        advanced=True,
    )
    blur: float = setting(
        0.0, "Blurred by up to this (standard deviation of a Gaussian).", unit="px", ge=0, le=10, advanced=True
    )
    background: float = setting(
        0.0,
        "Smooth background added, up to this part of the image's standard deviation.",
        ge=0,
        le=5,
        advanced=True,
    )
    dropout: float = setting(
        0.0,
        "Part of a patch covered by grey squares, at most; their labels stay.",
        title="Grey squares",
        ge=0,
        le=0.5,
        advanced=True,
    )

    @property
    def of_known_values(self) -> Self:
        """These changes without those that would part an image from the values that its grey levels stand for."""
        return self.model_copy(update=dict.fromkeys(("contrast", "brightness", "gamma", "background"), 0.0))

    @property
    def stiff_length(self) -> float:
        """Distance over which displacements change, long enough not to fold the image [px]."""
        return max(self.elastic_length, STIFFNESS * self.elastic)

    def doubts(self, pixel_size: float | None) -> tuple[str, ...]:
        """Say what makes no sense for a network that works at a pixel size of its own [Å/px]."""
        if pixel_size is None:
            return ()
        strain = self.elastic / (math.sqrt(2) * self.stiff_length)
        words = []
        if self.zoom > LARGEST_ZOOM:
            words.append(
                f"Patches are zoomed by up to {self.zoom:.0%}, but images reach the network at {pixel_size:g} "
                f"Å/px: more than {LARGEST_ZOOM:.0%} teaches it lattices that it will not meet."
            )
        if strain > LARGEST_STRAIN:
            words.append(
                f"Smooth displacements strain crystals by {strain:.0%} (standard deviation), more than "
                f"{LARGEST_STRAIN:.0%}: a smaller shift, or one over a longer distance, keeps the lattice."
            )
        return tuple(words)
