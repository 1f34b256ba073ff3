"""The history of a training for TensorBoard, where that is installed, in the run folder.

RUN/tensorboard gets the loss and the learning rate of some batches, the scores of every epoch, and once an epoch
what the network makes of the image that is predicted live.
"""

from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.events import BatchEnded, EpochEnded, JobEvent, JobResult, PreviewReady, Warned

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
EVERY = 10
"""Batches between two points of the curves; the first is drawn, too."""
_SCORES = {
    "train_loss": "loss/epoch",
    "validation_loss": "loss/held out",
    "validation_dice": "Dice",
    "validation_rmse": "RMSE",
    "validation_r2": "R2",
}

Body = Generator[JobEvent, None, JobResult]


def is_installed() -> bool:
    """Tell whether TensorBoard is there, without importing it."""
    return find_spec("tensorboard") is not None


def with_board(body: Body, run: Path) -> Body:
    """Pass a training's events on, and write them for TensorBoard where it is installed.

    A disk that does not take them ends the curves, not the training.

    Parameters
    ----------
    body : generator
        The training.
    run : Path
        The run folder.
    """
    if not is_installed():
        return (yield from body)
    board: Board | None = Board(run / FOLDER)
    try:
        while True:
            event = next(body)
            yield event
            if board is not None and (reason := board.write(event)):
                board = None
                yield Warned(f"TensorBoard's files cannot be written ({reason}).", "The training goes on.")
    except StopIteration as stop:
        result: JobResult = stop.value
        return result
    finally:
        body.close()
        if board is not None:
            board.close()


class Board:
    """Writes one run; a run that goes on continues its curves.

    Parameters
    ----------
    folder : Path
        Where the files of TensorBoard go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._step = 0
        self._shown = 0

    def write(self, event: JobEvent) -> str:
        """Write what belongs to one event; return why that failed, if it did."""
        try:
            match event:
                case BatchEnded():
                    self._write_batch(event)
                case EpochEnded():
                    self._write_epoch(event)
                case PreviewReady() if event.key == 0 and event.epoch > self._shown:
                    self._write_preview(event)
        except OSError as error:
            return error.strerror or type(error).__name__
        return ""

    def close(self) -> None:
        """Write what waits; what the disk does not take is lost."""
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError:
                self._writer = None

    def _write_batch(self, event: BatchEnded) -> None:
        writer, self._step = self._open(event.step), event.step
        if event.step % EVERY in (0, 1):
            writer.add_scalar("loss/batch", event.loss, event.step)
            writer.add_scalar("learning rate", event.learning_rate, event.step)

    def _write_epoch(self, event: EpochEnded) -> None:
        for field, title in _SCORES.items():
            value = getattr(event, field)
            if value is not None:
                self._open(event.step).add_scalar(title, value, event.step)

    def _write_preview(self, event: PreviewReady) -> None:
        """Draw how sure the network is, in each crystal layer, that a pixel is no background: once an epoch."""
        self._shown = event.epoch
        for layer, probabilities in enumerate(event.probabilities):
            likely = 1 - probabilities[0] if len(probabilities) > 1 else probabilities[0]
            picture = np.clip(likely, 0, 1)
            self._open(self._step).add_image(f"live/layer {layer}", picture, self._step, dataformats="HW")

    def _open(self, step: int) -> "SummaryWriter":
        """Return the writer; what an earlier session wrote beyond this step is hidden."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            resumes = self._folder.is_dir()
            self._writer = SummaryWriter(str(self._folder), purge_step=step if resumes else None)
        return self._writer
