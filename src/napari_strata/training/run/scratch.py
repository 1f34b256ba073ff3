"""A run folder that nobody keeps, for processes that only help: the first one writes the true one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from napari_strata.training.patches.inputs import TrainInputs

_OF_THE_FIRST = (".*", "model", "tensorboard")
"""What the first process alone needs, and may change while it is copied."""


@contextmanager
def in_scratch_run(inputs: TrainInputs) -> Iterator[TrainInputs]:
    """Lend the same inputs with a folder of their own, which holds what the true one does where a run is resumed.

    Parameters
    ----------
    inputs : TrainInputs
        What the first process works on.

    Yields
    ------
    TrainInputs
        What this one works on; what it writes is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="strata-run-") as folder:
        out = Path(folder) / "run"
        if inputs.resumes:
            shutil.copytree(inputs.out, out, ignore=shutil.ignore_patterns(*_OF_THE_FIRST))
        yield replace(inputs, out=out, preview=None, painted=None)
