"""The four orientations in which a network looks at an image of overlapping crystals.

Which decoder takes which layer is a rule that a network finds for itself, and it has to depend on the orientation
of the crystals. Turned by 60 degrees a honeycomb is the same again while the rule has to have named each of its
layers first somewhere on the way, so there are orientations between which it cannot decide; a slight distortion
of the scan there lets both decoders draw both layers. A mirror image or one turned by 90 degrees lies elsewhere on
the way, where the rule is clear.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

TURNS = (0, 1, 2, 3)
"""As it is, mirrored up and down, transposed, and both: turned by 90 degrees."""
_MIRRORED, _TRANSPOSED = 1, 2


def turned(array: NDArray[Number], turn: int) -> NDArray[Number]:
    """Return a view of an array (..., y, x) in another orientation."""
    array = array[..., ::-1, :] if turn & _MIRRORED else array
    return array.swapaxes(-1, -2) if turn & _TRANSPOSED else array


def turned_back(array: NDArray[Number], turn: int) -> NDArray[Number]:
    """Undo `turned`."""
    array = array.swapaxes(-1, -2) if turn & _TRANSPOSED else array
    return array[..., ::-1, :] if turn & _MIRRORED else array


def turned_positions(positions: NDArray[np.float64], height: int, turn: int) -> NDArray[np.float64]:
    """Return where positions (y, x), shape (n, 2) [px], lie in the turned image that was `height` px high."""
    y, x = positions.T
    y = height - 1 - y if turn & _MIRRORED else y
    return np.stack([x, y] if turn & _TRANSPOSED else [y, x], axis=1)


def padded(array: NDArray[Number], stride: int) -> NDArray[Number]:
    """Repeat the last row and column up to a multiple of a network's stride, as the network itself does.

    The coarse pixels of the network then cover the same pixels of the image in every orientation.
    """
    more = [0] * (array.ndim - 2) + [-side % stride for side in array.shape[-2:]]
    return np.pad(array, [(0, n) for n in more], mode="edge")


def box_turned_back(box: tuple[slice, slice], height: int, turn: int) -> tuple[slice, slice]:
    """Return where a box of the turned image lay in the image, `height` px high."""
    rows, columns = reversed(box) if turn & _TRANSPOSED else box
    return (_mirrored(rows, height), columns) if turn & _MIRRORED else (rows, columns)


def box_turned(box: tuple[slice, slice], height: int, turn: int) -> tuple[slice, slice]:
    """Return where a box of an image, `height` px high, lies in the turned image."""
    rows, columns = box
    rows = _mirrored(rows, height) if turn & _MIRRORED else rows
    return (columns, rows) if turn & _TRANSPOSED else (rows, columns)


def _mirrored(rows: slice, height: int) -> slice:
    return slice(height - rows.stop, height - rows.start)
