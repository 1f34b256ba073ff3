"""Deleting a run: the files that a training wrote, and nothing else."""

import shutil
from contextlib import suppress
from pathlib import Path

from napari_strata.errors import OutputError
from napari_strata.io.bundle import CARD
from napari_strata.training.engine.checkpoint import STATE
from napari_strata.training.run.data import CARD as PAINTED_CARD
from napari_strata.training.run.data import IMAGE, INPUTS, LABELS, MASKS, PROVENANCE
from napari_strata.training.run.facts import FACTS
from napari_strata.training.run.lock import LOCK, is_running
from napari_strata.training.run.mark import MARK, is_marked
from napari_strata.training.run.record import CONFIG, EVENTS, HISTORY
from napari_strata.training.run.start import START
from napari_strata.training.run.tensorboard import FOLDER as BOARD
from napari_strata.training.search.folder import JOURNAL, MODEL, TABLE, TRIALS

FILES = (CONFIG, EVENTS, HISTORY, FACTS, CARD, JOURNAL, TABLE, LOCK, MARK, f"{JOURNAL}.lock")
FOLDERS = {
    MODEL: CARD,
    START: CARD,
    "checkpoint": STATE,
    "corrections": "*.npz",
    BOARD: "events.out.*",
    TRIALS: f"*/{CONFIG}",
}
"""Folders, each with a file by which it is known as that of a run: somebody may have one of the same name."""
PAINTED = (LABELS, PROVENANCE, *(f"{INPUTS}/{name}" for name in (IMAGE, MASKS, PROVENANCE, PAINTED_CARD)))
"""What was painted in the viewer; somebody else's files of these names have no card."""
HANDOVER = ".handover-*"
"""Folders that a process leaves which is killed."""
OTHER_FILES = (".*.part", "weights-*.safetensors")
"""What is left of a file that was being written, and the weights of a model without a run."""
MARKS = (CONFIG, CARD, f"{MODEL}/{CARD}")
"""Files of which a folder must have one to be deleted."""


def delete_run(folder: Path) -> tuple[str, ...]:
    """Delete what a training, or a search, wrote to a folder, and the folder if it is empty then.

    Returns
    -------
    tuple of str
        Names of what somebody else put there; it stays.

    Raises
    ------
    OutputError
        If a training is running there, it is no run, or a file cannot be deleted.
    """
    if not any((folder / mark).is_file() for mark in MARKS):
        raise OutputError(f"{folder} is no run of a training.", remedy="Delete it in the file manager.")
    if is_running(folder) or is_marked(folder):
        raise OutputError(f"A training is running in {folder}.", remedy="Stop it first.")
    try:
        own = (folder / name for name, sign in FOLDERS.items() if any((folder / name).glob(sign)))
        for path in (*own, *folder.glob(HANDOVER)):
            if not path.is_symlink():
                shutil.rmtree(path)
        others = (path for pattern in OTHER_FILES for path in folder.glob(pattern))
        painted = PAINTED if (folder / INPUTS / PAINTED_CARD).is_file() else ()
        for path in (*(folder / name for name in (*FILES, *painted)), *others):
            path.unlink(missing_ok=True)
        for name in (INPUTS, *FOLDERS):
            with suppress(OSError):  # it is not there, or holds something else
                (folder / name).rmdir()
        left = tuple(sorted(path.name for path in folder.iterdir()))
        if not left:
            folder.rmdir()
    except OSError as error:
        raise OutputError(
            f"{error.filename or folder} cannot be deleted ({error.strerror}).", remedy="Check its permissions."
        ) from error
    return left
