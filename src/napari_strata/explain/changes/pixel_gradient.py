"""The slope of a score in an image's own pixels and units, and not only in what the network sees of it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from napari_strata.data.grid import grid_and_scale, scale_factor
from napari_strata.data.turns import box_turned_back, turned, turned_back
from napari_strata.explain.changes.cropped_score import CroppedScore
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.view import View
from napari_strata.types import AnyArray


class PixelGradient:
    r"""Differentiates a score by the pixels of the image.

    What the network sees is :math:`(R\,\mathrm{clip}(I)\,C^T - o) / s`: the 0.1 % extreme pixels on either side
    clipped, resampled along both axes (:math:`R`, :math:`C`), and normalised. Limits, offset :math:`o` and spread
    :math:`s` are held at those of the image as it is, so the slope leaves out that a change of one pixel shifts
    mean and spread of all. A clipped pixel has the slope that it has where it is no longer clipped: 0 would tell a
    search that the brightest pixels of an atom do not matter.

    Parameters
    ----------
    score : CroppedScore
        The score.
    view : View
        How it is seen.
    image : ndarray, shape (y, x)
        The image that they are of.
    pixel_size, target : float or None
        Those of the image and of the network [Å/px].

    Attributes
    ----------
    rows, columns : slice
        The part of the image that the window depends on.
    """

    def __init__(
        self,
        score: CroppedScore,
        view: View,
        image: AnyArray,
        *,
        pixel_size: float | None,
        target: float | None,
    ) -> None:
        values = np.asarray(image, np.float64)
        _, self._scale = grid_and_scale(values, pixel_size, target)
        low, high = np.percentile(values, [0.1, 99.9])
        self._limits = (float(low), float(high)) if high > low else (float(values.min()), float(values.max()))
        self._score, self._device = score, view.inputs.device
        upright = turned_back(np.empty(view.padded, bool), view.turn).shape
        box = box_turned_back(score.window, upright[0], view.turn)
        factor = scale_factor(pixel_size, target)
        self._to_rows, self.rows = _resampling(values.shape[0], view.shape[0], box[0], factor)
        self._to_columns, self.columns = _resampling(values.shape[1], view.shape[1], box[1], factor)
        shape = len(self._to_rows), len(self._to_columns)
        numbers = np.arange(shape[0] * shape[1]).reshape(shape)
        self._order = torch.from_numpy(turned(numbers, view.turn).copy())

    def at(self, image: AnyArray) -> NDArray[np.float64]:
        """Return the slope of the score by every pixel of a changed image, shape (y, x) [1/intensity]."""
        whole = np.zeros(np.shape(image))
        part = torch.from_numpy(np.asarray(image, np.float64)[self.rows, self.columns].copy())
        with undisturbed(self._score.network), torch.enable_grad():
            part.requires_grad_()
            score = self._score.of(self._score.logits(self.window(part)))
            (gradient,) = torch.autograd.grad(score.sum(), part)
        whole[self.rows, self.columns] = gradient.numpy()
        return whole

    def window(self, part: Tensor) -> Tensor:
        """Return what the network sees, shape (1, 1, y', x'), of that part of an image, shape (y, x)."""
        clipped = part + (part.clamp(*self._limits) - part).detach()
        seen = self._to_rows @ clipped @ self._to_columns.T
        normalised = ((seen - self._scale.offset) / self._scale.spread).float()
        return normalised.reshape(-1)[self._order].to(self._device)[None, None]


def _resampling(old: int, new: int, wanted: slice, factor: float) -> tuple[Tensor, slice]:
    """Return the matrix from pixels of an axis to wanted ones of the padded grid, and which pixels it needs."""
    each = torch.eye(old, dtype=torch.float64)
    if factor != 1.0:
        each = interpolate(
            each[None, None], size=(new, old), mode="bicubic", align_corners=False, antialias=factor < 1
        )[0, 0]
    matrix = each[torch.arange(wanted.start, wanted.stop).clamp(max=new - 1)]
    touched = torch.nonzero(matrix.abs().sum(dim=0))[:, 0]
    span = slice(int(touched[0]), int(touched[-1]) + 1)
    return matrix[:, span], span
