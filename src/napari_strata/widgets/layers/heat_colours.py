"""Colours and limits of heatmaps: of those that only say how much, and of those that say for or against."""

from typing import Any

import numpy as np

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS
from napari_strata.types import FloatImage

AGAINST, FOR = "#3d8bff", "#ff4f3a"
"""Blue and red that are equally bright on grey and that colour-blind readers tell apart."""
_OPACITY, _OPACITY_SIGNED = 0.6, 0.8
_SHOWN = 0.98
"""Part of the values, weak ones left out, that are not brighter than the brightest colour."""
_WEAK = 0.01
"""Values below this part of the greatest are weak."""


def heat_style(method: ExplainMethod) -> dict[str, Any]:
    """Return the colour map, blending and opacity of an image layer that shows the map of a method.

    Maps without sign are added to the image in inferno. Those with a sign are red where a pixel speaks for the
    score, blue where it speaks against it, and let the image through where it does neither.
    """
    if not METHODS[method].signed:
        return {"colormap": "inferno", "blending": "additive", "opacity": _OPACITY}
    from napari.utils.colormaps import Colormap

    clear = [f"{AGAINST}00", f"{FOR}00"]
    colormap = Colormap(
        [f"{AGAINST}ff", *clear, f"{FOR}ff"],
        controls=[0, 0.499, 0.501, 1],
        name="against - for",
        display_name="against - for",
    )
    return {"colormap": colormap, "blending": "translucent", "opacity": _OPACITY_SIGNED}


def heat_limits(data: FloatImage, method: ExplainMethod) -> tuple[float, float]:
    """Return the contrast limits of a map: from 0, or about 0 where it has a sign.

    A few strongest pixels do not fade all others.

    Parameters
    ----------
    data : ndarray of float32, shape (y, x)
        The map.
    method : str
        Its method.
    """
    strength = np.abs(data)
    highest = float(strength.max())
    end = float(np.quantile(strength[strength > _WEAK * highest], _SHOWN)) if highest > 0 else 1.0
    return (-end if METHODS[method].signed else 0.0), end
