"""The mark of what is explained, where there is a map of every slice: in each slice it is that of its map."""

from typing import TYPE_CHECKING, Any

from napari_strata.widgets.layers.target_mark import hide_mark, mark_target
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.maps.asked import Asked

if TYPE_CHECKING:
    from napari.viewer import Viewer


class SliceMark:
    """Moves the mark to what the map of a slice explains; where there is none, the mark is not in that slice.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    asked : Asked
        What is asked of every slice.
    """

    def __init__(self, viewer: "Viewer", asked: Asked) -> None:
        self._viewer, self._asked = viewer, asked
        self._has_marked = False

    def follow(self, frame: int, details: dict[str, Any]) -> None:
        """Mark what is explained in the slice that is shown; the details are those of its map, if it has one."""
        from napari_strata.explain.targets import RegionTarget

        origin = self._asked.source.origin
        if "position" not in details:
            if not self._has_marked:
                hide_mark(self._viewer, origin.image)  # that of another map, which may lie in this slice
            return
        (y, x), target = details["position"], self._asked.question.target
        mask = target.mask if isinstance(target, RegionTarget) else None
        chosen = Chosen(details["target"]["kind"], Place(frame, y, x), int(details["layer"]), mask)
        mark_target(self._viewer, origin, chosen, show=not self._has_marked)
        self._has_marked = True
