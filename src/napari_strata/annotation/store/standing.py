"""A folder for zarr that is never made anew once it has vanished."""

from zarr.core.buffer import Buffer
from zarr.storage import LocalStore

from napari_strata.annotation.store.card import CARD


class StandingStore(LocalStore):
    """A folder beside the card of a label set; without the card nothing is written.

    Where a network drive is gone, what lies at its path is a folder of another disk.
    """

    async def set(self, key: str, value: Buffer) -> None:
        """Write one file; raise `FileNotFoundError` where the label set has vanished."""
        if not (self.root.parent / CARD).is_file():
            raise FileNotFoundError(2, "The folder has vanished", str(self.root.parent))
        await super().set(key, value)
