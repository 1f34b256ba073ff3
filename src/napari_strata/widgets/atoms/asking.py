"""Asks for a file of atoms, and for the image that they are put on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QInputDialog, QWidget

from napari_strata.errors import ImageError
from napari_strata.io.atoms.formats import ENDINGS

if TYPE_CHECKING:
    from napari.layers import Image, Layer

TITLE = "Open atoms"
_FILTER = f"Atoms ({' '.join(f'*{ending}' for ending in ENDINGS)});;All files (*)"


def ask_for_file(parent: QWidget) -> Path | None:
    """Ask for a file of atoms; None if nothing was chosen."""
    chosen, _filter = QFileDialog.getOpenFileName(parent, TITLE, "", _FILTER)
    return Path(chosen) if chosen else None


def ask_for_image(
    parent: QWidget, images: "Sequence[Image]", active: "Layer | None", path: Path
) -> "Image | None":
    """Return the only image, or ask which; None if nothing was chosen.

    Raises
    ------
    ImageError
        If there is none.
    """
    if not images:
        raise ImageError(
            "There is no image to put atoms on.", remedy="Open the grey image in which they were located."
        )
    if len(images) == 1:
        return images[0]
    names = [one.name for one in images]
    proposed = images.index(active) if active in images else len(images) - 1
    name, is_chosen = QInputDialog.getItem(
        parent, TITLE, f"On which image do the atoms of {path.name} lie?", names, proposed, False
    )
    return images[names.index(name)] if is_chosen else None
