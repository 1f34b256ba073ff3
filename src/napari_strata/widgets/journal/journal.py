"""The journal of a viewer: follows its Labels and Points layers, and has every change written to disk.

The GUI thread only notes what changes; `annotation.store` compares and writes in a thread of its own.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari.layers import Labels, Points
from napari.utils.notifications import show_info, show_warning
from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store.home import LabelHome
from napari_strata.annotation.store.journal import SetJournal
from napari_strata.annotation.store.label_set import LabelSet
from napari_strata.annotation.store.thread import WriterThread, answer_of, result_of
from napari_strata.errors import StrataError
from napari_strata.widgets.journal.cards import image_card, new_key
from napari_strata.widgets.journal.open_set import OpenSet
from napari_strata.widgets.journal.project_entry import ProjectEntry
from napari_strata.widgets.journal.watch import LabelsWatch, Watch, make_watch
from napari_strata.widgets.layers.calibration import image_id_of
from napari_strata.widgets.layers.first_edits import FirstEdits
from napari_strata.widgets.layers.label_birth import birth_of, remember_birth
from napari_strata.widgets.layers.label_memory import image_name_of, image_of, is_drawn
from napari_strata.widgets.layers.results import ORIGIN, take_over
from napari_strata.widgets.parts.connections import connect_while_alive

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

INTERVAL = 500
"""Time between two looks at names, classes, points and layers [ms]."""
_NAME = "napari-strata journal"
T = TypeVar("T")


def journal_of(viewer: "Viewer") -> "Journal":
    """Return the journal of a viewer; from the first call on it keeps all that is painted there."""
    window = viewer.window.main_menu.window()
    found: Journal | None = window.findChild(QObject, _NAME)
    return Journal(viewer, window) if found is None else found


class Journal(QObject):
    """Keeps all labels of a viewer on disk, until its window is closed.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    window : QObject
        Its window, which owns the journal.
    """

    changed = Signal()
    """What is followed, where it is kept, or whether it is safe, is something else now."""

    def __init__(self, viewer: "Viewer", window: QObject) -> None:
        super().__init__(window)
        self.setObjectName(_NAME)
        self._viewer = viewer
        self._thread = WriterThread()
        self._entry = ProjectEntry(self._thread)
        self._has_offered = False
        self._sets: dict[Hashable, OpenSet] = {}
        self._first_edits = FirstEdits(self._on_first_edit)
        self._leaving: list[tuple[OpenSet, Watch]] = []
        self._shown: object = None
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        events = viewer.layers.events
        connect_while_alive(self, self._on_inserted, events.inserted)
        connect_while_alive(self, self._on_removed, events.removed)
        window.installEventFilter(self)
        thread, sets = self._thread, self._sets
        window.destroyed.connect(lambda: _end(thread, sets))
        QApplication.instance().aboutToQuit.connect(self._on_close)
        self._find_layers()

    @property
    def home(self) -> LabelHome:
        """Where the labels of images are kept that get their first labels now."""
        return self._entry.home

    @property
    def trouble(self) -> str:
        """In words, why nothing can be kept there; empty where all is well."""
        return self._entry.trouble

    @property
    def sets(self) -> list[OpenSet]:
        """The label sets that are open here."""
        return list(self._sets.values())

    def set_of(self, napari_layer: "Layer | None") -> OpenSet | None:
        """Return the label set of a layer; None where it is none of ours."""
        return next((one for one in self.sets if napari_layer in one.layers.values()), None)

    def set_in(self, folder: Path) -> OpenSet | None:
        """Return the open label set in a folder; None where it is not open here."""
        return next((one for one in self.sets if one.state.folder == folder), None)

    def go_on(self, label_set: LabelSet, home: LabelHome, image: "Hashable", name: str) -> OpenSet:
        """Go on with a label set of an earlier session, whose layers are about to be added."""
        journal = SetJournal(home, label_set.card.image, label_set)
        opened = OpenSet(journal, image, name)
        # an image may have several: what is new belongs to the first, and none may push another one out
        self._sets[image if image not in self._sets else label_set.folder] = opened
        self._thread.add(journal)
        return opened

    def follow(
        self, napari_layer: "Labels | Points", opened: OpenSet, key: str, *, is_written: bool = False
    ) -> None:
        """Keep a layer from now on.

        Parameters
        ----------
        napari_layer : Labels or Points
            The layer.
        opened : OpenSet
            The label set to which it belongs.
        key : str
            Its name in the store.
        is_written : bool
            Whether the store has it as it is now.
        """
        watch = make_watch(self._viewer, napari_layer, key, is_written=is_written)
        opened.watches.append(watch)
        self.call(partial(opened.journal.follow, watch.followed))

    def call(self, function: Callable[[], T]) -> None:
        """Have something done in the thread that writes, soon."""
        self._thread.call(function)

    def ask(self, function: Callable[[], T]) -> T:
        """Have something done in the thread that writes, and wait for it.

        Raises
        ------
        OutputError
            If the disk does not answer or cannot be written.
        StrataError
            What else is wrong.
        """
        self.look()
        return answer_of(self._thread.call(function))  # type: ignore[no-any-return]

    def choose_project(self, project: Path | None) -> None:
        """Keep labels in a project folder, or in the user's cache, from now on; those that are open move there.

        Raises
        ------
        OutputError, LockedError
            If it cannot be written; everything then stays where it is.
        """
        home = LabelHome(project)
        self.ask(home.enter)
        for opened in self.sets:
            self.ask(partial(opened.journal.move, home))
        self._entry.choose(home)
        self.look()

    def offer(self, words: str) -> None:
        """Tell the user once that there are labels to bring back."""
        if not self._has_offered:
            self._has_offered = True
            show_info(words)

    def look(self) -> None:
        """Take over names, classes and points; note layers that came or went; tell what went wrong."""
        for opened, watch in self._leaving:
            self.call(partial(opened.journal.let_go, watch.followed.card.key))
        self._leaving.clear()
        for opened in self.sets:
            for watch in list(opened.watches):
                self._look_at(opened, watch)
        self._find_layers()
        self._entry.look()
        self._tell()

    def _look_at(self, opened: OpenSet, watch: Watch) -> None:
        if watch.has_other_data:
            self._keep_anew(opened, watch)
            return
        watch.look()
        if isinstance(watch, LabelsWatch) and (birth := watch.new_birth()) is not None:
            self.call(partial(watch.followed.begin_anew, birth))

    def eventFilter(self, _window: QObject, event: QEvent) -> bool:
        """Write everything before the window closes."""
        if event.type() == QEvent.Type.Close:
            self._on_close()
        return False

    def _on_inserted(self, _event: object) -> None:
        self._find_layers()

    def _find_layers(self) -> None:
        """Follow what was made to be painted on; of what a network drew, what somebody edits."""
        for layer in self._viewer.layers:
            if not isinstance(layer, Labels | Points) or self.set_of(layer) is not None:
                continue
            if is_drawn(layer):
                self._begin(layer)
            elif isinstance(layer, Labels) and ORIGIN in layer.metadata:
                self._first_edits.wait_for(layer)

    def _on_first_edit(self, labels: Labels) -> None:
        if self.set_of(labels) is None and labels in self._viewer.layers:
            take_over(labels)
            self._begin(labels)

    def _begin(self, napari_layer: "Labels | Points") -> None:
        if isinstance(napari_layer, Labels) and napari_layer.source.path and birth_of(napari_layer).codes is None:
            remember_birth(napari_layer, Provenance.IMPORTED)
        image = image_of(napari_layer, self._viewer.layers)
        key = image_id_of(napari_layer) if image is None else image.unique_id
        opened = self._sets.get(key)
        if opened is None:
            card = image_card(image, image_name_of(napari_layer))
            opened = self._sets[key] = OpenSet(SetJournal(self.home, card), key, card.name)
            self._thread.add(opened.journal)
        self.follow(napari_layer, opened, new_key(napari_layer.name))

    def _keep_anew(self, opened: OpenSet, watch: Watch) -> None:
        """Keep a layer whose data have another shape or type now under another key; what was stays on disk."""
        watch.end()
        opened.watches.remove(watch)
        old, layer = watch.followed.card.key, watch.layer
        self.call(partial(opened.journal.let_go, old))
        self.follow(layer, opened, new_key(layer.name))

    def _on_removed(self, event: Any) -> None:
        opened = self.set_of(event.value)
        self._first_edits.forget(event.value)
        if opened is None:
            return
        self._look_at(opened, opened.watch_of(event.value))
        watch = opened.watch_of(event.value)
        watch.end()
        opened.watches.remove(watch)
        # Told to the store later: when a viewer is closed all its layers are removed, and should come back.
        self._leaving.append((opened, watch))

    def _on_close(self) -> None:
        """Write everything; note that it was closed. Should the window stay open, painting goes on being kept."""
        for opened in self.sets:
            for watch in list(opened.watches):
                self._look_at(opened, watch)
        closing = [
            self._thread.call(partial(opened.journal.save, everything=True, closed=True)) for opened in self.sets
        ]
        for opened, future in zip(self.sets, closing, strict=True):
            try:
                result_of(future)
            except (OSError, StrataError, FutureTimeoutError) as error:
                show_warning(f"The labels of {opened.image} could not be saved: {error}")
                self._save_elsewhere(opened, error)

    def _save_elsewhere(self, opened: OpenSet, error: Exception) -> None:
        """Keep what the project folder does not take, as napari closes, in the user's cache."""
        if self.home.project is None or isinstance(error, FutureTimeoutError):
            return  # a disk that hangs blocks the thread
        try:
            result_of(self._thread.call(partial(opened.journal.save_elsewhere, LabelHome())))
        except (OSError, StrataError, FutureTimeoutError):
            return
        show_warning(
            f"The labels of {opened.image} are kept in a folder of your own on this computer instead; the Label "
            "history dock brings them back."
        )

    def _tell(self) -> None:
        """Tell the user once when labels cannot be saved any more, and when they can be again."""
        for opened in self.sets:
            opened.tell()
        shown = [(opened.state, tuple(opened.layers)) for opened in self.sets], self.home.project, self.trouble
        if shown != self._shown:
            self._shown = shown
            self.changed.emit()


def _end(thread: WriterThread, sets: dict[Hashable, OpenSet]) -> None:
    """Close all label sets; what is left of the viewer is not touched."""
    for opened in sets.values():
        thread.remove(opened.journal)
    thread.stop()
