"""What a training predicts live: which layers show it, for how long, and what they make way for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_strata.events import PreviewReady
from napari_strata.requests import Look
from napari_strata.widgets.live.lookout import Lookout
from napari_strata.widgets.live.overlay import LiveOverlay, Window, remove_live_layers
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.widgets.live.plan import TrainPlan


class LivePrediction(QObject):
    """Shows the predictions of one training after the other.

    Parameters
    ----------
    viewer : Viewer
        Where to show them.

    Attributes
    ----------
    overlay : LiveOverlay or None
        The layers; None before the first training on an image, and where that image was removed.
    """

    orphaned = Signal()
    """The image was removed, and the layers with it."""

    def __init__(self, viewer: "Viewer", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.overlay: LiveOverlay | None = None
        self._lookout: Lookout | None = None
        self._is_shown = False
        self._orphans = QTimer(self)
        self._orphans.setSingleShot(True)
        self._orphans.timeout.connect(self._drop_orphans)
        connect_while_alive(self, self._on_removed, viewer.layers.events.removed)
        connect_while_alive(self, self._on_inserted, viewer.layers.events.inserted)

    def clear(self) -> None:
        """Remove what an earlier training predicted."""
        self.overlay = None
        remove_live_layers(self._viewer)

    def begin(
        self, plan: "TrainPlan", window: Window, post: Callable[[Look], None], is_ready: Callable[[], bool]
    ) -> None:
        """Show a training's predictions on what the user looks at.

        Parameters
        ----------
        plan : TrainPlan
            What the training begins with.
        window : Window
            What is predicted at first.
        post : callable
            Sends a request to the training.
        is_ready : callable
            Tells whether the training takes requests yet.
        """
        overlay = LiveOverlay(self._viewer, window, layers=plan.config.model.layers, classes=plan.classes)
        self.overlay, self._is_shown = overlay, False
        self._lookout = Lookout(
            self._viewer,
            overlay,
            window,
            pixel_size=plan.pixel_size,
            post=post,
            is_ready=is_ready,
            parent=self,
        )

    def show(self, event: PreviewReady) -> None:
        """Show a prediction where it belongs; one that nobody remembers asking for is dropped."""
        glance = None if self._lookout is None else self._lookout.glance(event.key)
        if self.overlay is not None and glance is not None:
            self._is_shown = True
            self.overlay.move(glance.window)
            self.overlay.update(event.probabilities, glance.seen)

    def end(self) -> None:
        """Ask for nothing any more; layers that show something stay until they make way for something."""
        if self._lookout is not None:
            self._lookout.end()
            if not self._is_shown:
                self.clear()
        self._lookout = None

    def _on_removed(self, _event: object = None) -> None:
        self._orphans.start(0)  # when napari is through with what it removes

    def _drop_orphans(self) -> None:
        if self.overlay is not None and self.overlay.drop_if_orphaned():
            self.overlay = None
            self.orphaned.emit()

    def _on_inserted(self, event: Any) -> None:
        """Make way for a result when the training is over."""
        if self.overlay is not None and self._lookout is None and event.value.metadata.get(RESULT):
            self.overlay.hide()
