"""Numbered objects as mask codes."""

from collections.abc import Mapping

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.types import NOT_LABELLED, AnyArray, LabelArray

_SHOWN = 5


def codes_of_objects(numbers: AnyArray, codes: Mapping[int, int], *, outside: int, name: str) -> LabelArray:
    """Return the mask code of each pixel of numbered objects.

    Parameters
    ----------
    numbers : ndarray of integers, shape (y, x) or (frame, y, x)
        Numbers of objects, 0 between them.
    codes : mapping of int to int
        Mask code of each object.
    outside : int
        Mask code of what lies between the objects; a frame of a stack without any object is not labelled, for
        nobody annotated it.
    name : str
        What they are called, for messages.

    Returns
    -------
    ndarray of uint8, same shape

    Raises
    ------
    LabelsError
        If there is a number without a code.
    """
    present, inverse = np.unique(numbers, return_inverse=True)
    without = [int(number) for number in present if number and int(number) not in codes]
    if without:
        shown = ", ".join(map(str, without[:_SHOWN])) + (", …" if len(without) > _SHOWN else "")
        raise LabelsError(
            f"{name} holds objects without a class: {shown}.", remedy="Name their classes, or erase them."
        )
    lookup = np.array([codes[int(number)] if number else outside for number in present], np.uint8)
    drawn: LabelArray = lookup[inverse].reshape(numbers.shape)
    if drawn.ndim == 3:
        drawn[~numbers.any(axis=(1, 2))] = NOT_LABELLED
    return drawn
