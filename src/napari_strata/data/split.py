"""What to hold out for validation: whole slices, or strokes that no training pixel can see. Never crops."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt, label

from napari_strata.types import BACKGROUND, LabelArray


@dataclass(frozen=True, slots=True)
class Split:
    """Labels for training and for validation, each of shape (layer, y, x) per frame, 0 where not to be used.

    Attributes
    ----------
    training, validation : list of ndarray of uint8
        One entry per frame; disjoint. `validation` is all 0 where nothing can be held out.
    description : str
        In words, what is held out.
    """

    training: list[LabelArray]
    validation: list[LabelArray]
    description: str


def split_labels(
    labels: list[LabelArray], *, fraction: float, receptive_field: int, rng: np.random.Generator
) -> Split:
    """Hold out slices or, with one labelled slice, strokes.

    Parameters
    ----------
    labels : list of ndarray of uint8, shape (layer, y, x) each
        One entry per labelled frame, on the network's grid.
    fraction : float
        Part to hold out, 0 to 1; at least one slice or group of strokes unless 0.
    receptive_field : int
        Radius along y or x [px]; held-out strokes are farther than that from every training pixel.
    rng : Generator
        Source of the choice of slices.
    """
    nothing = Split(labels, [np.zeros_like(frame) for frame in labels], "no held-out data")
    if fraction == 0:
        return nothing
    if len(labels) > 1:
        return _split_slices(labels, fraction, rng) or nothing
    return _split_strokes(labels[0], fraction, receptive_field) or nothing


def _split_slices(labels: list[LabelArray], fraction: float, rng: np.random.Generator) -> Split | None:
    """Hold out whole slices so that training still sees every class, or return None."""
    held_out: set[int] = set()
    wanted = min(len(labels) - 1, max(1, round(fraction * len(labels))))
    for candidate in rng.permutation(len(labels)):
        rest = [frame for i, frame in enumerate(labels) if i not in held_out and i != candidate]
        shows_a_class = _codes([labels[candidate]]) - {BACKGROUND}
        if len(held_out) < wanted and shows_a_class and _codes(rest) == _codes(labels):
            held_out.add(int(candidate))
    if not held_out:
        return None
    return Split(
        [np.zeros_like(frame) if i in held_out else frame for i, frame in enumerate(labels)],
        [frame if i in held_out else np.zeros_like(frame) for i, frame in enumerate(labels)],
        f"{len(held_out)} of them held out",
    )


def _split_strokes(labels: LabelArray, fraction: float, receptive_field: int) -> Split | None:
    """Hold out groups of strokes, smallest first, or return None where they are too near to each other."""
    painted = np.asarray((labels >= BACKGROUND).any(axis=0))
    groups = _groups(painted, receptive_field)
    area = np.bincount(groups.ravel(), minlength=int(groups.max()) + 1)
    held_out = np.zeros_like(painted)
    for group in np.argsort(area[1:]) + 1:
        candidate = held_out | (groups == group)
        rest = np.where(candidate, 0, labels)
        if candidate.sum() <= max(fraction * painted.sum(), area[1:].min()) and _codes([rest]) == _codes([labels]):
            held_out = candidate
    if not held_out.any():
        return None
    return Split(
        [np.where(held_out, 0, labels).astype(np.uint8)],
        [np.where(held_out, labels, 0).astype(np.uint8)],
        f"of which the strokes farther than {receptive_field} px from all others are held out",
    )


def _groups(painted: NDArray[np.bool_], gap: int) -> NDArray[np.intp]:
    """Return each painted pixel's group, 0 elsewhere; groups are more than `gap` apart along y or x [px]."""
    reach = distance_transform_cdt(~painted, metric="chessboard") <= gap // 2
    numbered, _ = label(reach, structure=np.ones((3, 3)))
    return np.where(painted, numbered, 0).astype(np.intp)


def _codes(labels: list[LabelArray]) -> set[int]:
    """Return the codes that occur."""
    return {int(code) for frame in labels for code in np.unique(frame)} - {0}
