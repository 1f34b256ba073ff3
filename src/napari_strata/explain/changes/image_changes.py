"""What can be done to a region of an image: erase, blur, denoise or shift it. Elsewhere not one pixel changes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.config.what_if import WhatIfConfig
from napari_strata.errors import MethodError, TargetError
from napari_strata.explain.question import Question
from napari_strata.explain.targets import REACH, AtomTarget, PixelTarget
from napari_strata.explain.trust.shot_noise import ShotNoise
from napari_strata.numbers import plain
from napari_strata.types import AnyArray

Mask = NDArray[np.bool_]
Values = NDArray[np.float64]
_BEYOND = 4.0
"""Gaussians are cut off at so many standard deviations."""
_PATCH, _SEARCH = 5, 6
"""Side of the patches that are compared, and how far away they are looked for [px]."""


def footprint(question: Question, shape: tuple[int, int], *, pixel_size: float | None, radius: float) -> Mask:
    """Return the pixels of the image that a question is about.

    Of an atom those that count, up to `napari_strata.explain.targets.REACH` standard deviations of its Gaussian.

    Parameters
    ----------
    question : Question
        A checked question.
    shape : tuple of int
        Height and width of the image [px].
    pixel_size : float or None
        [Å/px]; without one lengths are taken in px.
    radius : float
        Radius of an atom's footprint where its target states none [Å].
    """
    target = question.target
    if not isinstance(target, AtomTarget | PixelTarget):
        return target.mask
    y, x = np.ogrid[: shape[0], : shape[1]]
    distance = np.hypot(y - target.y, x - target.x)
    own = target.radius or radius if isinstance(target, AtomTarget) else 0.0
    within: Mask = distance <= max(own / 2 * REACH / (pixel_size or 1.0), float(distance.min()))
    return within


def grown(mask: Mask, length: float) -> Mask:
    """Return a mask and all that lies within a length of it [px]."""
    if length <= 0:
        return mask
    box, within = _box(mask, length), np.zeros_like(mask)
    within[box] = ndimage.distance_transform_edt(~mask[box]) <= length
    return within


def change_image(
    image: AnyArray, mask: Mask, config: WhatIfConfig, *, pixel_size: float | None, noise: ShotNoise
) -> Values:
    r"""Change a region of an image.

    erase
        :math:`I' = I + p (F - I)` with the part :math:`p`. The fill :math:`F = G * (m I) / G * m` is the mean of
        the surroundings, those where :math:`m = 1`, weighted by a Gaussian :math:`G` whose standard deviation is
        half the depth of the region. (Biharmonic inpainting continues the noise at the border into the region, and
        takes too long to be live.)
    blur
        The image convolved with a Gaussian.
    denoise
        Non-local means (Buades, Coll and Morel, CVPR 2005; scikit-image) after Anscombe's transform, which makes
        shot noise alike everywhere.
    shift
        The region moves, interpolated bilinearly; what it leaves uncovered is filled as above.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities.
    mask : ndarray of bool, shape (y, x)
        The region; at least one pixel.
    config : WhatIfConfig
        What is done, and how much; ``grow`` is the affair of the caller.
    pixel_size : float or None
        [Å/px]; without one lengths are taken in px.
    noise : ShotNoise
        The image's.

    Returns
    -------
    ndarray of float64, shape (y, x)

    Raises
    ------
    TargetError
        If nothing is left to fill the region from.
    MethodError
        If there is no noise to take away.
    """
    values, scale = np.asarray(image, np.float64), 1 / (pixel_size or 1.0)
    match config.change:
        case "erase":
            new = values + config.part * (_filled(values, mask) - values)
        case "blur":
            new = _near(values, mask, config.blur * scale, lambda part: _blurred(part, config.blur * scale))
        case "denoise":
            new = _near(values, mask, _PATCH + _SEARCH, lambda part: _denoised(part, config.strength, noise))
        case "shift":
            return _shifted(values, mask, (config.shift_y * scale, config.shift_x * scale))
    return np.where(mask, new, values)


def fill_words(image: AnyArray, changed: AnyArray, mask: Mask) -> str:
    """Say that what fills an erased region is brighter than what was there, by more than two standard errors.

    Among atoms that stand close the surroundings are bright, and a filling that adds intensity may raise a score.
    """
    before, after = np.asarray(image, np.float64)[mask], changed[mask]
    brighter = after.mean() - before.mean()
    if brighter <= 2 * before.std() / np.sqrt(before.size) or np.isclose(after.mean(), before.mean()):
        return ""
    means = f"mean {plain(after.mean(), 3)}, was {plain(before.mean(), 3)}"
    return f"The filling is brighter than what was erased ({means}): its surroundings are bright."


def shift_words(mask: Mask, config: WhatIfConfig, *, pixel_size: float | None) -> str:
    """Say that a region is moved out of the image, so that nothing of it is left."""
    steps = (config.shift_y / (pixel_size or 1.0), config.shift_x / (pixel_size or 1.0))
    for step, along, side in zip(steps, np.nonzero(mask), mask.shape, strict=True):
        if along.max() + step < 0 or along.min() + step > side - 1:
            return "The region is moved out of the image: its place is filled, and nothing of it is left."
    return ""


def _filled(values: Values, mask: Mask) -> Values:
    """Return an image whose region is the mean of its surroundings."""
    if mask.all():
        raise TargetError(
            "The region is the whole image, so nothing is left to fill it from.", remedy="Choose a smaller region."
        )
    depth = float(ndimage.distance_transform_edt(mask[_box(mask, 0)]).max())
    sigma = max(depth / 2, 1.0)
    box = _box(mask, _BEYOND * sigma)
    part, inside = values[box], mask[box]
    share = np.maximum(_blurred(np.where(inside, 0.0, 1.0), sigma), np.finfo(float).tiny)
    filled = values.copy()
    filled[box] = np.where(inside, _blurred(np.where(inside, 0.0, part), sigma) / share, part)
    return filled


def _shifted(values: Values, mask: Mask, shift: tuple[float, float]) -> Values:
    if not any(shift):
        return values.copy()
    box = _box(mask, max(abs(shift[0]), abs(shift[1])) + 2)
    moved = ndimage.shift(mask[box].astype(np.float64), shift, order=1, mode="constant") > 0.5
    content = ndimage.shift(values[box], shift, order=1, mode="nearest")
    new = _filled(values, mask)
    new[box] = np.where(moved, content, new[box])
    return new


def _denoised(part: Values, strength: float, noise: ShotNoise) -> Values:
    from skimage.restoration import denoise_nl_means

    if not noise.gain > 0:
        raise MethodError("The image shows no noise, so there is none to take away.", remedy="Choose 'blur'.")
    counts = np.clip((part - noise.dark) / noise.gain, 0, None)
    even = 2 * np.sqrt(counts + 3 / 8)
    if strength == 0:
        return part
    smooth = denoise_nl_means(
        even, patch_size=_PATCH, patch_distance=_SEARCH, h=strength, sigma=1.0, fast_mode=True, preserve_range=True
    )
    back: Values = noise.dark + noise.gain * np.clip((smooth / 2) ** 2 - 1 / 8, 0, None)
    return back


def _near(values: Values, mask: Mask, reach: float, change: Callable[[Values], Values]) -> Values:
    """Change the surroundings of a region only."""
    box = _box(mask, _BEYOND * reach)
    new = values.copy()
    new[box] = change(values[box])
    return new


def _blurred(part: Values, sigma: float) -> Values:
    blurred: Values = ndimage.gaussian_filter(part, sigma, mode="nearest", truncate=_BEYOND)
    return blurred


def _box(mask: Mask, reach: float) -> tuple[slice, slice]:
    """Return the rows and columns of a mask and of what lies within a reach of it [px]."""
    more = int(np.ceil(reach)) + 1
    rows, columns = (
        slice(max(int(axis.min()) - more, 0), int(axis.max()) + more + 1) for axis in np.nonzero(mask)
    )
    return rows, columns
