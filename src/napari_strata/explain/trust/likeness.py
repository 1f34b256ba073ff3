"""How alike two maps of the same window are."""

from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, stats

Floats = NDArray[np.float64]

SSIM_SIDE, HOG_CELL, HOG_ORIENTATIONS = 5, 16, 9
"""Window of SSIM [px] and cells of HOG [px] as in the code of Adebayo et al., where the map is large enough."""


class Likeness(TypedDict):
    """How alike two maps are, in four ways; 1 of the same map.

    spearman
        Rank correlation of the magnitudes.
    beyond_distance
        The same at given distance from the target.
    ssim
        Structural similarity of the magnitudes, scaled to 0 to 1.
    hog
        Correlation of histograms of oriented gradients; None of a window that is too small.
    """

    spearman: float
    beyond_distance: float
    ssim: float
    hog: float | None


def likeness(one: torch.Tensor, other: torch.Tensor, weights: torch.Tensor) -> Likeness:
    r"""Compare the magnitudes of two maps.

    Rank correlation, SSIM (Wang et al., IEEE TIP 13, 600, 2004) and the correlation of HOG (Dalal and Triggs, CVPR
    2005) as in Adebayo et al., arXiv:1810.03292, by scipy and scikit-image. Deviations:

    - Only pixels at which one of the maps is not 0 are ranked. Beyond the receptive field all maps are 0, and
      the larger the window, the more alike two maps would seem.
    - Any dense network looks most at what is next to the target, learned or not, so maps of atoms are alike in
      that. ``beyond_distance`` is the partial rank correlation that is left at given distance :math:`z` from
      the target, :math:`(r_{xy} - r_{xz} r_{yz}) / \sqrt{(1 - r_{xz}^2)(1 - r_{yz}^2)}`.

    A map that has become constant is like no other: 0.

    Parameters
    ----------
    one, other : Tensor, shape (y, x)
        The maps.
    weights : Tensor, shape (y, x)
        The target's weights; not 0 where it lies.
    """
    a, b = (_magnitude(map_) for map_ in (one, other))
    used = (a > 0) | (b > 0)
    distance = ndimage.distance_transform_edt(weights.cpu().numpy() == 0)
    plain = _ranks_alike(a[used], b[used])
    return Likeness(
        spearman=plain,
        beyond_distance=_partial(plain, a[used], b[used], distance[used]),
        ssim=_ssim(a, b),
        hog=_hog(a, b),
    )


def is_flat(map_: torch.Tensor) -> bool:
    """Tell whether a map is the same everywhere, or holds no numbers: nothing to compare."""
    magnitude = map_.detach().abs()
    return not bool(magnitude.max() > magnitude.min())


def mean_likeness(found: list[Likeness]) -> Likeness:
    """Return the mean of several."""
    hogs = [one["hog"] for one in found if one["hog"] is not None]
    return Likeness(
        spearman=float(np.mean([one["spearman"] for one in found])),
        beyond_distance=float(np.mean([one["beyond_distance"] for one in found])),
        ssim=float(np.mean([one["ssim"] for one in found])),
        hog=float(np.mean(hogs)) if hogs else None,
    )


def _magnitude(map_: torch.Tensor) -> Floats:
    """Return the magnitude of a map, its largest value 1 unless all are 0."""
    magnitude: Floats = np.abs(map_.detach().cpu().double().numpy())
    return magnitude / (magnitude.max() or 1.0)


def _ranks_alike(x: Floats, y: Floats) -> float:
    if not (len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0):
        return float(len(x) > 0 and np.array_equal(x, y))
    return float(stats.spearmanr(x, y).statistic)


def _partial(plain: float, x: Floats, y: Floats, z: Floats) -> float:
    """Return the rank correlation of x and y at given z; the plain one where z does not vary or tells all."""
    of_x, of_y = _ranks_alike(x, z), _ranks_alike(y, z)
    left = (1 - of_x**2) * (1 - of_y**2)
    if not (len(z) and np.ptp(z) > 0 and left > 1e-9):
        return plain
    return float(np.clip((plain - of_x * of_y) / np.sqrt(left), -1, 1))


def _ssim(a: Floats, b: Floats) -> float:
    from skimage.metrics import structural_similarity

    side = min(SSIM_SIDE, *a.shape)
    side -= 1 - side % 2
    if side < 3:
        return float(np.array_equal(a, b))
    return float(structural_similarity(a, b, win_size=side, data_range=1.0))


def _hog(a: Floats, b: Floats) -> float | None:
    from skimage.feature import hog

    cell = min(HOG_CELL, *(side // 2 for side in a.shape))
    if cell < 3:
        return None
    of_a, of_b = (
        hog(map_, HOG_ORIENTATIONS, (cell, cell), (1, 1), feature_vector=True).astype(np.float64)
        for map_ in (a, b)
    )
    if not (np.ptp(of_a) > 0 and np.ptp(of_b) > 0):
        return float(np.array_equal(of_a, of_b))
    return float(np.corrcoef(of_a, of_b)[0, 1])
