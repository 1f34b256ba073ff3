"""Let a helper work on labels, slice by slice, off the window's thread."""

from collections.abc import Sequence
from typing import Protocol

from napari_strata.annotation.tools.edit import edit_between
from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import AnyArray


class LabelTool(Protocol):
    """A function of `napari_strata.annotation.tools` with its settings."""

    def __call__(self, codes: AnyArray, image: AnyArray, /) -> AnyArray:
        """Return new codes of one block."""
        ...


@job
def use_label_tool(
    control: JobControl, tool: LabelTool, codes: AnyArray, image: AnyArray, blocks: Sequence[int | slice]
) -> JobBody:
    """Compute what a helper changes.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing; it waits for the block at hand.
    tool : callable
        Takes codes and image of a block.
    codes : ndarray of int, shape (frame, y, x)
        Mask codes; they are not changed.
    image : ndarray, shape (frame, y, x)
        Their image, or the codes themselves for a tool that looks at no image.
    blocks : sequence of int or slice
        What the tool works on at once: frames, given as (y, x), or ranges of frames, given as (frame, y, x).

    Yields
    ------
    JobEvent
        `Progress` before each block.

    Returns
    -------
    JobResult
        ``value`` is an `napari_strata.annotation.tools.edit.Edit`, its counts in ``figures["pixels"]``.

    Raises
    ------
    LabelsError, ImageError
        If the tool cannot work on these labels or this image.
    """
    control.run()
    yield StateChanged(control.state)
    changed = codes.copy()
    for done, block in enumerate(blocks):
        control.checkpoint()
        yield Progress(done / len(blocks), f"Part {done + 1} of {len(blocks)}")
        changed[block] = tool(codes[block], image[block])
    control.checkpoint()
    edit = edit_between(codes, changed)
    return JobResult({"pixels": dict(edit.counts)}, value=edit)
