"""Mask codes of one frame from a file, as the commands that explain take them."""

from pathlib import Path

from napari_strata.errors import LabelsError
from napari_strata.types import LabelArray

_SHAPES = "Give mask codes (frame, layer, y, x), (layer, y, x) or (y, x)."


def frame_codes(path: Path, frame: int) -> LabelArray:
    """Return the mask codes of a frame, shape (layer, y, x), or (y, x) where the file has no other axes.

    Parameters
    ----------
    path : Path
        File of (frame, layer, y, x), (layer, y, x) or (y, x).
    frame : int
        Frame, from 0; what has no axis of frames is that of the frame.

    Raises
    ------
    LabelsError
        If the file cannot be read, holds no mask codes, or has no such frame.
    """
    from napari_strata.io.masks import read_codes

    codes = read_codes(path)
    return _part(codes, "frame", frame, path) if codes.ndim == 4 else codes


def layer_codes(path: Path, frame: int, layer: int) -> LabelArray:
    """Return the mask codes of a crystal layer in a frame, shape (y, x) if the file has the axes it should.

    Parameters
    ----------
    path, frame
        As in `frame_codes`.
    layer : int
        Crystal layer, from 0.

    Raises
    ------
    LabelsError
        As by `frame_codes`, or if the file has no such layer.
    """
    codes = frame_codes(path, frame)
    return _part(codes, "layer", layer, path) if codes.ndim == 3 else codes


def _part(codes: LabelArray, axis: str, index: int, path: Path) -> LabelArray:
    if index >= len(codes):
        raise LabelsError(f"{path.name} has no {axis} {index}; its shape is {codes.shape}.", remedy=_SHAPES)
    part: LabelArray = codes[index]
    return part
