"""Measure the lattices of one frame, and map what departs from them atom by atom."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.cells import Family
    from napari_strata.lattice.dopants import ClusterTest, Fraction
    from napari_strata.lattice.fourier import FourierFrame
    from napari_strata.lattice.frame import FittedLayer, FrameLattices
    from napari_strata.lattice.quantities import Quantity

COLUMN_RADIUS = 0.53
"""Radius of the disk in which a column's intensity is measured, as where atoms are located [Å]."""
AROUND = 2.2
"""Atoms up to so many lengths of the longer vector away decide the fraction of a species around an atom."""
SAME_SITE = 1.1
"""Dopants up to so many lengths of the longer vector apart are neighbours: those on one sublattice are, too."""


@dataclass(frozen=True, slots=True)
class Dopants:
    """Atoms of one species among the others of their layer.

    Attributes
    ----------
    layer : int
        The layer.
    species : str
        The species.
    fraction : Fraction
        Its part of all atoms of the layer.
    is_usual : bool
        Whether it is the most frequent species of a site of the cell: no dopant, then, and not tested.
    test : ClusterTest or None
        Whether they cluster; None where that cannot be asked.
    """

    layer: int
    species: str
    fraction: "Fraction"
    is_usual: bool
    test: "ClusterTest | None"


@dataclass(frozen=True, slots=True, eq=False)
class LatticeMaps:
    """The lattices of one frame, and its maps.

    Attributes
    ----------
    lattices : FrameLattices
        What was fitted.
    fourier : FourierFrame or None
        What the image's Fourier transform shows, if that was asked for.
    atoms : DataFrame
        The atoms that were measured.
    maps, freed : DataFrame
        Maps of every atom in a layer with a lattice, columns those of `quantities`; the index is that of the
        atoms. In `freed` the smooth distortion that the layers share was taken out of the positions first.
    quantities : dict of str to Quantity
        The maps that there are, by their keys.
    dopants : tuple of Dopants
        Species that are not the most frequent one of their layer.
    gaps : tuple of str
        What could not be measured, and why.
    """

    lattices: "FrameLattices"
    fourier: "FourierFrame | None"
    atoms: "DataFrame"
    maps: "DataFrame"
    freed: "DataFrame"
    quantities: "dict[str, Quantity]"
    dopants: tuple[Dopants, ...]
    gaps: tuple[str, ...]


@job
def map_lattice(
    control: JobControl,
    atoms: "DataFrame",
    *,
    image: ImageStack | None = None,
    family: "Family | None" = None,
    fourier: bool = True,
    seed: int = 0,
) -> JobBody:
    """Fit the lattices of one frame and map displacement, strain, stacking, distances and more.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing: it takes seconds.
    atoms : DataFrame
        Atom table of one frame of one image, with positions in Å and in px.
    image : ImageStack, optional
        That frame alone, with its pixel size: for its Fourier transform and the intensities of columns.
    family : {"hexagonal", "square", "rectangular", "oblique"}, optional
        What the lattices are without distortion; by default each is the most symmetric one that fits.
    fourier : bool
        Whether to fit the Fourier transform, too.
    seed : int
        Decides which atoms are held out to judge the smooth distortion, and how dopants are dealt out.

    Yields
    ------
    JobEvent
        `Progress` before every step.

    Returns
    -------
    JobResult
        ``figures`` are those of `napari_strata.lattice.figures.frame_figures`, with ``fourier`` and ``dopants``;
        ``value`` is `LatticeMaps`.

    Raises
    ------
    TableError
        If there are no atoms, or those of several frames.
    CalibrationError
        If positions are known in px only.
    LatticeError
        If no layer has a lattice.
    """
    from napari_strata.lattice.figures import frame_figures
    from napari_strata.lattice.frame import describe_frame
    from napari_strata.lattice.order import check_calibrated

    check_calibrated(atoms)
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, f"Fitting the lattices of {len(atoms):,} atoms")
    lattices = describe_frame(atoms, family=family, seed=seed)
    control.checkpoint()
    gaps, found = list(lattices.gaps), None
    if fourier and image is not None:
        yield Progress(0.4, "Fitting the Fourier transform")
        found = _fourier(lattices, image, family, gaps)
        control.checkpoint()
    yield Progress(0.8, "Mapping the atoms")
    maps, freed = (_all_maps(lattices, atoms, image, without_field=w) for w in (False, True))
    control.checkpoint()
    yield Progress(0.9, "Testing where species are")
    dopants = tuple(_dopants(lattices, atoms, seed))
    value = LatticeMaps(
        lattices, found, atoms, maps, freed, _quantities(maps, atoms), dopants, tuple(dict.fromkeys(gaps))
    )
    return JobResult(frame_figures(lattices) | _more_figures(value), value=value)


def _fourier(
    lattices: "FrameLattices", image: ImageStack, family: "Family | None", gaps: list[str]
) -> "FourierFrame | None":
    """Fit the Fourier transform; what it does not show is a gap."""
    from napari_strata.io.calibration import require
    from napari_strata.lattice.fourier import fourier_frame

    vectors = [one.fit.vectors for one in lattices.layers]
    family = family or lattices.layers[0].fit.index.cell.family
    try:
        pixel_size = require(image.pixel_size, name=image.name)
        found = fourier_frame(np.asarray(image.data[0]), pixel_size, vectors, family, lattices.moires)
    except StrataError as error:
        gaps.append(f"Fourier transform: {error.message}")
        return None
    gaps.extend(f"Fourier transform: {gap}" for gap in found.gaps)
    return found


def _all_maps(
    lattices: "FrameLattices", atoms: "DataFrame", image: ImageStack | None, *, without_field: bool
) -> "DataFrame":
    from napari_strata.lattice.maps import atom_maps

    maps = atom_maps(lattices, without_field=without_field)
    for i, layer in enumerate(lattices.layers):
        for name, values in _layer_maps(lattices, i, atoms.loc[layer.rows]).items():
            maps.loc[layer.rows, name] = values
    intensity = _intensities(atoms.loc[maps.index], image)
    return maps if intensity is None else maps.assign(intensity=intensity)


def _layer_maps(lattices: "FrameLattices", i: int, rows: "DataFrame") -> dict[str, NDArray[np.float64]]:
    """Return the maps of one layer that need no other one."""
    from napari_strata.lattice.quantities import FRACTION
    from napari_strata.lattice.surroundings import local_fraction, nearest_distances

    layer = lattices.layers[i]
    residuals = layer.fit.residuals if lattices.field is None else lattices.field.residuals[i]
    columns = {
        "nearest": nearest_distances(layer.positions),
        "residual_y": residuals[:, 0],
        "residual_x": residuals[:, 1],
    }
    species = rows["species"].astype(str).to_numpy()
    names = np.unique(species)
    reach = AROUND * _longest(layer)
    for name in names if len(names) > 1 else ():
        columns[FRACTION + str(name)] = local_fraction(layer.positions, species == name, reach)
    return columns


def _longest(layer: "FittedLayer") -> float:
    return float(np.linalg.norm(layer.fit.vectors, axis=1).max())


def _intensities(atoms: "DataFrame", image: ImageStack | None) -> NDArray[np.float64] | None:
    """Return the volume under the fitted peaks where there are some, else how bright the columns are."""
    from napari_strata.atoms.intensities import column_intensities, fitted_volumes

    if _is_fitted(atoms):
        return fitted_volumes(atoms)
    if image is None or image.pixel_size is None:
        return None
    positions = atoms[["y_px", "x_px"]].to_numpy(np.float64)
    return column_intensities(image.data[0], positions, radius=COLUMN_RADIUS / image.pixel_size)


def _is_fitted(atoms: "DataFrame") -> bool:
    fitted = {"amplitude", "width"} <= set(atoms.columns)
    return fitted and bool(atoms[["amplitude", "width"]].notna().all(axis=1).mean() >= 0.5)


def _quantities(maps: "DataFrame", atoms: "DataFrame") -> "dict[str, Quantity]":
    """Return the maps of which at least one atom has a value."""
    from napari_strata.lattice.quantities import FRACTION, QUANTITIES, fraction_of

    found = {
        key: one
        for key, one in QUANTITIES.items()
        if set(one.columns) <= set(maps)
        and (maps[list(one.columns)].notna() & (maps[list(one.columns)] != "")).any(axis=None)
    }
    if "intensity" in found and _is_fitted(atoms):
        found["intensity"] = replace(found["intensity"], unit="counts Å²")
    return found | {name: fraction_of(name.removeprefix(FRACTION)) for name in maps if name.startswith(FRACTION)}


def _is_known(maps: "DataFrame", name: str) -> bool:
    return name in maps and bool((maps[name].notna() & (maps[name] != "")).any())


def _dopants(lattices: "FrameLattices", atoms: "DataFrame", seed: int) -> "list[Dopants]":
    from napari_strata.lattice.dopants import species_fractions

    found = []
    for layer in lattices.layers:
        species = atoms.loc[layer.rows, "species"].astype(str).to_numpy()
        for name, part in list(species_fractions(species).items())[1:]:
            is_usual = name in _usual_species(layer, species)
            test = None if is_usual else _test(layer, species == name, seed)
            found.append(Dopants(layer.layer, name, part, is_usual, test))
    return found


def _usual_species(layer: "FittedLayer", species: NDArray[np.object_]) -> set[str]:
    """Return the most frequent species of each site of the cell."""
    index, usual = layer.fit.index, set()
    for site in range(len(index.cell.sites)):
        names, counts = np.unique(species[index.site == site].astype(str), return_counts=True)
        if len(names):
            usual.add(str(names[counts.argmax()]))
    return usual


def _test(layer: "FittedLayer", is_dopant: NDArray[np.bool_], seed: int) -> "ClusterTest | None":
    """Test whether dopants cluster; None where they are too few, or without a place in the lattice."""
    from napari_strata.lattice.dopants import join_count

    try:
        test = join_count(layer.fit.index, is_dopant, neighbours=SAME_SITE * _longest(layer), seed=seed)
    except StrataError:
        return None
    return test if test.spread > 0 else None


def _more_figures(maps: LatticeMaps) -> dict[str, Any]:
    from napari_strata.lattice.fourier import fourier_frame_figures

    numbers = [one.layer for one in maps.lattices.layers]
    return {
        "fourier": None if maps.fourier is None else fourier_frame_figures(maps.fourier, numbers),
        "dopants": [
            {
                "layer": one.layer,
                "species": one.species,
                "atoms": one.fraction.count,
                "fraction": one.fraction.value,
                "low": one.fraction.low,
                "high": one.fraction.high,
                "confidence": one.fraction.confidence,
                "is_usual": one.is_usual,
                "joins": None if one.test is None else one.test.joins,
                "joins_expected": None if one.test is None else one.test.expected,
                "p_clustered": None if one.test is None else one.test.p_clustered,
                "p_dispersed": None if one.test is None else one.test.p_dispersed,
            }
            for one in maps.dopants
        ],
        "gaps": list(maps.gaps),
    }
