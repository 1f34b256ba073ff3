"""Masks as run lengths: how many pixels are outside, then inside, then outside again, to the end of the mask.

COCO counts down the columns of the whole image, CVAT along the rows of a window. Own code to read them:
pycocotools reads beyond the end of a string that is cut short, leaves memory unset where the runs are too few, and
unfolds the whole image for each object, however small; here only the part that holds the object is unfolded, after
the runs were checked. pycocotools writes COCO's strings.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.shapes import PixelMask

Counts = NDArray[np.int64]
"""Run lengths, the first one outside."""
MOST_PIXELS = 2**29
"""Pixels of all masks of a file together."""
MOST_IN_FOLDER = 2**32
"""Pixels of all masks of a folder of files together; they take a bit each."""
MOST_RUNS = 4_000_000
"""Runs of all masks of a file together."""
_LONGEST_NUMBER = 7
"""Letters of a number in COCO's strings: 35 bits."""


@dataclass(slots=True)
class MaskBudget:
    """How much memory the masks of a file may still take; a small file can claim any amount of it.

    Attributes
    ----------
    path : Path
        The file, for messages.
    pixels : int
        Pixels left.
    runs : int
        Runs left.
    """

    path: Path
    pixels: int = MOST_PIXELS
    runs: int = MOST_RUNS
    _limit: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._limit = self.pixels

    @classmethod
    def of_folder(cls, path: Path) -> "MaskBudget":
        """Return what the masks of one file, or of a folder of many files, may take."""
        return cls(path, MOST_IN_FOLDER if path.is_dir() else MOST_PIXELS)

    def spend(self, *, pixels: int = 0, runs: int = 0) -> None:
        """Take something off.

        Raises
        ------
        LabelsError
            If there is not enough left.
        """
        self.pixels -= pixels
        self.runs -= runs
        if self.pixels < 0:
            refuse(self.path, f"its masks have more than {self._limit:,} pixels", "Export it in parts.")
        if self.runs < 0:
            refuse(self.path, f"its masks have more than {MOST_RUNS:,} runs", "Export it in parts.")


def check_counts(counts: Any, size: tuple[int, int], budget: MaskBudget, *, where: str) -> Counts:
    """Check run lengths that a file states.

    Parameters
    ----------
    counts : sequence of int
        The run lengths.
    size : (int, int)
        Height and width of what they fill [px].
    budget : MaskBudget
        What the file may still take.
    where : str
        Which mask, for messages.

    Raises
    ------
    LabelsError
        If they are no whole numbers of 0 or more, do not add up to the size, or are too many.
    """
    if not isinstance(counts, list | np.ndarray):
        refuse(budget.path, f"{where} has no run lengths", "Export it again.")
    budget.spend(runs=len(counts))
    try:
        checked = np.asarray(counts)
    except (ValueError, TypeError, OverflowError):
        checked = np.array("none")
    if checked.ndim != 1 or checked.dtype.kind not in "iu" or (checked < 0).any():
        refuse(budget.path, f"{where} has run lengths that are no whole numbers", "Export it again.")
    total = checked.sum(dtype=np.float64)  # cannot overflow
    if total != size[0] * size[1]:
        refuse(
            budget.path,
            f"{where} has runs of {total:.0f} pixels together, its size is {size[0]} x {size[1]}",
            "Export it again.",
        )
    return checked.astype(np.int64)


def unfold_rows(counts: Counts, size: tuple[int, int], budget: MaskBudget) -> PixelMask | None:
    """Unfold runs along the rows of a window of the given height and width; None where no pixel is inside.

    Raises
    ------
    LabelsError
        If the mask is larger than what the file may still take.
    """
    ends = np.cumsum(counts)[1::2]
    starts = ends - counts[1::2]
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not len(starts):
        return None
    width = size[1]
    top, bottom = int(starts[0] // width), int((ends[-1] - 1) // width) + 1
    first, last = starts % width, (ends - 1) % width
    wraps = bool((starts // width != (ends - 1) // width).any())
    left, right = (0, width) if wraps else (int(first.min()), int(last.max()) + 1)
    columns = right - left
    budget.spend(pixels=(bottom - top) * columns)
    begin = (starts // width - top) * columns + first - left
    steps = np.zeros((bottom - top) * columns + 1, np.int8)
    np.add.at(steps, begin, 1)
    np.add.at(steps, begin + (ends - starts), -1)
    np.cumsum(steps, out=steps)
    return PixelMask(top, left, steps[:-1].reshape(bottom - top, columns).view(np.bool_))


def unfold_columns(counts: Counts, size: tuple[int, int], budget: MaskBudget) -> PixelMask | None:
    """Unfold runs down the columns of an image of the given height and width; see `unfold_rows`."""
    turned = unfold_rows(counts, size[::-1], budget)
    return None if turned is None else PixelMask(turned.left, turned.top, turned.pixels.T)


def fold_rows(pixels: NDArray[np.bool_]) -> list[int]:
    """Return the run lengths along the rows of a mask."""
    flat = np.concatenate([[False], pixels.ravel(), [not pixels.ravel()[-1]]])
    borders = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(run) for run in np.diff(borders, prepend=0)]


def counts_of_string(text: str, budget: MaskBudget, *, where: str) -> Counts:
    """Read the run lengths in COCO's compressed strings.

    Letters hold five bits each and say whether more follow, lowest first, with a sign; from the fourth number on,
    each is the difference from the one but one before it.

    Raises
    ------
    LabelsError
        If the string is none of COCO's, or holds too many runs.
    """
    letters = np.frombuffer(text.encode("utf-8", "replace"), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero((letters & 32) == 0)
    budget.spend(runs=len(ends))
    if not len(ends) or ends[-1] != len(letters) - 1 or letters.min() < 0 or letters.max() > 63:
        refuse(budget.path, f"{where} has run lengths that are no COCO string", "Export it again.")
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST_NUMBER:
        refuse(budget.path, f"{where} has a run length of more than 35 bits", "Export it again.")
    places = np.arange(len(letters)) - np.repeat(starts, lengths)
    values = np.add.reduceat((letters & 31) << (5 * places), starts)
    values -= np.where(letters[ends] & 16, 1 << (5 * lengths), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def string_of_mask(pixels: NDArray[np.bool_]) -> str:
    """Return a whole image's mask as COCO's compressed string."""
    from pycocotools import mask as coco

    encoded: bytes = coco.encode(np.asfortranarray(pixels, np.uint8))["counts"]
    return encoded.decode("ascii")
