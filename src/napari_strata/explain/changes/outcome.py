"""What a change of an image changes in what a network says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.explain.window import Window
from napari_strata.types import FloatImage, LabelArray

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network says of an image.

    Attributes
    ----------
    score : float
        That of the question.
    probability : float or None
        Mean probability of the question's class in its target; None of a network that gives values.
    """

    score: float
    probability: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a change of the image changes.

    Attributes
    ----------
    window : tuple of slice
        Rows and columns of the image around region and target.
    image : ndarray of float32, shape (y, x)
        The changed image in the window.
    before, after : Seen
        Scores without and with the change.
    metadata : mapping
        All but the arrays, and what was asked, ready for JSON.
    masks : ndarray of uint8, shape (y, x), or None
        What the network then says there of the target's layer, as mask codes; None of one that gives values, and
        where it was not asked.
    pixels : int or None
        Pixels of the window whose class is another one.
    vanished, appeared, renamed : int or None
        Atoms in the window that are no longer found, are new, or have another species; None without a pixel size.
    stays : bool or None
        Whether the target is still there: its atom is found, or most of its pixels keep their class. None where
        that was not looked at.
    target_words : str
        The same for people; empty where it was not looked at.
    """

    window: Window
    image: FloatImage
    before: Seen
    after: Seen
    metadata: Mapping[str, Any]
    masks: LabelArray | None = None
    pixels: int | None = None
    vanished: int | None = None
    appeared: int | None = None
    renamed: int | None = None
    stays: bool | None = None
    target_words: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What an `Outcome` says of masks and atoms."""

    masks: LabelArray | None = None
    pixels: int | None = None
    vanished: int | None = None
    appeared: int | None = None
    renamed: int | None = None
    stays: bool | None = None
    target_words: str = ""


def atom_stays(
    old: "DataFrame", new: "DataFrame", place: tuple[float, float], *, within: float
) -> tuple[bool, str] | None:
    """Tell, and say, whether the atom at a place (y, x) is still found within [Å]; None where none was before."""
    before, after = (table[["y_A", "x_A"]].to_numpy(np.float64) for table in (old, new))
    distances = np.hypot(*(before - place).T)
    if not len(before) or distances.min() > within:
        return None
    stays = bool((np.hypot(*(after - before[distances.argmin()]).T) <= within).any())
    return stays, "The atom is still found." if stays else "The atom vanishes."


def pixels_stay(old: LabelArray, new: LabelArray) -> tuple[bool, str]:
    """Tell whether most pixels of a target keep their class, and say how many do not."""
    share = float((old == new).mean())
    if old.size == 1:
        return share > 0.5, "The pixel keeps its class." if share else "The pixel changes class."
    return share > 0.5, f"{1 - share:.0%} of the target's pixels change class."


def compare_atoms(old: "DataFrame", new: "DataFrame", *, within: float) -> tuple[int, int, int]:
    """Return how many atoms vanish, appear, and have another species; the same atom is found within [Å]."""
    from scipy.spatial import KDTree

    at_old, at_new = (table[["y_A", "x_A"]].to_numpy(np.float64) for table in (old, new))
    if not len(at_old) or not len(at_new):
        return len(at_old), len(at_new), 0
    distance, which = KDTree(at_new).query(at_old)
    back, _ = KDTree(at_old).query(at_new)
    kept = distance <= within
    species = new["species"].to_numpy()[which[kept]]
    renamed = int((species != old["species"].to_numpy()[kept]).sum())
    return int((~kept).sum()), int((back > within).sum()), renamed
