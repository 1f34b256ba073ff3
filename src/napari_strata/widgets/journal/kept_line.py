"""The line that says of an image without labels that some are kept from an earlier session."""

from datetime import datetime
from pathlib import Path

from napari.layers import Image, Layer
from napari.viewer import Viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.store.card import LayerCard, SetCard
from napari_strata.annotation.store.home import SetState, StoredSet
from napari_strata.widgets.journal.bring_back import bring_back
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.recovery_line import stored_sets
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.words import Words


class KeptLine(QWidget):
    """Offers the labels of one image that were closed; hidden where there are none.

    Those that were not closed are for the `RecoveryLine` to offer, of whatever image.

    Parameters
    ----------
    viewer : Viewer
        Where to bring them back.
    """

    brought_back = Signal(object)
    """The layers that came back."""

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._journal = viewer, journal_of(viewer)
        self._image: Image | None = None
        self._offered: StoredSet | None = None
        self.words = Words()
        self.button = QPushButton("Bring them back")
        self.button.setToolTip("Opens these labels on the image. 'History…' shows those of all sessions.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.button)
        self.button.clicked.connect(in_notifications(self._bring_back))
        self._journal.changed.connect(self._look)
        self.hide()

    def follow(self, image: Image | None) -> None:
        """Offer the labels of an image that has none open; None offers nothing."""
        if image is not self._image:
            self._image = image
            self._look()

    def _look(self) -> None:
        self._offered = None if self._image is None else self._newest_of(self._image)
        self.setVisible(self._offered is not None)
        if self._offered is not None:
            when = datetime.fromisoformat(self._offered.card.changed).astimezone()
            which = "this image" if self._offered.card.image.path else "an image of this name and size"
            self.words.setText(f"Labels of {which} are kept, last changed on {when:%d %b, %H:%M}.")

    def _newest_of(self, image: Image) -> StoredSet | None:
        closed = (one for one in stored_sets(self._journal) if one.state is SetState.CLOSED)
        return next((one for one in closed if _is_of(one.card, image)), None)

    def _bring_back(self, _checked: bool = False) -> None:
        if self._offered is not None:
            layers: list[Layer] = bring_back(self._viewer, self._journal, self._offered)
            self._look()
            self.brought_back.emit(layers)


def _is_of(card: SetCard, image: Image) -> bool:
    """Tell an image by its name, by its size and, where it has one, by its file."""
    is_called_so = card.image.name == image.name and Path(card.image.path) == Path(image.source.path or "")
    return is_called_so and all(_fits(layer, image) for layer in card.present)


def _fits(layer: LayerCard, image: Image) -> bool:
    """Tell whether labels have the shape of an image, or points its dimensions."""
    return layer.ndim == image.ndim if layer.kind == "points" else layer.shape == full_data(image).shape
