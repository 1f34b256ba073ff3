"""What the Fourier transform of an image tells of the lattices of its layers, and of their moirés."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.affine import SharedAffine, fit_shared_affine
from napari_strata.lattice.cells import IDEAL, Family, Matrix
from napari_strata.lattice.figures import affine_figures, fourier_figures, seen_figures, twist_figures
from napari_strata.lattice.leakage import without_overlaps
from napari_strata.lattice.moire import Moire, SeenMoire, see_moire
from napari_strata.lattice.reciprocal import FourierLattice, match_lattices, sort_spots
from napari_strata.lattice.spectrum import Spots, TaperedImage, find_spots
from napari_strata.lattice.tiles import scattered, waves_of
from napari_strata.lattice.twist import Twist, twist_of_affine


@dataclass(frozen=True, slots=True, eq=False)
class FourierFrame:
    """The lattices in one image's Fourier transform.

    Attributes
    ----------
    spots : Spots
        All spots.
    lattices : tuple of FourierLattice or None
        The lattice of each layer, where it is seen.
    shared : SharedAffine or None
        Ideal lattices under one affine distortion, where all layers are seen.
    twists : tuple of Twist
        Between each layer and the next.
    moires : tuple of SeenMoire or None
        The moiré of each layer and the next, where it is seen.
    gaps : tuple of str
        What is not there, and why.
    """

    spots: Spots
    lattices: tuple[FourierLattice | None, ...]
    shared: SharedAffine | None
    twists: tuple[Twist, ...]
    moires: tuple[SeenMoire | None, ...]
    gaps: tuple[str, ...]


def fourier_frame(
    image: NDArray[np.floating],
    pixel_size: float,
    vectors: Sequence[Matrix],
    family: Family,
    moires: Sequence[Moire] = (),
) -> FourierFrame:
    """Fit the lattices that an image shows, in the order of layers whose vectors are known from atoms.

    The atoms decide only how large a lattice is looked for, and which layer is which.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    pixel_size : float
        Pixel size [Å/px].
    vectors : sequence of ndarray, each of shape (2, 2)
        a and b of each layer as rows (y, x) [Å].
    family : Family
        What the lattices are without distortion.
    moires : sequence of Moire
        Moirés to look for.

    Raises
    ------
    ImageError, CalibrationError
        If the image cannot be transformed.
    """
    spots = find_spots(image, pixel_size)
    gaps: list[str] = []
    lattices: tuple[FourierLattice | None, ...] = (None,) * len(vectors)
    try:
        expected = float(np.mean([np.linalg.norm(v, axis=1).mean() for v in vectors]))
        found = sort_spots(spots, layers=len(vectors), family=family, expected_a=expected)
        resolution = 1 / (np.array(image.shape) * pixel_size)
        told = _told_apart(match_lattices(found, vectors), vectors, resolution, gaps)
        lattices = _with_scatter(told, vectors, TaperedImage.of(image, pixel_size), spots)
    except LatticeError as error:
        gaps.append(error.message)
    shared = _shared([one for one in lattices if one is not None], len(vectors), family)
    twists: tuple[Twist, ...] = ()
    if shared is not None:
        twists = tuple(twist_of_affine(shared, i, i + 1, family) for i in range(len(vectors) - 1))
    seen: list[SeenMoire | None] = []
    for moire in moires:
        try:
            seen.append(see_moire(image, pixel_size, moire))
        except LatticeError as error:
            gaps.append(error.message)
            seen.append(None)
    return FourierFrame(spots, lattices, shared, twists, tuple(seen), tuple(gaps))


def fourier_frame_figures(frame: FourierFrame, numbers: Sequence[int]) -> dict[str, Any]:
    """Return all that as plain numbers; `numbers` are those of the layers."""
    return {
        "layers": [
            {"layer": number, **fourier_figures(lattice)}
            for number, lattice in zip(numbers, frame.lattices, strict=True)
            if lattice is not None
        ],
        "shared_affine": None if frame.shared is None else affine_figures(frame.shared, numbers),
        "twists": [twist_figures(twist, numbers) for twist in frame.twists],
        "moire": [None if seen is None else seen_figures(seen) for seen in frame.moires],
        "gaps": list(frame.gaps),
    }


def _told_apart(
    lattices: Sequence[FourierLattice | None],
    vectors: Sequence[Matrix],
    resolution: NDArray[np.float64],
    gaps: list[str],
) -> tuple[FourierLattice | None, ...]:
    """Return the lattices from spots that those of other layers leave alone; say once where there are none."""
    told: list[FourierLattice | None] = []
    for layer, lattice in enumerate(lattices):
        try:
            told.append(None if lattice is None else without_overlaps(lattice, layer, vectors, resolution))
        except LatticeError as error:
            told.append(None)
            if error.message not in gaps:
                gaps.append(error.message)
    return tuple(told)


def _with_scatter(
    lattices: Sequence[FourierLattice | None], vectors: Sequence[Matrix], tapered: TaperedImage, spots: Spots
) -> tuple[FourierLattice | None, ...]:
    """Enlarge the uncertainties where noise is not white."""
    best = [known if one is None else one.vectors for one, known in zip(lattices, vectors, strict=True)]
    waves = waves_of(spots, best, tapered.resolution)
    return tuple(one and scattered(one, tapered, waves) for one in lattices)


def _shared(lattices: list[FourierLattice], layers: int, family: Family) -> SharedAffine | None:
    from scipy.linalg import block_diag

    if len(lattices) < layers or family not in IDEAL:
        return None
    covariance = np.asarray(block_diag(*(one.covariance for one in lattices)))
    return fit_shared_affine([one.vectors for one in lattices], covariance, [family] * layers)
