"""What the images of a training look like, for the card of its model."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config.card import Seen
from napari_strata.data.appearance import LEAST_SIDE, appearance

if TYPE_CHECKING:
    from napari_strata.training.patches.batches import PatchSource


def seen_in(source: "PatchSource") -> Seen | None:
    """Look at the held-out images of a source; None if there are none, or they are too small to be looked at.

    Parameters
    ----------
    source : PatchSource
        It draws every image anew, so that those it holds out tell the range of all.
    """
    images = [image for batch in source.held_out() for image in batch.images]
    if not images or min(images[0].shape) < LEAST_SIDE:
        return None
    window = min(images[0].shape)
    looks = [appearance(image, window=window) for image in images]

    def bounds(name: str) -> tuple[float, float]:
        values = [getattr(look, name) for look in looks]
        return round(float(np.min(values)), 4), round(float(np.max(values)), 4)

    return Seen(
        window=window,
        spacing=bounds("spacing"),
        order=bounds("order"),
        noise=bounds("noise"),
        skewness=bounds("skewness"),
    )
