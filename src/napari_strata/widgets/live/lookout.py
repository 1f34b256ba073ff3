"""Tells a running training what the user looks at, so that exactly that is predicted live."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer

from napari_strata.requests import Look
from napari_strata.types import ImageStack
from napari_strata.widgets.live.overlay import LiveOverlay, Window, window_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

INTERVAL = 300
"""Time between two looks; where the view is the same in two of them, it has come to rest [ms]."""
STEP = 32
"""What is seen is rounded outwards to multiples of this, so that a small move asks for nothing new [px]."""
_KEPT = 8
"""Glances that a preview may still answer."""
_NO_IMAGE = ImageStack(np.empty((0, 0, 0)), None, "")
"""Before anything was copied."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen of an image.

    Attributes
    ----------
    window : Window
        The part of the image that is normalised as a whole, and on which the live layers lie.
    seen : (slice, slice)
        Rows and columns of the window that are seen.
    """

    window: Window
    seen: tuple[slice, slice]


class Lookout(QObject):
    """Watches slice and view of an image.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    overlay : LiveOverlay
        Where predictions are shown; hidden ones are not asked for.
    window : Window
        What is predicted at first.
    pixel_size : float or None
        Pixel size of the image [Å/px].
    post : callable
        Sends a request to the training.
    is_ready : callable
        Tells whether the training takes requests yet.
    """

    def __init__(
        self,
        viewer: "Viewer",
        overlay: LiveOverlay,
        window: Window,
        *,
        pixel_size: float | None,
        post: Callable[[Look], None],
        is_ready: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._overlay, self._pixel_size = viewer, overlay, pixel_size
        self._post, self._is_ready = post, is_ready
        self._now: Glance | None = Glance(window, _whole(window))
        self._last: Glance | None = self._now
        self._window, self._image = window, _NO_IMAGE
        self._key = 0
        self._glances: dict[int, Glance] = {0: Glance(window, _whole(window))}
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def glance(self, key: int) -> Glance | None:
        """Return what a preview is of; None where nobody remembers."""
        return self._glances.get(key)

    def end(self) -> None:
        """Watch no longer."""
        self._timer.stop()
        self.deleteLater()

    def _look(self) -> None:
        if not self._is_ready():
            return
        glance = self._find()
        has_rested, self._last = glance == self._last, glance
        if has_rested and glance != self._now:
            self._now = glance
            self._ask(glance)

    def _ask(self, glance: Glance | None) -> None:
        if glance is None:
            self._post(Look(None, self._key))
            return
        self._key += 1
        self._glances[self._key] = glance
        self._glances.pop(self._key - _KEPT, None)
        rows, columns = glance.seen
        seen = rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start
        self._post(Look(self._copy(glance.window), self._key, seen))

    def _copy(self, window: Window) -> ImageStack:
        if self._image is _NO_IMAGE or window != self._window:
            self._window, self._image = window, window.copy(self._pixel_size)
        return self._image

    def _find(self) -> Glance | None:
        """Return what is seen; None where nobody looks. In three dimensions it is what was seen before."""
        image = self._window.image
        if image not in self._viewer.layers or not self._overlay.is_seen:
            return None
        if self._viewer.dims.ndisplay != 2:
            return self._now
        window = window_of(image, self._viewer)
        corners = np.asarray(image.corner_pixels)[:, -2:]
        if image.multiscale or (corners[1] <= corners[0]).any():  # nobody knows, as before the first drawing
            return Glance(window, _whole(window))
        if window.frame == self._window.frame and _holds(self._window, corners):
            window = self._window
        return Glance(window, _rounded(window, corners))


def _whole(window: Window) -> tuple[slice, slice]:
    return slice(0, window.shape[0]), slice(0, window.shape[1])


def _holds(window: Window, corners: NDArray[np.int64]) -> bool:
    """Return whether all that is seen lies in a window."""
    first = np.array([window.y, window.x])
    return bool((corners[0] >= first).all() and (corners[1] < first + window.shape).all())


def _rounded(window: Window, corners: NDArray[np.int64]) -> tuple[slice, slice]:
    """Return the rows and columns of a window that are seen, at least one of each."""
    parts = []
    for first, last, start, side in zip(*corners, (window.y, window.x), window.shape, strict=True):
        low = min(max(0, (first - start) // STEP * STEP), side - 1)
        high = max(min(side, -(-(last + 1 - start) // STEP) * STEP), low + 1)
        parts.append(slice(int(low), int(high)))
    rows, columns = parts
    return rows, columns
