"""The labels of one image of a viewer, as they are open and as they are kept on disk."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari.utils.notifications import show_info, show_warning

from napari_strata.annotation.store.journal import JournalState, Phase, SetJournal
from napari_strata.widgets.journal.watch import Watch

if TYPE_CHECKING:
    from napari.layers import Labels, Layer, Points


@dataclass
class OpenSet:
    """The labels of one image of this viewer.

    Attributes
    ----------
    journal : SetJournal
        Keeps them on disk.
    owner : hashable
        `unique_id` of the image.
    image : str
        Name of the image.
    watches : list
        What watches its layers.
    told : Phase
        What the user was told last.
    """

    journal: SetJournal
    owner: Hashable
    image: str
    watches: list[Watch] = field(default_factory=list)
    told: Phase = Phase.EMPTY

    @property
    def state(self) -> JournalState:
        """Whether what is painted is safe."""
        return self.journal.state

    @property
    def layers(self) -> "dict[str, Labels | Points]":
        """Its layers by their key in the store."""
        return {watch.followed.card.key: watch.layer for watch in self.watches}

    def watch_of(self, napari_layer: "Layer") -> Watch:
        """Return what watches one of its layers."""
        return next(watch for watch in self.watches if watch.layer == napari_layer)

    def tell(self) -> None:
        """Tell the user once when labels cannot be saved any more, and when they can be again."""
        phase = self.state.phase
        if phase is self.told:
            return
        if phase in (Phase.FAULTY, Phase.READ_ONLY):
            show_warning(f"The labels of {self.image} are kept in memory only. {self.state.words}")
        elif self.told in (Phase.FAULTY, Phase.READ_ONLY):
            show_info(f"The labels of {self.image} are saved again.")
        self.told = phase
