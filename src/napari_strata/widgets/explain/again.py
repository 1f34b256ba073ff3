"""The same question once more: how it is asked, and what is different in the answer."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.widgets.explain.request import Request
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.maps.asked import EXPLANATION, asked_by

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.explain.heatmap import Heatmap

_SAME = 1e-5
"""Part of the greatest value by which equal maps may differ: sums are not always made in the same order."""
_KINDS = {"instance": "label"}


def request_again(viewer: "Viewer", map_layer: "Image") -> Request:
    """Return what a map asks, ready to be asked of the model as it is now.

    Raises
    ------
    TargetError, ImageError, BundleError
        If the image or the model is gone, or the map does not say what was asked.
    """
    from napari_strata.explain.targets import RegionTarget, centre

    asked = asked_by(viewer, map_layer)
    target = asked.question.target
    y, x = centre(target)
    kind = map_layer.metadata[EXPLANATION]["target"]["kind"]
    mask = target.mask if isinstance(target, RegionTarget) else None
    chosen = Chosen(_KINDS.get(kind, kind), Place(asked.frame, y, x), asked.question.layer, mask)
    return Request(asked, chosen, before=map_layer)


def has_learned(request: Request) -> bool:
    """Tell whether the model has other weights now than those that made the map before."""
    assert request.before is not None, "it is asked again"
    return bool(_details(request)["weights_sha256"] != request.asked.source.origin.card.weights_sha256)


def is_same(request: Request, heatmap: "Heatmap") -> bool:
    """Tell whether a finished map is the one from before."""
    before, after = _map(request), heatmap.data
    return before.shape == after.shape and float(np.abs(after - before).max()) <= _SAME * float(
        np.abs(before).max()
    )


def what_changed(request: Request, heatmap: "Heatmap") -> str:
    """Say how a map and its score differ from those before."""
    old, new = float(_details(request)["score"]), float(heatmap.metadata["score"])
    score = f"Score {new:.2f}, was {old:.2f}."
    if not has_learned(request):
        who = "The same model"
        if _details(request)["done"] < 1 or heatmap.metadata["done"] < 1:
            return f"{who}. {score}"
        return f"{who}, the same map. {score}" if is_same(request, heatmap) else f"{who}, another map. {score}"
    before, after = _map(request), heatmap.data
    alike = ""
    if before.shape == after.shape and before.std() > 0 and after.std() > 0:
        alike = f" The maps correlate by {np.corrcoef(before.ravel(), after.ravel())[0, 1]:.2f}."
    return f"The model has learned since: {score[0].lower()}{score[1:]}{alike}"


def _details(request: Request) -> dict[str, Any]:
    assert request.before is not None, "it is asked again"
    details: dict[str, Any] = request.before.metadata[EXPLANATION]
    return details


def _map(request: Request) -> np.ndarray[Any, np.dtype[np.float32]]:
    assert request.before is not None, "it is asked again"
    data = full_data(request.before)
    return np.asarray(data[0] if data.ndim == 3 else data)
