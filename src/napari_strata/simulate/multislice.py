"""Multislice images by abTEM, an optional package under the GPL: slow, and a check of the fast simulator.

Nothing in the program needs it. abTEM: J. Madsen and T. Susi, Open Research Europe 1, 24 (2021).
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import ExtraError
from napari_strata.simulate.optics import Optics
from napari_strata.types import FloatImage

if TYPE_CHECKING:
    from ase import Atoms

_LEAST_WIDTH = 12.0
"""The cell is repeated to be at least this wide, so that the probe does not meet itself [Å]."""
_POTENTIAL_SAMPLING = 0.05
"""Pixels of the potential [Å]: electrons are followed up to two thirds of its Nyquist angle."""


def multislice_image(
    atoms: "Atoms",
    optics: Optics,
    *,
    pixel_size: float,
    source: float,
    detector: tuple[float, float],
    displacement: float,
    configurations: int,
    seed: int = 0,
) -> FloatImage:
    """Compute an annular dark-field image.

    Parameters
    ----------
    atoms : Atoms
        One rectangular cell of the specimen, periodic along x and y; seen along z.
    optics : Optics
        The probe; its focal spread must be 0.
    pixel_size : float
        Pixel size [Å/px]; made smaller so that a whole number of pixels fits into the cell.
    source : float
        Standard deviation of the source's image in the specimen [Å].
    detector : (float, float)
        Inner and outer angle [mrad].
    displacement : float
        Standard deviation of thermal displacements per axis [Å].
    configurations : int
        Displaced configurations to average over (frozen phonons).
    seed : int
        Seed of the displacements.

    Returns
    -------
    ndarray of float32, shape (y, x)
        Part of the beam that is detected, over the cell. The first pixel lies at its corner.

    Raises
    ------
    ExtraError
        If abTEM is not installed.
    """
    if find_spec("abtem") is None:
        raise ExtraError(
            "Multislice images need the package abTEM, which is not installed.",
            remedy='Install it, if its licence, the GPL, suits you: pip install "napari-strata[abtem]".',
        )
    import abtem

    repeats = [int(np.ceil(_LEAST_WIDTH / length)) for length in atoms.cell.lengths()[:2]]
    phonons = abtem.FrozenPhonons(atoms * (*repeats, 1), configurations, sigmas=displacement, seed=seed)
    potential = abtem.Potential(phonons, sampling=_POTENTIAL_SAMPLING, slice_thickness=1.0)
    probe = abtem.Probe(
        energy=optics.voltage * 1e3,
        semiangle_cutoff=optics.aperture,
        defocus=optics.defocus,
        Cs=optics.cs * 1e7,
    )
    one_cell = tuple(float(length) for length in atoms.cell.lengths()[:2])
    scan = abtem.GridScan((0, 0), one_cell, sampling=pixel_size, endpoint=False)
    annulus = abtem.AnnularDetector(inner=detector[0], outer=detector[1])
    measured = probe.scan(potential, scan=scan, detectors=annulus).compute()
    blurred = measured.gaussian_filter(source, boundary="periodic") if source else measured
    return np.asarray(blurred.array.T, dtype=np.float32)
