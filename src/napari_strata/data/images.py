"""Whether an array can be used as an image stack, and if not, what to do about it."""

import numpy as np

from napari_strata.errors import ImageError
from napari_strata.types import AnyArray


def check_image(data: AnyArray, name: str) -> AnyArray:
    """Return the image as a stack.

    Parameters
    ----------
    data : ndarray, shape (y, x) or (frame, y, x)
        Real intensities.
    name : str
        Name of the image, for messages.

    Returns
    -------
    ndarray, shape (frame, y, x)
        The same values.

    Raises
    ------
    ImageError
        If the array is RGB, complex, of other dimensions, too small, constant in a frame, or not finite.
    """
    data = np.asarray(data)
    _check_type(data, name)
    stack = data[None] if data.ndim == 2 else data
    if min(stack.shape) < 1 or min(stack.shape[1:]) < 8:
        raise ImageError(
            f"{name} has {stack.shape[1]} x {stack.shape[2]} pixels in {stack.shape[0]} frames.",
            remedy="Use an image of at least 8 x 8 pixels.",
        )
    for index, frame in enumerate(stack):
        _check_values(frame, name if len(stack) == 1 else f"{name}, frame {index}")
    return stack


def looks_like_rgb(shape: tuple[int, ...]) -> bool:
    """Tell whether the last axis can only be colour: 3 or 4 long behind two larger ones."""
    return len(shape) >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4


def _check_type(data: AnyArray, name: str) -> None:
    if np.iscomplexobj(data):
        raise ImageError(
            f"{name} holds complex numbers.", remedy="Take the amplitude or the phase of the image first."
        )
    if not (np.issubdtype(data.dtype, np.number) or data.dtype == np.bool_):
        raise ImageError(f"{name} holds {data.dtype} values, not numbers.", remedy="Open a numeric image.")
    if looks_like_rgb(data.shape):
        raise ImageError(f"{name} is a colour image.", remedy="Convert it to grey first.")
    if data.ndim not in (2, 3):
        raise ImageError(
            f"{name} has {data.ndim} dimensions {data.shape}.",
            remedy="Use a (y, x) image or a (frame, y, x) stack; take one channel or series of a larger array.",
        )


def _check_values(frame: AnyArray, where: str) -> None:
    if not np.isfinite(frame).all():
        bad = int(np.size(frame) - np.isfinite(frame).sum())
        raise ImageError(
            f"{where} has {bad} pixels that are not finite (NaN or infinite).",
            remedy="Replace them, for example by the median of their neighbours.",
        )
    if frame.min() == frame.max():
        raise ImageError(
            f"{where} is constant: every pixel is {frame.min()}.", remedy="Choose another image or frame."
        )
