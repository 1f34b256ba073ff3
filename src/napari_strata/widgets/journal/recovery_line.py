"""The line that offers labels back after napari ended in the middle of painting."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from napari.layers import Layer
from napari.utils.notifications import show_warning
from napari.viewer import Viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.store.home import LabelHome, SetState, StoredSet, list_sets
from napari_strata.errors import StrataError
from napari_strata.widgets.journal.bring_back import bring_back
from napari_strata.widgets.journal.journal import Journal, journal_of
from napari_strata.widgets.parts.notify import in_notifications, in_words
from napari_strata.widgets.parts.words import Words

RECENT = timedelta(days=30)
"""Older labels are offered in the Label history dock only."""


class RecoveryLine(QWidget):
    """Offers labels that were not closed; hidden where there are none.

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
        self._put_off: set[Path] = set()
        self._offered: list[StoredSet] = []
        self.words = Words()
        self.button = QPushButton("Bring them back")
        self.later = QPushButton("Not now")
        self.later.setToolTip("They stay in the Label history dock.")
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(self.later)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(self.words)
        layout.addLayout(row)
        self.button.clicked.connect(in_notifications(self._bring_back))
        self.later.clicked.connect(self._put_all_off)
        self._journal.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Look for labels that were not closed."""
        since = datetime.now(UTC) - RECENT
        self._offered = [
            stored
            for stored in crashed_sets(self._journal)
            if stored.folder not in self._put_off and datetime.fromisoformat(stored.card.changed) > since
        ]
        self.setVisible(bool(self._offered))
        if self._offered:
            words = _offer(self._offered)
            self.words.setText(f"<b>{words}</b>")
            self._journal.offer(f"{words} Press 'Bring them back' in the Label dock.")

    def _bring_back(self, _checked: bool = False) -> None:
        layers: list[Layer] = []
        errors = []
        for stored in list(self._offered):
            try:
                layers += bring_back(self._viewer, self._journal, stored)
            except StrataError as error:  # the others shall come back nevertheless; it stays offered
                errors.append(in_words(error))
        self.refresh()
        self.brought_back.emit(layers)
        for words in errors:
            show_warning(words)

    def _put_all_off(self, _checked: bool = False) -> None:
        self._put_off.update(stored.folder for stored in self._offered)
        self.refresh()


def crashed_sets(journal: Journal) -> list[StoredSet]:
    """Return the label sets that were being painted when napari ended."""
    return [stored for stored in stored_sets(journal) if stored.state is SetState.CRASHED]


def stored_sets(journal: Journal) -> list[StoredSet]:
    """Return the label sets of the project folder and of the cache, last changed first."""
    found = list_sets(LabelHome())
    if journal.home.project is not None:
        found += list_sets(journal.home)
    return sorted(found, key=lambda stored: stored.card.changed, reverse=True)


def _offer(offered: list[StoredSet]) -> str:
    newest = offered[0].card
    when = datetime.fromisoformat(newest.changed).astimezone()
    others = f" (and of {len(offered) - 1} more)" if len(offered) > 1 else ""
    what = f"napari ended while you labelled {newest.image.name}{others}, {when:%d %b, %H:%M}."
    return f"{what} Your labels were kept."
