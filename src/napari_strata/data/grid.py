"""Between an image's own grid and the grid on which a network works.

An image is resampled so that one network pixel has the network's pixel size, and normalised once, as a whole.
Resampling by s maps x' = (x + 0.5) s - 0.5.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from napari_strata.data.scale import Scale
from napari_strata.errors import CalibrationError
from napari_strata.types import AnyArray, FloatImage, LabelArray

LEAST_SCALE, LARGEST_SCALE = 0.02, 10.0
"""By so much an image may be shrunk or enlarged; beyond that its pixel size makes no sense for the network."""


def normalise(image: AnyArray) -> FloatImage:
    """Return the image with mean 0 and standard deviation 1, the extreme 0.1 % on either side clipped.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Finite intensities, not all equal.
    """
    return _normalise(image)[0]


def _normalise(image: AnyArray) -> tuple[FloatImage, Scale]:
    values = np.asarray(image, dtype=np.float64)
    low, high = np.percentile(values, [0.1, 99.9])
    return _standardise(np.clip(values, low, high) if high > low else values)


def _standardise(values: AnyArray) -> tuple[FloatImage, Scale]:
    offset = values.mean(dtype=np.float64)
    centred = values - offset
    spread = float(centred.std(dtype=np.float64)) or 1.0
    return np.asarray(centred / spread, dtype=np.float32), Scale(float(offset), spread)


def scale_factor(pixel_size: float | None, target: float | None) -> float:
    """Return by how much an image is enlarged to have the network's pixel size.

    Parameters
    ----------
    pixel_size : float or None
        Pixel size of the image [Å/px].
    target : float or None
        Pixel size of the network's grid [Å/px]; None means the image's own.

    Raises
    ------
    CalibrationError
        If the network needs a pixel size and the image has none, or one that makes no sense.
    """
    if target is None:
        return 1.0
    if pixel_size is None:
        raise CalibrationError(
            f"The image has no pixel size, and this network works at {target:g} Å per pixel.",
            remedy="State the pixel size [Å]: under Pixel size in a dock, as --pixel-size of a command, or as"
            " data.image_pixel_size of a training's configuration; or train on the image's own grid:"
            " model.pixel_size: null.",
        )
    factor = pixel_size / target
    if not LEAST_SCALE <= factor <= LARGEST_SCALE:
        raise CalibrationError(
            f"The image has {pixel_size:g} Å per pixel, and this network works at {target:g} Å per pixel.",
            remedy="Check the pixel size and its unit (Å), or take a network made for such images.",
        )
    return factor


def to_network_grid(image: AnyArray, pixel_size: float | None, target: float | None) -> FloatImage:
    """Resample an image to the network's grid and normalise it there.

    Shot noise shrinks when pixels are merged, so only on the network's own grid does contrast mean the same for
    every pixel size.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The whole image: it is normalised once.
    pixel_size, target : float or None
        As in `scale_factor`.

    Returns
    -------
    ndarray of float32, shape (y', x')
        Sides rounded to whole pixels, at least 1.

    Raises
    ------
    CalibrationError
        If the network needs a pixel size and the image has none.
    """
    return grid_and_scale(image, pixel_size, target)[0]


def grid_and_scale(image: AnyArray, pixel_size: float | None, target: float | None) -> tuple[FloatImage, Scale]:
    """Do what `to_network_grid` does, and return with it the scale from intensities to what it gives."""
    factor = scale_factor(pixel_size, target)
    normalised, scale = _normalise(image)
    if factor == 1.0:
        return normalised, scale
    height, width = (max(1, round(side * factor)) for side in normalised.shape)
    resampled = _interpolate(normalised[None], (height, width), mode="bicubic", antialias=factor < 1)[0]
    grid, again = _standardise(resampled)
    return grid, again.after(scale)


def resample_values(values: FloatImage, shape: tuple[int, int]) -> FloatImage:
    """Resample values (layer, y, x) to ``(layer, *shape)``; what touches an unknown one (NaN) is unknown."""
    if values.shape[-2:] == shape:
        return values
    known = np.isfinite(values)
    antialias = shape[0] < values.shape[-2]
    resampled = _interpolate(np.where(known, values, 0), shape, mode="bilinear", antialias=antialias)
    whole = _interpolate(known.astype(np.float32), shape, mode="bilinear", antialias=antialias)
    resampled[whole < 1 - 1e-4] = np.nan
    return resampled


def from_network_grid(probabilities: FloatImage, shape: tuple[int, int]) -> FloatImage:
    """Resample probabilities from the network's grid to the image's own.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (..., class, y', x')
        Sums to 1 over classes, and does so afterwards: the interpolation is linear.
    shape : (int, int)
        Shape (y, x) of the image.
    """
    if probabilities.shape[-2:] == shape:
        return probabilities
    flat = probabilities.reshape(-1, *probabilities.shape[-2:])
    resampled = _interpolate(flat, shape, mode="bilinear", antialias=shape[0] < flat.shape[-2])
    return resampled.reshape(*probabilities.shape[:-2], *shape)


def window_from_network_grid(
    map_: FloatImage, window: tuple[slice, slice], grid: tuple[int, int], shape: tuple[int, int]
) -> tuple[FloatImage, tuple[slice, slice]]:
    """Do what `from_network_grid` does with a map that is 0 outside a window, at the cost of that window.

    Parameters
    ----------
    map_ : ndarray of float32, shape (y', x')
        What lies in the window.
    window : (slice, slice)
        Its rows and columns in the network's grid.
    grid, shape : (int, int)
        Shape (y, x) of the network's grid and of the image.

    Returns
    -------
    map : ndarray of float32, shape (y, x)
        What is not 0 of the resampled map.
    window : (slice, slice)
        Its rows and columns in the image.
    """
    if grid == shape:
        return map_, window
    antialias = shape[0] < grid[0]
    (to_rows, rows), (to_columns, columns) = (
        _spread(part, old, new, antialias=antialias) for part, old, new in zip(window, grid, shape, strict=True)
    )
    return np.asarray(to_rows @ map_ @ to_columns.T, np.float32), (rows, columns)


def _spread(part: slice, old: int, new: int, *, antialias: bool) -> tuple[FloatImage, slice]:
    """Return what pixels of a part of an axis count, shape (reached pixels, part), and which they reach."""
    count = part.stop - part.start
    each = np.zeros((1, old, count), np.float32)
    each[0, part] = np.eye(count, dtype=np.float32)
    weights = _interpolate(each, (new, count), mode="bilinear", antialias=antialias)[0]
    reached = np.flatnonzero(weights.any(axis=1))
    if not len(reached):
        return weights[:0], slice(0, 0)
    span = slice(int(reached[0]), int(reached[-1]) + 1)
    return weights[span], span


def resample_labels(labels: LabelArray, shape: tuple[int, int]) -> LabelArray:
    """Resample mask codes, shape (layer, y, x) to ``(layer, *shape)``.

    Where pixels are merged, the code that most labelled pixels have wins, so that thin strokes survive; elsewhere
    the nearest pixel counts.
    """
    return resample_window(labels, shape, (slice(0, shape[0]), slice(0, shape[1])))


def resample_window(labels: LabelArray, shape: tuple[int, int], window: tuple[slice, slice]) -> LabelArray:
    """Return a window of `resample_labels` (labels, shape), at the cost of that window.

    Parameters
    ----------
    labels : ndarray of uint8, shape (layer, y, x)
        Mask codes of the whole frame.
    shape : (int, int)
        Shape (y, x) that the whole frame is resampled to.
    window : (slice, slice)
        Rows and columns of the result, inside `shape`.
    """
    rows, columns = window
    if shape[0] >= labels.shape[-2] and shape[1] >= labels.shape[-1]:
        from_rows, from_columns = (
            _source_pixels(new, old)[part] for new, old, part in zip(shape, labels.shape[-2:], window, strict=True)
        )
        return labels[:, from_rows[:, None], from_columns]
    targets = [_source_pixels(old, new) for new, old in zip(shape, labels.shape[-2:], strict=True)]
    spans = [slice(*np.searchsorted(t, [part.start, part.stop])) for t, part in zip(targets, window, strict=True)]
    to_rows, to_columns = (t[span] - part.start for t, span, part in zip(targets, spans, window, strict=True))
    size = rows.stop - rows.start, columns.stop - columns.start
    return np.stack([_vote(layer[spans[0], spans[1]], to_rows, to_columns, size) for layer in labels])


def window_after(
    box: tuple[slice, slice], before: tuple[int, int], after: tuple[int, int], *, grow: int = 1
) -> tuple[slice, slice]:
    """Return the pixels of a resampled frame that can depend on a box of the frame.

    Parameters
    ----------
    box : (slice, slice)
        Rows and columns, inside `before`.
    before, after : (int, int)
        Shapes (y, x) of the frame before and after resampling.
    grow : int
        By so many pixels the result is larger on every side; 0 gives those that the box meets.

    Returns
    -------
    (slice, slice)
        Rows and columns, inside `after`.
    """
    rows, columns = (
        slice(max(0, part.start * new // old - grow), min(new, -(-part.stop * new // old) + grow))
        for part, old, new in zip(box, before, after, strict=True)
    )
    return rows, columns


def _source_pixels(new: int, old: int) -> NDArray[np.intp]:
    """Return for each new pixel the old pixel in which its centre lies."""
    return np.clip(np.floor((np.arange(new) + 0.5) * old / new).astype(np.intp), 0, old - 1)


def _vote(
    layer: LabelArray, to_rows: NDArray[np.intp], to_columns: NDArray[np.intp], shape: tuple[int, int]
) -> LabelArray:
    """Give every pixel of `shape` the code that most labelled pixels have that go there, or 0."""
    codes = np.unique(layer[layer > 0])
    y, x = np.nonzero(layer)
    target = to_rows[y] * shape[1] + to_columns[x]
    votes = [np.bincount(target[layer[y, x] == code], minlength=shape[0] * shape[1]) for code in codes]
    if not votes:
        return np.zeros(shape, dtype=np.uint8)
    winner: LabelArray = np.where(np.max(votes, axis=0) > 0, codes[np.argmax(votes, axis=0)], 0).astype(np.uint8)
    return winner.reshape(shape)


def _interpolate(images: FloatImage, shape: tuple[int, int], *, mode: str, antialias: bool) -> FloatImage:
    batch = torch.from_numpy(np.ascontiguousarray(images))[:, None]
    resampled = interpolate(batch, size=shape, mode=mode, align_corners=False, antialias=antialias)
    array: FloatImage = resampled[:, 0].numpy()
    return array
