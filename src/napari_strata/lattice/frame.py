"""The lattices of one image, from the table of its atoms: what could be measured, and what not."""

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LatticeError, StrataError
from napari_strata.lattice.affine import SharedAffine, fit_shared_affine
from napari_strata.lattice.agreement import doubt_of_family
from napari_strata.lattice.cells import IDEAL, Family, Matrix
from napari_strata.lattice.field import SmoothField, fit_field
from napari_strata.lattice.fitted import FittedLayer, FittedLayers, fit_layers
from napari_strata.lattice.moire import Moire, predict_moire
from napari_strata.lattice.order import LayerLattice
from napari_strata.lattice.twist import Twist, twist_of_affine, twist_of_fits

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class FrameLattices:
    """The lattices of one image.

    Attributes
    ----------
    layers : tuple of FittedLayer
        Layers in which a lattice was found.
    orders : tuple of LayerLattice
        Interior atoms, coherence and bond length of all layers that have atoms.
    field : SmoothField or None
        Smooth distortion shared by the layers.
    shared : SharedAffine or None
        Their ideal lattices under one affine distortion; from the lattices that were fitted together with the
        field, where there is one.
    twists : tuple of Twist
        Between each of `layers` and the next, unless both lie on the same atoms, or a cell is not of its family.
    moires : tuple of Moire
        Predicted for the same.
    gaps : tuple of str
        What is not there, and why.
    """

    layers: tuple[FittedLayer, ...]
    orders: tuple[LayerLattice, ...]
    field: SmoothField | None
    shared: SharedAffine | None
    twists: tuple[Twist, ...]
    moires: tuple[Moire, ...]
    gaps: tuple[str, ...]

    @property
    def joint_vectors(self) -> tuple[Matrix, ...]:
        """A and b of each layer, fitted together with the field where there is one."""
        return tuple(one.fit.vectors for one in self.layers) if self.field is None else self.field.lattices

    @property
    def joint_covariance(self) -> Matrix:
        """Covariance of all of them."""
        from scipy.linalg import block_diag

        if self.field is not None:
            return self.field.covariance
        return np.asarray(block_diag(*(one.fit.covariance for one in self.layers)))


def describe_frame(atoms: "DataFrame", *, family: Family | None = None, seed: int = 0) -> FrameLattices:
    """Fit the lattices of all layers of one frame, and what they share: `fit_layers`, then `describe_fits`.

    Parameters
    ----------
    atoms : DataFrame
        Atom table of one frame of one image: columns layer, y_A, x_A, and sigma_y, sigma_x where known [Å].
    family : Family, optional
        What the lattices are without distortion; by default each is the most symmetric one that fits.
    seed : int
        Decides which atoms are held out to judge the smooth field.

    Returns
    -------
    FrameLattices
        Layers without a lattice, and what cannot be measured without them, are named in ``gaps``.

    Raises
    ------
    TableError
        If the table holds several images or frames, or no atoms.
    CalibrationError
        If an atom has a position in px only.
    LatticeError
        If no layer has a lattice.
    """
    return describe_fits(fit_layers(atoms, family=family), seed=seed)


def describe_fits(fitted: FittedLayers, *, seed: int = 0) -> FrameLattices:
    """Fit what the lattices of one frame share.

    Parameters
    ----------
    fitted : FittedLayers
        The lattice of each layer.
    seed : int
        Decides which atoms are held out to judge the smooth field.

    Raises
    ------
    LatticeError
        If no layer has a lattice.
    """
    layers, orders, gaps = fitted.layers, fitted.orders, list(fitted.gaps)
    if not layers:
        raise LatticeError(
            f"No layer has a lattice. {' '.join(gaps)}",
            remedy="Check the atoms, and whether their layers are right; or state the family of the cell.",
        )
    if len(layers) == 1:
        gaps.append("There is one layer with a lattice, so there is no twist and no moiré.")
    field = _field(layers, seed, gaps)
    if any(doubt_of_family(one.fit) for one in layers):
        gaps.append(
            "Cells that are not of their family tell neither twist, moiré, nor the distortion of the scan: state"
            " another family, or none."
        )
        return FrameLattices(layers, orders, field, None, (), (), tuple(gaps))
    frame = FrameLattices(layers, orders, field, None, (), (), ())
    shared, pairs = _shared(frame, gaps), _pairs_apart(fitted, gaps)
    twists, moires = _twists(layers, pairs, shared, gaps), _moires(frame, pairs, gaps)
    return FrameLattices(layers, orders, field, shared, twists, moires, tuple(gaps))


def _pairs_apart(fitted: FittedLayers, gaps: list[str]) -> list[tuple[int, int]]:
    """Return each layer and the next, counted from 0, but for those that lie on the same atoms."""
    layers, apart = fitted.layers, []
    for i, j in itertools.pairwise(range(len(layers))):
        if (layers[i].layer, layers[j].layer) not in fitted.coinciding:
            apart.append((i, j))
            continue
        gaps.append(
            f"Layers {layers[i].layer} and {layers[j].layer} lie on the same atoms, so no twist and no moiré are"
            " told. Is it one layer? Then locate its atoms with a model of one layer, such as unet-columns. Layers"
            " exactly on each other look the same."
        )
    return apart


def _field(layers: tuple[FittedLayer, ...], seed: int, gaps: list[str]) -> SmoothField | None:
    try:
        return fit_field([one.positions for one in layers], [one.fit for one in layers], seed=seed)
    except StrataError as error:
        gaps.append(f"Smooth field: {error.message}")
        return None


def _shared(frame: FrameLattices, gaps: list[str]) -> SharedAffine | None:
    families = [one.fit.index.cell.family for one in frame.layers]
    if any(family not in IDEAL for family in families):
        gaps.append(
            "Shared affine distortion: rectangular and oblique cells may have any shape, so they show none."
        )
        return None
    if len(families) == 1:
        gaps.append("Shared affine distortion: with one layer it takes all that its cell departs from the ideal.")
    return fit_shared_affine(frame.joint_vectors, frame.joint_covariance, families)


def _twists(
    layers: tuple[FittedLayer, ...], pairs: list[tuple[int, int]], shared: SharedAffine | None, gaps: list[str]
) -> tuple[Twist, ...]:
    twists = []
    for i, j in pairs:
        family = layers[i].fit.index.cell.family
        try:
            if shared is not None and layers[j].fit.index.cell.family == family:
                twists.append(twist_of_affine(shared, i, j, family))
            else:
                twists.append(twist_of_fits([one.fit for one in layers], i, j))
        except LatticeError as error:
            gaps.append(f"Twist: {error.message}")
    return tuple(twists)


def _moires(frame: FrameLattices, pairs: list[tuple[int, int]], gaps: list[str]) -> tuple[Moire, ...]:
    moires = []
    for i, j in pairs:
        family = frame.layers[i].fit.index.cell.family
        if frame.layers[j].fit.index.cell.family != family:
            continue
        both = np.concatenate([np.arange(4 * i, 4 * i + 4), np.arange(4 * j, 4 * j + 4)])
        vectors = frame.joint_vectors
        try:
            covariance = frame.joint_covariance[np.ix_(both, both)]
            moires.append(replace(predict_moire(vectors[i], vectors[j], covariance, family), layers=(i, j)))
        except LatticeError as error:
            gaps.append(f"Moiré: {error.message}")
    return tuple(moires)
