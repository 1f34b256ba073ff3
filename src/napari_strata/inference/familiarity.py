"""Whether a model has seen images such as this one, and if not, why not, in words."""

import math

from napari_strata.config import ModelCard
from napari_strata.config.card import COARSER, Seen
from napari_strata.data.appearance import LEAST_SIDE, STANDS_OUT, Appearance, appearance
from napari_strata.data.grid import scale_factor, to_network_grid
from napari_strata.types import ImageStack

MOST_LOOKS = 16
"""Frames of a stack that are looked at; 512 x 512 pixels each take a second together."""
STRANGE_SPACING = "a wrong pixel size, or another crystal"
"""What a spacing that was not seen may come from."""
MARGIN = 0.15
"""Part of a range by which a figure may lie outside it: the range is that of some images only."""


def doubts_about(image: ImageStack, card: ModelCard) -> str | None:
    """Say what of an image a model has not seen.

    Parameters
    ----------
    image : ImageStack
        A checked stack, calibrated if the model needs that. All frames are looked at; of more than `MOST_LOOKS`,
        so many that are evenly spread, the first and the last one among them.
    card : ModelCard
        What the model has seen.

    Returns
    -------
    str or None
        A sentence with all reasons; None where there are none, or where the card does not tell. Of a stack it
        names the frame, from 0, that there is most to say of.
    """
    of_pixels = _of_pixels(image, card)
    looked = _spread(len(image.data)) if card.seen is not None else []
    said = {frame: _of_frame(image, frame, card) for frame in looked}
    strange = [frame for frame, reasons in said.items() if reasons]
    worst = max(strange, key=lambda frame: len(said[frame]), default=None)
    reasons = [*of_pixels, *(said[worst] if worst is not None else ())]
    if not reasons:
        return None
    where = "" if worst is None or len(image.data) == 1 else f" in {_which(strange, worst, looked, image)}"
    return f"{image.name} is outside what the model {card.name} has seen{where}, because {'; and '.join(reasons)}."


def _spread(count: int) -> list[int]:
    """Return the frames to look at."""
    if count <= MOST_LOOKS:
        return list(range(count))
    return [round(index * (count - 1) / (MOST_LOOKS - 1)) for index in range(MOST_LOOKS)]


def _which(strange: list[int], worst: int, looked: list[int], image: ImageStack) -> str:
    count = len(image.data)
    is_all = len(looked) == count
    of_all = f"its {count} frames" if is_all else f"the {len(looked)} of its {count} frames looked at"
    if len(strange) == 1:
        return f"frame {worst}, one of {of_all}"
    how_many = "all" if len(strange) == len(looked) else str(len(strange))
    return f"{how_many} of {of_all}, such as frame {worst}"


def _of_frame(image: ImageStack, frame: int, card: ModelCard) -> list[str]:
    """Compare the look of one frame with all that was seen."""
    assert card.seen is not None, "only then is there something to compare with"
    grid = to_network_grid(image.data[frame], image.pixel_size, card.model.pixel_size)
    if grid.min() == grid.max():
        return ["all its pixels are alike"]
    if min(grid.shape) < LEAST_SIDE:
        return []
    look = appearance(grid, window=card.seen.window)
    return [
        *_of_lattice(look, card.seen, card.model.pixel_size),
        *_of_noise(look, card.seen),
        *_of_contrast(look, card.seen),
    ]


def _of_pixels(image: ImageStack, card: ModelCard) -> list[str]:
    if card.model.pixel_size is None or scale_factor(image.pixel_size, card.model.pixel_size) <= COARSER:
        return []
    return [f"its pixels of {image.pixel_size:g} Å are coarser than the model's of {card.model.pixel_size:g} Å"]


def _of_lattice(look: Appearance, seen: Seen, pixel_size: float | None) -> list[str]:
    """Compare the clearest spacing, or, where none stands out, say so."""
    if look.order < _widened(seen.order)[0]:
        return ["hardly any spacing stands out of its spectrum"]
    if look.order < STANDS_OUT or _is_within(look.spacing, seen.spacing):
        return []
    factor, unit = (pixel_size, "Å") if pixel_size else (1.0, "px")
    low, high = (factor * spacing for spacing in seen.spacing)
    return [
        f"its clearest spacing, the ring that stands out most of its Fourier transform, is"
        f" {factor * look.spacing:.2f} {unit} instead of {low:.2f} to {high:.2f} {unit} ({STRANGE_SPACING})"
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
