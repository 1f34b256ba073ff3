"""One map from a varied patch to the drawn one: turned, mirrored, rotated, zoomed and elastically displaced."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.data.augmentation.waves import CUT, SmoothField

SUPPORT = 2
"""Pixels on either side that cubic interpolation looks at."""
ITERATIONS = 40
_QUARTER = np.array([[0.0, 1.0], [-1.0, 0.0]])
_MIRROR = np.diag([1.0, -1.0])


def is_resampled(config: AugmentationConfig) -> bool:
    """Return whether patches are interpolated; turns by 90 degrees and mirror images need none of that."""
    return any((config.rotation, config.zoom, config.elastic, config.scan_jitter))


def margin(config: AugmentationConfig, size: int) -> int:
    """Return by how much a patch must be drawn larger on every side so that no corner is empty [px].

    Parameters
    ----------
    config : AugmentationConfig
        Which changes, by how much.
    size : int
        Side of the patch that the network sees [px].
    """
    if not is_resampled(config):
        return 0
    angle = math.radians(min(config.rotation, 45.0))
    corner = (math.cos(angle) + math.sin(angle)) * size / 2 + CUT * config.scan_jitter
    return math.ceil((1 + config.zoom) * corner + CUT * config.elastic - size / 2) + SUPPORT


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    r"""Where every pixel of a varied patch comes from.

    .. math:: q = M p + s\,u(p), \qquad M = \tfrac1z\,T^k F^m R(\alpha)

    with offsets p and q from the centres of the varied and the drawn patch, quarter turns T, mirror F, rotation R,
    zoom z, and two smooth fields u of amplitude s.

    Attributes
    ----------
    size, drawn : int
        Sides of the varied and of the drawn patch [px].
    turns : int
        Quarter turns k, 0 to 3, as `torch.rot90` counts them.
    mirrored : bool
        Whether it is then mirrored left and right.
    angle : float
        Rotation [rad].
    zoom : float
        Magnification z.
    amplitude : float
        Size s of the displacements [px].
    displacement : pair of SmoothField, or None
        Displacements along y and x.
    jitter : ndarray of shape (size,), or None
        By how much each line of the varied image, not of its labels, is shifted along x [px].
    """

    size: int
    drawn: int
    turns: int = 0
    mirrored: bool = False
    angle: float = 0.0
    zoom: float = 1.0
    amplitude: float = 0.0
    displacement: tuple[SmoothField, SmoothField] | None = None
    jitter: NDArray[np.float64] | None = None

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The matrix M, acting on (y, x)."""
        turn = np.linalg.matrix_power(_QUARTER, self.turns) @ (_MIRROR if self.mirrored else np.eye(2))
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.asarray(turn @ np.array([[cos, sin], [-sin, cos]]) / self.zoom)

    def sources(self, device: torch.device) -> Tensor:
        """Return for every pixel of the varied patch its (y, x) in the drawn one, shape (size, size, 2) [px]."""
        steps = torch.arange(self.size, device=device, dtype=torch.float32) - (self.size - 1) / 2
        y, x = steps[:, None], steps[None, :]
        centre = (self.drawn - 1) / 2
        rows = [row[0] * y + row[1] * x + centre for row in self.matrix.tolist()]
        if self.displacement is not None:
            fields = (field.on_grid(self.size, device) for field in self.displacement)
            rows = [row + self.amplitude * field for row, field in zip(rows, fields, strict=True)]
        return torch.stack(rows, dim=-1)

    def image_sources(self, sources: Tensor) -> Tensor:
        """Return the same for the image, whose lines jitter."""
        if self.jitter is None:
            return sources
        shift = torch.from_numpy(self.jitter.astype(np.float32)).to(sources.device)
        return sources + shift[:, None, None] * sources.new_tensor(self.matrix[:, 1])

    def warp_points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points of the drawn patch lie in the varied one.

        The map goes the other way, so displacements are undone by fixed-point iteration, which converges because
        they change over at least six times their size.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            (y, x) [px]; they may lie outside of the varied patch.
        """
        offset = np.asarray(points, dtype=np.float64) - (self.drawn - 1) / 2
        inverse = np.linalg.inv(self.matrix).T
        moved = offset @ inverse
        if self.displacement is not None:
            for _ in range(ITERATIONS):
                shift = np.stack([field.at(moved) for field in self.displacement], axis=1)
                moved = (offset - self.amplitude * shift) @ inverse
        return moved + (self.size - 1) / 2
