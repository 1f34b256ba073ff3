"""Answer prompts on a slice with a network of the Segment Anything family."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from napari_strata.inference.promptable.prompts import Prompts
    from napari_strata.inference.promptable.segmenter import Segmenter


class SegmenterShelf:
    """Keeps the network that was used last, and with it what it has seen, from one job to the next."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._segmenter: Segmenter | None = None

    def has(self, path: Path) -> bool:
        """Return whether the network is open."""
        return self._segmenter is not None and self._path == path

    def open(self, path: Path) -> "Segmenter":
        """Return the network of a checkpoint; called in a job, since opening takes seconds."""
        from napari_strata.inference.promptable.segmenter import Segmenter

        if self._segmenter is None or self._path != path:
            self._segmenter, self._path = None, path  # the old one goes before the new one comes
            self._segmenter = Segmenter(path)
        return self._segmenter


@job
def segment(
    control: JobControl, shelf: SegmenterShelf, checkpoint: Path, image: AnyArray, prompts: "Prompts"
) -> JobBody:
    """Find the object that is pointed at.

    The first job opens the network, the first on a slice lets it look at the slice; the rest answer at once.

    Parameters
    ----------
    control : JobControl
        Stop leaves no mask; what the network has seen is kept.
    shelf : SegmenterShelf
        Where network and slices are kept; one job at a time may use it.
    checkpoint : Path
        Folder of the network.
    image : ndarray, shape (y, x)
        One slice.
    prompts : Prompts
        What points at the object.

    Yields
    ------
    JobEvent
        `Progress` before each step.

    Returns
    -------
    JobResult
        ``value`` is an `napari_strata.inference.promptable.segmenter.Answer`, its score in ``figures["score"]``.

    Raises
    ------
    ExtraError, BundleError, DeviceError, ImageError, LabelsError
        If the network, the slice or the prompts cannot be used.
    """
    from napari_strata.inference.promptable.checkpoint import check_installed

    check_installed()
    if not shelf.has(checkpoint):
        yield Progress(0.0, f"Opening {checkpoint.name}")
    segmenter = shelf.open(checkpoint)
    control.run()
    yield StateChanged(control.state)
    if not segmenter.has_seen(image):
        yield Progress(0.2, "Looking at this slice, once; with a large network and no GPU this takes a while")
    embedding = segmenter.look(image, control)
    control.checkpoint()
    answer = segmenter.answer(embedding, prompts)
    return JobResult({"score": answer.score, "pixels": int(answer.mask.sum())}, value=answer)
