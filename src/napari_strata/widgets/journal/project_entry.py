"""The project folder in which a journal keeps labels: chosen, entered, left, and left to another napari."""

from concurrent.futures import Future

from napari.utils.notifications import show_warning

from napari_strata.annotation.store.home import LabelHome, choose_project, chosen_project
from napari_strata.annotation.store.thread import WriterThread
from napari_strata.errors import StrataError
from napari_strata.widgets.parts.notify import in_words


class ProjectEntry:
    """Where labels are kept, and the right to write there.

    Parameters
    ----------
    thread : WriterThread
        The thread that writes.

    Attributes
    ----------
    home : LabelHome
        The project folder that was chosen last, or the user's cache.
    trouble : str
        In words, why nothing can be kept there; empty where all is well.
    """

    def __init__(self, thread: WriterThread) -> None:
        self.home = LabelHome(chosen_project())
        self.trouble = ""
        self._thread = thread
        self._entering: Future[None] | None = None

    def choose(self, home: LabelHome) -> None:
        """Take another place, which was entered, and remember it."""
        self._thread.call(self.home.leave)
        self.home, self.trouble = home, ""
        choose_project(home.project)

    def look(self) -> None:
        """Take the right to write in the project; as long as another napari has it, try again."""
        if self.home.project is None:
            return
        if self._entering is None:
            self._entering = self._thread.call(self.home.enter)
        elif self._entering.done():
            error = self._entering.exception()
            words = "" if error is None else in_words(error) if isinstance(error, StrataError) else str(error)
            if words and not self.trouble:
                show_warning(f"Labels are kept in memory only. {words}")
            self.trouble = words
            self._entering = None if words else self._entering
