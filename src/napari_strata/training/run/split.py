"""What a run holds out, in plain data for run.json."""

from typing import Any

import numpy as np

from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.training.patches.learned_frame import LearnedFrame
from napari_strata.training.patches.sources import Source


def split_of(source: Source) -> dict[str, Any]:
    """Return in words and in numbers what is validated on.

    Parameters
    ----------
    source : Source
        As it begins, before anything is corrected.

    Returns
    -------
    dict
        ``description``; for labels also ``held_out``, the frames with held-out pixels: ``frame``, counted over all
        images (or in the stack that was painted on), the number of these ``pixels``, the ``box`` around them as
        first and last row and column on the network's grid [px], and whether they are all its labels (``whole``).
    """
    facts: dict[str, Any] = {"description": source.description}
    if isinstance(source, LabelledSource):
        numbers = source.frames.numbers
        found = [_held_out(number, source.frames[number]) for number in numbers]
        facts["held_out"] = [one for one in found if one["pixels"]]
    return facts


def _held_out(number: int, frame: LearnedFrame) -> dict[str, Any]:
    where = np.asarray(frame.held_out.any(axis=0))
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    box = [[int(of[0]), int(of[-1])] for of in (rows, columns)] if len(rows) else []
    return {"frame": number, "pixels": int(where.sum()), "box": box, "whole": not frame.learned.any()}
