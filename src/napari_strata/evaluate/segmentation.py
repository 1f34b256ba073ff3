"""Scores of predicted masks against true ones, with one layer permutation per image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.evaluate.counts import Counts
from napari_strata.types import BACKGROUND, NOT_LABELLED, LabelArray

SCORES = ("iou", "dice", "precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class MaskScore:
    """Pixel counts of one class in one layer of one image.

    Attributes
    ----------
    frame : int
        Index of the image.
    layer, predicted_layer : int
        Layer of the truth, and the predicted layer that is compared with it.
    code : int
        Mask code of the class.
    counts : Counts
        Pixels; those that the truth does not label are left out.
    """

    frame: int
    layer: int
    predicted_layer: int
    code: int
    counts: Counts

    @property
    def scores(self) -> dict[str, float]:
        """The scores by name; on pixels Dice and F1 are the same number."""
        c = self.counts
        return dict(zip(SCORES, (c.iou, c.f1, c.precision, c.recall, c.f1), strict=True))


def score_masks(predicted: LabelArray, truth: LabelArray) -> tuple[MaskScore, ...]:
    """Compare masks class by class.

    The order of layers has no meaning. Each image takes the one permutation of its predicted layers that has the
    most foreground pixels of the right class in common with the truth.

    Parameters
    ----------
    predicted, truth : ndarray of uint8, shape (frame, layer, y, x)
        Mask codes, paired by order. Pixels that the truth does not label (0) do not count; a 0 in the
        prediction counts as background.

    Returns
    -------
    tuple of MaskScore
        One for each image, layer, and foreground class that occurs anywhere.

    Raises
    ------
    LabelsError
        If the shapes differ, no pixel is labelled, or no foreground class occurs.
    """
    codes = _check(predicted, truth)
    return tuple(
        MaskScore(frame, layer, int(order[layer]), code, _count(found[order[layer]], true[layer], code))
        for frame, (found, true) in enumerate(zip(predicted, truth, strict=True))
        for order in (match_layers(found, true),)
        for layer in range(len(true))
        for code in codes
    )


def mean_scores(scores: Sequence[MaskScore]) -> dict[str, float]:
    """Return the mean of every score over images, layers and classes; NaN if none of them is defined."""
    rows = [score.scores for score in scores]
    return {name: _mean([row[name] for row in rows]) for name in SCORES}


def match_layers(predicted: LabelArray, truth: LabelArray) -> tuple[int, ...]:
    """Find the permutation of predicted layers that overlaps best with the truth.

    Parameters
    ----------
    predicted, truth : ndarray of uint8, shape (layer, y, x)
        Mask codes of one image.

    Returns
    -------
    tuple of int
        For each layer of the truth the predicted layer that is compared with it.
    """
    from scipy.optimize import linear_sum_assignment

    overlap = [[np.count_nonzero((true == found) & (true > BACKGROUND)) for found in predicted] for true in truth]
    _, order = linear_sum_assignment(np.array(overlap), maximize=True)
    return tuple(int(layer) for layer in order)


def _check(predicted: LabelArray, truth: LabelArray) -> tuple[int, ...]:
    """Refuse masks that cannot be compared; return the foreground codes."""
    if predicted.shape != truth.shape or truth.ndim != 4:
        raise LabelsError(
            f"The predicted masks have the shape {predicted.shape}, the true ones {truth.shape}.",
            remedy="Compare (frame, layer, y, x) masks of the same images with the same number of layers.",
        )
    labelled = truth != NOT_LABELLED
    if not labelled.any():
        raise LabelsError("The true masks label no pixel.", remedy="Code background as 1 and classes from 2.")
    codes = np.union1d(np.unique(truth), np.unique(predicted[labelled]))
    foreground = tuple(int(code) for code in codes if code > BACKGROUND)
    if not foreground:
        raise LabelsError(
            "Neither the predicted nor the true masks hold any class.",
            remedy="Code background as 1 and classes from 2.",
        )
    return foreground


def _count(predicted: LabelArray, truth: LabelArray, code: int) -> Counts:
    found = (predicted == code) & (truth != NOT_LABELLED)
    true = truth == code
    hits = np.count_nonzero(found & true)
    return Counts(int(hits), int(np.count_nonzero(found) - hits), int(np.count_nonzero(true) - hits))


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan
