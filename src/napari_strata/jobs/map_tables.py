"""Map the frames of a table of atoms, and describe the maps in regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.jobs.measure_columns import measure_columns
from napari_strata.jobs.save_maps import MappedFrame
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.frame import FrameLattices
    from napari_strata.lattice.regions import Region


@dataclass(frozen=True, slots=True, eq=False)
class MapsWanted:
    """What to map.

    Attributes
    ----------
    out : Path or None
        File of maps; see `napari_strata.jobs.save_maps`.
    without_field : bool
        Whether the smooth distortion that the layers share is taken out of the positions first.
    regions : sequence of Region
        Where to describe the maps, beside everywhere.
    """

    out: Path | None = None
    without_field: bool = False
    regions: "Sequence[Region]" = ()


def map_one(
    lattices: "FrameLattices | None",
    atoms: "DataFrame",
    image: ImageStack | None,
    where: tuple[str, int],
    wanted: MapsWanted,
    seed: int,
) -> tuple[MappedFrame, dict[str, Any]]:
    """Map one frame.

    Parameters
    ----------
    lattices : FrameLattices or None
        What was fitted; None where there is no lattice.
    atoms : DataFrame
        Its atoms.
    image : ImageStack or None
        Where they were located.
    where : (str, int)
        Name of the image and number of the frame.
    wanted : MapsWanted
        What to map.
    seed : int
        Decides how dopants are dealt out.

    Returns
    -------
    tuple of MappedFrame and dict
        The maps, and figures: ``dopants`` and ``regions``.
    """
    from napari_strata.lattice.doping import dopant_figures, find_dopants
    from napari_strata.lattice.frame_maps import map_frame
    from napari_strata.lattice.regions import statistics_in

    name, frame = where
    height_width = None if image is None else (int(image.data.shape[-2]), int(image.data.shape[-1]))
    if lattices is None:
        return MappedFrame(name, frame, atoms, None, height_width), {"dopants": [], "regions": []}
    maps = map_frame(lattices, atoms, measure_columns(atoms, image, frame))
    figures = {
        "dopants": [dopant_figures(one) for one in find_dopants(lattices.layers, atoms, seed=seed)],
        "regions": statistics_in(maps, wanted.regions, frame, without_field=wanted.without_field),
    }
    return MappedFrame(name, frame, atoms, maps, height_width), figures
