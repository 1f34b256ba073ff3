"""What the images of a training look like, for the card of its model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_strata.config.card import Seen
from napari_strata.data.appearance import LEAST_SIDE, STANDS_OUT, Appearance, appearance

if TYPE_CHECKING:
    from napari_strata.training.patches.batches import PatchSource


def seen_in(source: "PatchSource") -> Seen | None:
    """Look at the held-out images of a source.

    Parameters
    ----------
    source : PatchSource
        It draws every image anew, so that those it holds out tell the range of all.

    Returns
    -------
    Seen or None
        The spacing is that of images in which one stands out. None if there is no such image, or they are too
        small to be looked at.
    """
    images = [image for batch in source.held_out() for image in batch.images]
    if not images or min(images[0].shape) < LEAST_SIDE:
        return None
    window = min(images[0].shape)
    looks = [appearance(image, window=window) for image in images]
    clear = [look for look in looks if look.order >= STANDS_OUT]
    if not clear:
        return None
    return Seen(
        window=window,
        spacing=_bounds(clear, "spacing"),
        order=_bounds(looks, "order"),
        noise=_bounds(looks, "noise"),
        skewness=_bounds(looks, "skewness"),
    )


def _bounds(looks: Sequence[Appearance], name: str) -> tuple[float, float]:
    values = [getattr(look, name) for look in looks]
    return _rounded(min(values)), _rounded(max(values))


def _rounded(value: float) -> float:
    """Keep four digits, so that what is small stays above 0."""
    return float(f"{value:.4g}")
