"""Whether a model has seen images such as this one, and if not, why not, in words."""

import math

from napari_strata.config import ModelCard
from napari_strata.config.card import Seen
from napari_strata.data.appearance import LEAST_SIDE, STANDS_OUT, Appearance, appearance
from napari_strata.data.grid import scale_factor, to_network_grid
from napari_strata.types import ImageStack

COARSER = 1.25
"""By so much an image's pixels may be larger than the model's: it has been drawn with its scale varied."""
MARGIN = 0.15
"""Part of a range by which a figure may lie outside it: the range is that of some images only."""


def doubts_about(image: ImageStack, card: ModelCard) -> str | None:
    """Say what of an image a model has not seen.

    Parameters
    ----------
    image : ImageStack
        A checked stack, calibrated if the model needs that; its first frame is looked at.
    card : ModelCard
        What the model has seen.

    Returns
    -------
    str or None
        A sentence with all reasons; None where there are none, or where the card does not tell.
    """
    reasons = [*_of_pixels(image, card)]
    grid = to_network_grid(image.data[0], image.pixel_size, card.model.pixel_size)
    if card.seen is not None and grid.min() == grid.max():
        reasons.append("all its pixels are alike")
    elif card.seen is not None and min(grid.shape) >= LEAST_SIDE:
        look = appearance(grid, window=card.seen.window)
        reasons += _of_lattice(look, card.seen, card.model.pixel_size)
        reasons += _of_noise(look, card.seen)
        reasons += _of_contrast(look, card.seen)
    if not reasons:
        return None
    return f"{image.name} is outside what the model {card.name} has seen, because {'; and '.join(reasons)}."


def _of_pixels(image: ImageStack, card: ModelCard) -> list[str]:
    if card.model.pixel_size is None or scale_factor(image.pixel_size, card.model.pixel_size) <= COARSER:
        return []
    return [f"its pixels of {image.pixel_size:g} Å are coarser than the model's of {card.model.pixel_size:g} Å"]


def _of_lattice(look: Appearance, seen: Seen, pixel_size: float | None) -> list[str]:
    """Compare the strongest spacing, or, where none stands out, say so."""
    if look.order < _widened(seen.order)[0]:
        return ["hardly any spacing stands out of its spectrum"]
    if look.order < STANDS_OUT or _is_within(look.spacing, seen.spacing):
        return []
    factor, unit = (pixel_size, "Å") if pixel_size else (1.0, "px")
    low, high = (factor * spacing for spacing in seen.spacing)
    return [
        f"its strongest spacing is {factor * look.spacing:.2f} {unit} instead of {low:.2f} to {high:.2f} {unit}"
        " (another crystal, or a wrong pixel size)"
    ]


def _of_noise(look: Appearance, seen: Seen) -> list[str]:
    low, high = (10**log for log in _widened((math.log10(seen.noise[0]), math.log10(seen.noise[1]))))
    if look.noise > high:
        return [f"it is noisier (share of noise {look.noise:.2f}, seen up to {seen.noise[1]:.2f})"]
    if look.noise < low:
        return [f"it is smoother (share of noise {look.noise:.3f}, seen down to {seen.noise[0]:.3f})"]
    return []


def _of_contrast(look: Appearance, seen: Seen) -> list[str]:
    if _is_within(look.skewness, seen.skewness):
        return []
    low, high = seen.skewness
    return [f"its contrast differs (skewness {look.skewness:.2f}, seen {low:.2f} to {high:.2f})"]


def _is_within(value: float, bounds: tuple[float, float]) -> bool:
    low, high = _widened(bounds)
    return low <= value <= high


def _widened(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    return low - MARGIN * (high - low), high + MARGIN * (high - low)
