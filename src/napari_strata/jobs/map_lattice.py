"""Measure the lattices of one frame, and map what departs from them atom by atom."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.doubt_size import doubt_of_size
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.measure_columns import measure_columns
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.cells import Family
    from napari_strata.lattice.doping import Dopants
    from napari_strata.lattice.fitted import FittedLayers
    from napari_strata.lattice.fourier import FourierFrame
    from napari_strata.lattice.frame import FrameLattices
    from napari_strata.lattice.frame_maps import FrameMaps


@dataclass(frozen=True, slots=True, eq=False)
class LatticeMaps:
    """The lattices of one frame, and its maps.

    Attributes
    ----------
    fitted : FittedLayers
        The lattice of each layer by itself.
    lattices : FrameLattices
        These, and what they share.
    fourier : FourierFrame or None
        What the image's Fourier transform shows, if that was asked for.
    frame : FrameMaps
        The maps.
    dopants : tuple of Dopants
        Species that are not the most frequent one of their layer.
    gaps : tuple of str
        What could not be measured, and why.
    doubt : str
        Why the pixel size may be wrong; empty where there is nothing to say.
    """

    fitted: "FittedLayers"
    lattices: "FrameLattices"
    fourier: "FourierFrame | None"
    frame: "FrameMaps"
    dopants: "tuple[Dopants, ...]"
    gaps: tuple[str, ...]
    doubt: str


@job
def map_lattice(
    control: JobControl,
    atoms: "DataFrame",
    *,
    image: ImageStack | None = None,
    family: "Family | None" = None,
    fitted: "FittedLayers | None" = None,
    fourier: bool = True,
    seed: int = 0,
    origin: AtomOrigin | None = None,
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
    fitted : FittedLayers, optional
        Lattices that were already fitted to these atoms, for this family.
    fourier : bool
        Whether to fit the Fourier transform, too.
    seed : int
        Decides which atoms are held out to judge the smooth distortion, and how dopants are dealt out.
    origin : AtomOrigin, optional
        Which model located the atoms: where it knows their crystal, the pixel size is doubted that contradicts it.

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
    from napari_strata.io.atoms.blocks import pixel_size_of
    from napari_strata.lattice.doping import find_dopants
    from napari_strata.lattice.figures import frame_figures
    from napari_strata.lattice.fitted import fit_layers
    from napari_strata.lattice.frame import describe_fits
    from napari_strata.lattice.frame_maps import map_frame
    from napari_strata.lattice.order import check_calibrated

    check_calibrated(atoms)
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, f"Fitting the lattices of {len(atoms):,} atoms")
    fitted = fitted or fit_layers(atoms, family=family)
    control.checkpoint()
    yield Progress(0.2, "Fitting what the lattices share")
    lattices = describe_fits(fitted, seed=seed)
    control.checkpoint()
    doubt = doubt_of_size(lattices, origin, pixel_size_of(atoms))
    gaps, found = list(lattices.gaps), None
    if fourier and image is not None:
        yield Progress(0.5, "Fitting the Fourier transform")
        found = _fourier(lattices, image, family, gaps)
        control.checkpoint()
    yield Progress(0.8, "Mapping the atoms")
    maps = map_frame(lattices, atoms, measure_columns(atoms, image))
    control.checkpoint()
    yield Progress(0.9, "Testing where species are")
    dopants = find_dopants(lattices.layers, atoms, seed=seed)
    value = LatticeMaps(fitted, lattices, found, maps, dopants, tuple(dict.fromkeys(gaps)), doubt)
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


def _more_figures(maps: LatticeMaps) -> dict[str, Any]:
    from napari_strata.lattice.doping import dopant_figures
    from napari_strata.lattice.fourier import fourier_frame_figures

    numbers = [one.layer for one in maps.lattices.layers]
    return {
        "fourier": None if maps.fourier is None else fourier_frame_figures(maps.fourier, numbers),
        "dopants": [dopant_figures(one) for one in maps.dopants],
        "gaps": [*filter(None, [maps.doubt]), *maps.gaps],
    }
