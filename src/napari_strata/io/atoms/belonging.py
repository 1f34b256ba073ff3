"""Whether atoms belong to an image: the same pixel size, and within its borders."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

_SAME_SIZE = 1e-3
"""Pixel sizes of image and table may differ by this part: positions in tables are rounded."""
_OUTSIDE = 0.02
"""Part of the atoms that may lie outside the image, where a person put them; of more, the image is another one."""


def is_same_size(of_table: float, of_image: float) -> bool:
    """Tell whether two pixel sizes are the same but for rounding."""
    return abs(of_table / of_image - 1) <= _SAME_SIZE


def too_many_outside(table: "DataFrame", shape: tuple[int, ...]) -> int:
    """Return how many atoms lie outside an image of shape (..., y, x); 0 where so few may have been put there."""
    height, width = shape[-2:]
    inside = table["y_px"].between(-0.5, height - 0.5) & table["x_px"].between(-0.5, width - 0.5)
    return int((~inside).sum()) if (~inside).mean() > _OUTSIDE else 0
