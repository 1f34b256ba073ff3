"""The tables of the Label history dock: save points of one label set, and all label sets on disk."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTableWidgetItem, QWidget

from napari_strata.annotation.store.card import LayerCard
from napari_strata.annotation.store.home import SetState, StoredSet
from napari_strata.annotation.store.versions import VersionCard, list_versions
from napari_strata.types import BACKGROUND
from napari_strata.widgets.parts.row_table import RowTable

ROWS = 4
"""Rows that are seen without scrolling."""


class _Table(RowTable):
    """Rows of text of which one is chosen."""

    def __init__(self, columns: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(columns, parent, rows=ROWS)
        header = self.horizontalHeader()
        for column in range(len(columns)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)

    def _fill(self, rows: Sequence[Sequence[str]], chosen: int | None) -> None:
        self.setRowCount(len(rows))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                self.setItem(row, column, item)
        if chosen is None:
            self.clearSelection()
            self.setCurrentCell(-1, -1)
        else:
            self.selectRow(chosen)


class VersionTable(_Table):
    """The save points of one label set, newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("When", "What", "Painted"), parent)
        self._versions: list[Path] = []

    @property
    def version(self) -> Path | None:
        """The folder of the chosen save point."""
        row = self.currentRow()
        return self._versions[row] if 0 <= row < len(self._versions) else None

    def show_versions(self, folder: Path | None) -> None:
        """Show the save points of the label set in a folder; the chosen one stays chosen."""
        before = self.version
        found = [] if folder is None else list_versions(folder)
        self._versions = [path for path, _ in found]
        chosen = self._versions.index(before) if before in self._versions else 0 if found else None
        self._fill([(f"{card.time:%d %b, %H:%M:%S}", card.what, painted_words(card)) for _, card in found], chosen)


class SetTable(_Table):
    """All label sets on disk, last changed first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Image", "Last change", "State"), parent)
        self._sets: list[StoredSet] = []

    @property
    def stored(self) -> StoredSet | None:
        """The chosen label set."""
        row = self.currentRow()
        return self._sets[row] if 0 <= row < len(self._sets) else None

    def show_sets(self, sets: list[StoredSet], open_here: Sequence[Path]) -> None:
        """Show label sets; the chosen one stays chosen."""
        before = None if self.stored is None else self.stored.folder
        self._sets = sets
        folders = [stored.folder for stored in sets]
        self._fill(
            [
                (
                    stored.card.image.name,
                    f"{datetime.fromisoformat(stored.card.changed).astimezone():%d %b, %H:%M}",
                    _state_words(stored, open_here),
                )
                for stored in sets
            ],
            folders.index(before) if before in folders else None,
        )


def painted_words(card: VersionCard) -> str:
    """Say how many pixels of each class, and how many points, a save point holds."""
    pixels: dict[str, int] = {}
    for layer in card.content.present:
        for code, number in card.painted.get(layer.key, {}).items():
            name = "points" if layer.kind == "points" else _class_name(layer, code)
            pixels[name] = pixels.get(name, 0) + number
    return ", ".join(f"{name} {number:,}" for name, number in pixels.items() if number) or "nothing"


def _class_name(layer: LayerCard, code: int) -> str:
    names = ["background", *(one["name"] for one in layer.memory.get("classes", ()))]
    return names[code - BACKGROUND] if 0 <= code - BACKGROUND < len(names) else f"code {code}"


def _state_words(stored: StoredSet, open_here: Sequence[Path]) -> str:
    if stored.folder in open_here:
        return "open here"
    return "open in another napari" if stored.state is SetState.OPEN else stored.state.value
