"""Find what the plots of distances and angles show: the neighbours in every layer of one frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.control import JobControl
from napari_strata.errors import TableError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.cells import Family, Matrix
    from napari_strata.lattice.fitted import FittedLayer, FittedLayers

REACH = 2.2
"""Pairs up to so many median nearest-neighbour distances apart are told."""
BOND = 1.3
"""Without a lattice, pairs up to so many median nearest-neighbour distances apart are bonds."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerPairs:
    """Neighbours in one layer.

    Attributes
    ----------
    layer : int
        Its number.
    atoms : ndarray of int, shape (n,)
        Labels of its atoms in the table's index.
    pairs : ndarray of int, shape (pairs, 2)
        Labels of the atoms of each pair.
    distances : ndarray, shape (pairs,)
        How far they are apart [Å].
    bonds : ndarray of int, shape (bonds, 2)
        Labels of the atoms of each bond: nearest neighbours in the lattice, or just near ones where there is none.
    angles : ndarray, shape (bonds,)
        Directions of the bonds from the x axis towards y, 0 to 180 [degrees].
    expected : ndarray, shape (shells,)
        Distances in the undistorted lattice of this layer, up to the longest told [Å]; empty without a lattice.
    reach : float
        The longest distance told [Å].
    vectors : ndarray, shape (2, 2), or None
        a and b as rows (y, x) [Å], where there is a lattice.
    """

    layer: int
    atoms: NDArray[np.intp]
    pairs: NDArray[np.intp]
    distances: NDArray[np.float64]
    bonds: NDArray[np.intp]
    angles: NDArray[np.float64]
    expected: NDArray[np.float64]
    reach: float
    vectors: "Matrix | None"


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Neighbours in all layers.

    Attributes
    ----------
    layers : tuple of LayerPairs
        Layers of at least two atoms.
    fitted : FittedLayers
        The lattices by which bonds were told.
    gaps : tuple of str
        What could not be told, and why.
    """

    layers: tuple[LayerPairs, ...]
    fitted: "FittedLayers"
    gaps: tuple[str, ...]


@job
def plot_pairs(
    control: JobControl,
    atoms: "DataFrame",
    *,
    family: "Family | None" = None,
    fitted: "FittedLayers | None" = None,
) -> JobBody:
    """Find the neighbours in every layer, their distances and directions.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    atoms : DataFrame
        Atom table of one frame of one image, with positions in Å.
    family : Family, optional
        What the lattices are without distortion; by default the most symmetric one that fits.
    fitted : FittedLayers, optional
        Lattices that were already fitted to these atoms.

    Yields
    ------
    JobEvent
        `Progress` before every layer.

    Returns
    -------
    JobResult
        ``value`` is `Pairs`.

    Raises
    ------
    TableError
        If there are no atoms, or no layer has two.
    CalibrationError
        If positions are known in px only.
    """
    from napari_strata.lattice.fitted import fit_layers
    from napari_strata.lattice.order import check_calibrated

    check_calibrated(atoms)
    control.run()
    yield StateChanged(control.state)
    if fitted is None:
        yield Progress(0.0, f"Fitting the lattices of {len(atoms):,} atoms")
        fitted = fit_layers(atoms, family=family)
    found: list[LayerPairs] = []
    groups = list(atoms.groupby("layer"))
    for number, rows in groups:
        control.checkpoint()
        yield Progress(0.5 + 0.5 * len(found) / len(groups), f"Finding the neighbours in layer {number}")
        if len(rows) > 1:
            found.append(_layer_pairs(int(number), rows, fitted.of(int(number))))
    if not found:
        raise TableError("No layer has two atoms.", remedy="Find atoms, or show another slice.")
    return JobResult(value=Pairs(tuple(found), fitted, fitted.gaps))


def _layer_pairs(number: int, rows: "DataFrame", fitted: "FittedLayer | None") -> LayerPairs:
    from napari_strata.lattice.fitted import cut_atoms
    from napari_strata.lattice.neighbours import bonds
    from napari_strata.lattice.shells import shell_distances, undistorted
    from napari_strata.lattice.surroundings import near_pairs, nearest_distances

    positions, labels = rows[["y_A", "x_A"]].to_numpy(np.float64), rows.index.to_numpy()
    spacing = float(np.median(nearest_distances(positions)))
    reach = REACH * spacing
    pairs, distances = near_pairs(positions, reach)
    whole = ~cut_atoms(rows)[pairs].any(axis=1)  # what the border cuts is off to one side
    pairs, distances = pairs[whole], distances[whole]
    if fitted is None:
        bonded = pairs[distances <= BOND * spacing]
        y, x = (positions[bonded[:, 1]] - positions[bonded[:, 0]]).T
        angles, expected = np.degrees(np.arctan2(y, x)) % 180, np.zeros(0)
    else:
        near = bonds(positions, fitted.fit.index)
        bonded, angles, expected = near.pairs, near.angles, shell_distances(undistorted(fitted.fit.cell), reach)
    vectors = None if fitted is None else fitted.fit.vectors
    return LayerPairs(number, labels, labels[pairs], distances, labels[bonded], angles, expected, reach, vectors)
