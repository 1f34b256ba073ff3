"""A change of an image that is seen: no map, mask or face of a drawn region lies on it."""

from typing import TYPE_CHECKING

from napari_strata.widgets.layers.covering import Covering

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer


class Uncovered:
    """Takes what covers a change out of sight when one is shown first; whoever shows it again then, sees it.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._covering = Covering(viewer)
        self._image: Image | None = None
        self._drawn: tuple[Layer, int] | None = None
        self._is_paused = False

    def show(self, image: "Image", drawn: "Layer | None" = None) -> None:
        """Uncover a change of an image that is shown now, and of a region that is drawn."""
        from napari.layers import Shapes

        if image is not self._image:
            self.end()
            self._image = image
            self._hide(image)
        if isinstance(drawn, Shapes) and self._drawn != (drawn, drawn.nshapes):
            self._drawn = drawn, drawn.nshapes
            self._covering.see_through(drawn)

    def pause(self) -> None:
        """Bring back what is hidden, until `resume`: the changes are out of sight."""
        self._is_paused = self._image is not None
        self._drawn = None
        self._covering.show()

    def resume(self) -> None:
        """Hide it again: the changes are back."""
        if self._is_paused and self._image is not None:
            self._hide(self._image)
        self._is_paused = False

    def end(self) -> None:
        """Bring back what is hidden; the next change hides it anew."""
        self._image = self._drawn = None
        self._covering.show()

    def _hide(self, image: "Image") -> None:
        self._covering.hide(image)
        self._covering.hide_maps(image)
