"""Fit the lattices of located atoms, and of the Fourier transform of their image."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.atoms.belonging import REMEDY, check_place, doubt_of_image
from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.control import JobControl
from napari_strata.errors import LatticeError, StrataError, TableError
from napari_strata.events import JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.doubt_size import doubt_of_size
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.map_tables import MapsWanted, map_one
from napari_strata.jobs.save_maps import MappedFrame, write_maps
from napari_strata.numbers import counted
from napari_strata.types import AnyArray, ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.cells import Family
    from napari_strata.lattice.frame import FrameLattices


@job
def fit_lattice(
    control: JobControl,
    atoms: "DataFrame",
    *,
    images: Sequence[ImageStack] = (),
    family: "Family | None" = None,
    seed: int = 0,
    out: Path | None = None,
    overwrite: bool = False,
    maps: MapsWanted | None = None,
    origin: AtomOrigin | None = None,
) -> JobBody:
    """Fit the lattices of every frame of every image in a table of atoms.

    Parameters
    ----------
    control : JobControl
        Stop keeps the frames that are done.
    atoms : DataFrame
        Atom table with positions in Å.
    images : sequence of ImageStack
        Images of the same names, with pixel sizes: their Fourier transforms are fitted, too. A single image goes
        with the only image of the table, whatever its name.
    family : {"hexagonal", "square", "rectangular", "oblique"}, optional
        What the lattices are without distortion; by default each is the most symmetric one that fits.
    seed : int
        Decides which atoms are held out to judge the smooth distortion.
    out : Path, optional
        JSON file for the figures.
    overwrite : bool
        Whether files that are there may be replaced.
    maps : MapsWanted, optional
        What to map, atom by atom.
    origin : AtomOrigin, optional
        Which model located the atoms: where it knows their crystal, the pixel size is doubted that contradicts it.

    Yields
    ------
    JobEvent
        `Progress` after every frame, `Warned` for each one without a lattice, and once of every reason to think
        that atoms are those of another image.

    Returns
    -------
    JobResult
        ``figures["frames"]`` has a mapping for each frame, with ``gaps`` that tell what it lacks, why, and what is
        doubtful; where maps are wanted it has ``dopants`` and ``regions``, too;
        ``value`` is a tuple of `napari_strata.lattice.frame.FrameLattices`, None for frames without a lattice.

    Raises
    ------
    TableError
        If there are no atoms, or the images do not belong to the table: by name, by size, by their number of
        frames, or as atoms lie outside.
    CalibrationError
        If positions are known in px only, or an image has no pixel size, or another one than its atoms.
    LatticeError
        If no frame has a lattice.
    OutputError
        If the file cannot be written.
    """
    _check_files(out, maps, overwrite=overwrite)
    stacks = _checked(atoms, images, origin)
    control.run()
    yield StateChanged(control.state)
    rows: list[dict[str, Any]] = []
    values: list[FrameLattices | None] = []
    mapped: list[MappedFrame] = []
    doubts: set[str] = set()
    groups = list(atoms.groupby(["image", "frame"], sort=False))
    for (name, number), table in groups:
        if control.stop_requested:
            break
        frame, figures = _describe(table, family, seed, origin)
        shown = stacks.get(name)
        if frame is None:
            yield Warned(f"{name}, frame {number}: {figures['gaps'][0]}")
        if shown is not None:
            figures["fourier"] = _fourier(frame, shown, int(number), family)
            if doubt := _doubt_of_image(table, shown, int(number)):
                figures["gaps"] = [doubt, *figures["gaps"]]
                if doubt not in doubts:
                    yield Warned(doubt, REMEDY)
                doubts.add(doubt)
        if maps is not None:
            one, more = map_one(frame, table, shown, (str(name), int(number)), maps, seed)
            mapped.append(one)
            figures |= more
        rows.append({"image": str(name), "frame": int(number), **figures})
        values.append(frame)
        yield Progress(len(rows) / len(groups), f"Fitted the lattices of {len(rows)} of {len(groups)} frames")
    if values and not any(value is not None for value in values):
        raise LatticeError(rows[0]["gaps"][0], remedy="Check the atoms, and whether their layers are right.")
    paths = {} if out is None else _write({"frames": rows}, out)
    if maps is not None and maps.out is not None and mapped:
        yield Progress(1.0, f"Writing {maps.out.name}")
        write_maps(mapped, maps.out, without_field=maps.without_field)
        paths["maps"] = str(maps.out)
    return JobResult({"frames": rows}, paths, tuple(values))


def _check_files(out: Path | None, maps: MapsWanted | None, *, overwrite: bool) -> None:
    from napari_strata.io.folders import check_new
    from napari_strata.io.map_files import check_map_file

    if maps is not None and maps.out is not None:
        check_map_file(maps.out)
    check_new((out, None if maps is None else maps.out), overwrite=overwrite)


def _checked(atoms: "DataFrame", images: Sequence[ImageStack], origin: AtomOrigin | None) -> dict[str, ImageStack]:
    """Return the images by the names of the table, whose pixel sizes are those by which atoms were measured."""
    from napari_strata.io.atoms.belonging import common_size
    from napari_strata.io.calibration import require
    from napari_strata.lattice.order import check_calibrated

    check_calibrated(atoms)
    stacks = _by_name(atoms, images)
    for name, stack in stacks.items():
        rows = atoms[atoms["image"] == name]
        common_size(rows, stack.name, require(stack.pixel_size, name=stack.name))
        check_place(rows, (stack.data.shape[-2], stack.data.shape[-1]), stack.name, origin)
        if (last := int(rows["frame"].max())) >= len(stack.data):
            raise TableError(
                f"{stack.name} has {counted(len(stack.data), 'frame')}, and the table has atoms in frame {last}.",
                remedy=REMEDY,
            )
    return stacks


def _doubt_of_image(table: "DataFrame", stack: ImageStack, number: int) -> str:
    """Say why the atoms of a frame may be those of another image; empty where there is no reason to think so."""
    import numpy as np

    assert stack.pixel_size is not None
    return doubt_of_image(table, np.asarray(stack.data[number]), stack.name, stack.pixel_size)


def _by_name(atoms: "DataFrame", images: Sequence[ImageStack]) -> dict[str, ImageStack]:
    names = list(dict.fromkeys(atoms["image"]))
    if len(images) == len(names) == 1:
        return {names[0]: images[0]}
    unknown = [image.name for image in images if image.name not in names]
    if unknown:
        raise TableError(
            f"The table has no atoms of {', '.join(unknown)}; it has those of {', '.join(map(str, names[:5]))}.",
            remedy="The column image holds the stem of the image's file; make it the same in both.",
        )
    return {image.name: image for image in images}


def _describe(
    table: "DataFrame", family: "Family | None", seed: int, origin: AtomOrigin | None
) -> "tuple[FrameLattices | None, dict[str, Any]]":
    from napari_strata.io.atoms.blocks import pixel_size_of
    from napari_strata.lattice.figures import frame_figures
    from napari_strata.lattice.frame import describe_frame

    try:
        frame = describe_frame(table, family=family, seed=seed)
    except LatticeError as error:
        return None, {"layers": [], "gaps": [error.message]}
    figures = frame_figures(frame)
    doubt = doubt_of_size(frame, origin, pixel_size_of(table))
    return frame, figures | {"gaps": [*filter(None, [doubt]), *figures["gaps"]]}


def _fourier(
    frame: "FrameLattices | None", stack: ImageStack, number: int, family: "Family | None"
) -> dict[str, Any]:
    """Fit the Fourier transform of one frame; what it does not show stands in ``gaps``."""
    if frame is None:
        return {"layers": [], "gaps": ["There is no lattice of atoms to compare with."]}
    assert stack.pixel_size is not None
    try:
        return _fourier_of(frame, stack.data[number], stack.pixel_size, family)
    except StrataError as error:
        return {"layers": [], "gaps": [error.message]}


def _fourier_of(
    frame: "FrameLattices", image: AnyArray, pixel_size: float, family: "Family | None"
) -> dict[str, Any]:
    import numpy as np

    from napari_strata.lattice.fourier import fourier_frame, fourier_frame_figures

    layers = [one.layer for one in frame.layers]
    vectors = [one.fit.vectors for one in frame.layers]
    family = family or frame.layers[0].fit.index.cell.family
    found = fourier_frame(np.asarray(image), pixel_size, vectors, family, frame.moires)
    return fourier_frame_figures(found, layers)


def _write(figures: dict[str, Any], out: Path) -> dict[str, str]:
    import json

    from napari_strata.io.files import replacing

    with replacing(out) as temporary:
        temporary.write_text(json.dumps(plain_figures(figures), indent=1, allow_nan=False), encoding="utf-8")
    return {"lattices": str(out)}


def plain_figures(value: Any) -> Any:
    """Write undefined numbers as null."""
    if isinstance(value, dict):
        return {key: plain_figures(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_figures(item) for item in value]
    return None if isinstance(value, float) and value != value else value
