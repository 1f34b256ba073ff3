"""Small pictures of the patches that a channel responds to most; a click goes to one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPainter, QPixmap
from qtpy.QtWidgets import QListView, QListWidget, QListWidgetItem, QWidget

from napari_strata.types import AnyArray, FloatImage

if TYPE_CHECKING:
    from napari_strata.explain.browse.patches import Patch

SIDE = 88
"""Side of a picture [screen px]."""
_ROOM = 26
"""Height of the line below it, with the gap [screen px]."""


class PatchList(QListWidget):
    """Shows patches in rows, the highest first; hidden while there are none."""

    picked = Signal(object)
    """The `Patch` that was clicked, or chosen with the keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._patches: tuple[Patch, ...] = ()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setGridSize(QSize(SIDE + 14, SIDE + _ROOM))
        self.setMinimumHeight(2 * (SIDE + _ROOM) + 8)
        self.setToolTip("What the channel sees where it is highest, and how high it is there. Click to go there.")
        self.itemClicked.connect(self._tell)
        self.itemActivated.connect(self._tell)
        self.hide()

    def show_patches(self, patches: "Sequence[Patch]", images: Sequence[AnyArray]) -> None:
        """Show other patches.

        Parameters
        ----------
        patches : sequence of Patch
            The patches.
        images : sequence of ndarray, shape (y, x)
            What they see.
        """
        from napari_strata.explain.browse.patches import in_grey

        self.clear()
        self._patches = tuple(patches)
        for patch, image in zip(patches, in_grey(patches, images), strict=True):
            item = QListWidgetItem(QIcon(_picture(image)), f"{patch.value:.3g}")
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            item.setToolTip(f"y {patch.y:.0f}, x {patch.x:.0f} px, frame {patch.frame}")
            self.addItem(item)
        self.setVisible(bool(patches))

    def _tell(self, item: QListWidgetItem) -> None:
        self.picked.emit(self._patches[self.row(item)])


def _picture(image: FloatImage) -> QPixmap:
    """Draw a patch, 0 to 1, on the middle of a square, so that those at the image's edge stand in line."""
    grey = np.ascontiguousarray((image * 255).astype(np.uint8))
    height, width = grey.shape
    picture = QImage(grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
    patch = QPixmap.fromImage(picture).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    whole = QPixmap(SIDE, SIDE)
    whole.fill(Qt.GlobalColor.transparent)
    painter = QPainter(whole)
    painter.drawPixmap((SIDE - patch.width()) // 2, (SIDE - patch.height()) // 2, patch)
    painter.end()
    return whole
