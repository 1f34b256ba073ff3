"""Atoms that are clicked or dragged beside their image: that is taken back, and said."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.numbers import counted
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import between
from napari_strata.widgets.parts.notify import show_refused

if TYPE_CHECKING:
    from napari.layers import Image, Points


class KeptInside:
    """Follows what a person does to atoms; where a drag begins it notes where they are."""

    def __init__(self) -> None:
        self._before: NDArray[np.float64] = np.empty((0, 2))

    def take_back(self, points: "Points", image: "Image | None", event: Any) -> bool:
        """Take atoms away that were just added beside their image, and put those back that were dragged there.

        Parameters
        ----------
        points : Points
            The atoms.
        image : Image or None
            Their image; where it is not open nothing is taken back.
        event : Event
            What napari tells of a change of the points.

        Returns
        -------
        bool
            Whether atoms were taken away.
        """
        action = str(getattr(event, "action", "")).rpartition(".")[2].lower()
        is_dragged = points._drag_start is not None  # noqa: SLF001 (a program may put them where it wants)
        if action == "changing" and is_dragged:
            self._before = np.array(points.data)
        if image is None or not len(points.data):
            return False
        if action == "changed" and is_dragged and self._before.shape == points.data.shape:
            _put_back(points, image, self._before, _beside(points, image, event))
        return action == "added" and _take_out(points, image, _beside(points, image, event))


def _take_out(points: "Points", image: "Image", beside: NDArray[np.intp]) -> bool:
    if not len(beside):
        return False
    points.remove(beside.tolist())
    show_refused(f"No atom was added there: it is outside of the image {image.name}. Click inside it.")
    return True


def _put_back(points: "Points", image: "Image", before: NDArray[np.float64], beside: NDArray[np.intp]) -> None:
    if not len(beside):
        return
    places = np.array(points.data)
    places[beside] = before[beside]
    points.data = places
    which = "The atom is" if len(beside) == 1 else f"{counted(len(beside), 'atom')} are"
    show_refused(
        f"{which} back in place: the drag ended outside of the image {image.name}. Press Delete to remove atoms."
    )


def _beside(points: "Points", image: "Image", event: Any) -> NDArray[np.intp]:
    """Return which of the points that an event tells of lie beside their image."""
    told = np.unique(np.asarray(event.data_indices, np.intp) % len(points.data))
    places = between(points, image, points.data[told])
    shape = np.array(full_data(image).shape)
    found: NDArray[np.intp] = told[((places < -0.5) | (places >= shape - 0.5)).any(axis=1)]
    return found
