"""A save point of all labels of a viewer, before something learns from them."""

from functools import partial
from typing import TYPE_CHECKING

from napari_strata.annotation.store.journal import Phase
from napari_strata.widgets.journal.journal import journal_of

if TYPE_CHECKING:
    from napari.viewer import Viewer


def keep_state(viewer: "Viewer", what: str) -> None:
    """Have a save point made of all labels of a viewer that are kept on disk, without waiting for it."""
    journal = journal_of(viewer)
    journal.look()
    for opened in journal.sets:
        if opened.state.phase is Phase.SAVED:
            journal.call(partial(opened.journal.save_version, what))
