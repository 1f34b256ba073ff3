"""What is drawn for one patch, all of it from the patch's own generator."""

import math
from dataclasses import dataclass

import numpy as np

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.data.augmentation.warp import Warp
from napari_strata.data.augmentation.waves import CUT, SmoothField

BACKGROUND_LENGTH = 0.25
"""Backgrounds change over this part of a patch."""
WEAKEST = 1e-3
"""Least part of the shot noise that is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """How one patch is varied.

    Attributes
    ----------
    warp : Warp
        Where its pixels come from.
    gain, offset : float
        Factor and summand of the grey values.
    exponent : float
        Power of the grey values.
    blur : float
        Standard deviation of the Gaussian [px].
    noise : float
        Standard deviation of the noise.
    counts : float
        Expected counts in the brightest pixel; infinity means no shot noise.
    background : float
        Standard deviation of the smooth background.
    field : SmoothField or None
        That background.
    covered : float
        Part that is covered by grey squares.
    seed : int
        Seed of the noise on the device, and of the places of the squares.
    """

    warp: Warp
    gain: float
    offset: float
    exponent: float
    blur: float
    noise: float
    counts: float
    background: float
    field: SmoothField | None
    covered: float
    seed: int


def draw_changes(config: AugmentationConfig, rng: np.random.Generator, *, size: int, drawn: int) -> Changes:
    """Draw how a patch is varied.

    Parameters
    ----------
    config : AugmentationConfig
        Which changes, by how much.
    rng : Generator
        The patch's own.
    size, drawn : int
        Sides of the patch that the network sees and of the one that was drawn [px].
    """
    turn, mirror, gain, offset, exponent, blur, noise, counts, background, covered, angle, zoom = rng.random(12)
    seed = int(rng.integers(2**63))
    warp = Warp(
        size=size,
        drawn=drawn,
        turns=int(4 * turn) if config.symmetries else 0,
        mirrored=bool(mirror < 0.5) if config.symmetries else False,
        angle=math.radians(config.rotation) * (2 * angle - 1),
        zoom=(1 + config.zoom) ** (2 * zoom - 1),
        amplitude=config.elastic,
        displacement=_displacement(config, rng),
        jitter=_jitter(config, size, rng),
    )
    return Changes(
        warp=warp,
        gain=1 + config.contrast * (2 * gain - 1),
        offset=config.brightness * (2 * offset - 1),
        exponent=(1 + config.gamma) ** (2 * exponent - 1),
        blur=config.blur * blur,
        noise=config.gaussian_noise * noise,
        counts=config.poisson_noise / max(counts, WEAKEST),
        background=config.background * background,
        field=SmoothField.draw(BACKGROUND_LENGTH * size, rng) if config.background else None,
        covered=config.dropout * covered,
        seed=seed,
    )


def _displacement(config: AugmentationConfig, rng: np.random.Generator) -> tuple[SmoothField, SmoothField] | None:
    if not config.elastic:
        return None
    return SmoothField.draw(config.stiff_length, rng), SmoothField.draw(config.stiff_length, rng)


def _jitter(config: AugmentationConfig, size: int, rng: np.random.Generator) -> np.ndarray | None:
    if not config.scan_jitter:
        return None
    return np.asarray(config.scan_jitter * np.clip(rng.normal(size=size), -CUT, CUT))
