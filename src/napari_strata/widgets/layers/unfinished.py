"""Results that are seen while they are computed: only a finished one takes the place of an earlier one."""

from typing import TYPE_CHECKING, Any

from napari_strata.widgets.layers.last_made import in_passing
from napari_strata.widgets.layers.results import ORIGIN, is_as_shown

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

UNFINISHED = "unfinished"
"""Detail of the tag of a result that is not finished: it replaces none but another unfinished one."""
_LOOKS = ("opacity", "blending", "gamma", "interpolation2d", "colormap")


def look_like_earlier(viewer: "Viewer", growing: "Layer") -> None:
    """Show an unfinished map as the earlier one is shown whose place it will take; its limits are its own."""
    for earlier in _others(viewer, growing)[-1:]:
        for name in _LOOKS:
            setattr(growing, name, getattr(earlier, name))


def finish(viewer: "Viewer", finished: "Layer") -> None:
    """Let a result that is finished take the place of all earlier ones; those that were renamed or kept stay."""
    earlier = _others(viewer, finished)
    finished.metadata[ORIGIN]["key"].pop(UNFINISHED, None)
    with in_passing():
        if viewer.layers.selection.active in earlier:
            viewer.layers.selection.active = finished
        for old in earlier:
            viewer.layers.remove(old)


def _others(viewer: "Viewer", result: "Layer") -> "list[Any]":
    """Return the results that are like one but for how much of them is done; of those, none that are to stay."""
    key = _finished_key(result)
    others = [layer for layer in viewer.layers if layer is not result and _finished_key(layer) == key]
    return [other for other in others if is_as_shown(other)]


def _finished_key(napari_layer: "Layer") -> dict[str, Any]:
    key = napari_layer.metadata.get(ORIGIN, {}).get("key", {})
    return {name: value for name, value in key.items() if name != UNFINISHED}
