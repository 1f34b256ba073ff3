"""Atoms from a file, put onto an open image after a check that they belong there."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image, Points

from napari_strata.errors import CalibrationError, TableError
from napari_strata.io.atoms.belonging import is_same_size, too_many_outside
from napari_strata.io.atoms.blocks import pixel_size_of
from napari_strata.widgets.layers.atom_layers import imported_layer
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.results import show_results
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from pandas import DataFrame

    from napari_strata.config.atom_origin import AtomOrigin
    from napari_strata.jobs.read_atom_file import AtomFile


DELETED = "Files do not tell deleted atoms: Predict would find them again."


def images_for(viewer: "Viewer", file: "AtomFile") -> list[Image]:
    """Return the open grey images that atoms may be put on: that of the name in their file, or all."""
    images = [one for one in viewer.layers if isinstance(one, Image) and not (one.rgb or one.metadata.get(RESULT))]
    names = set(file.table["image"])
    named = [one for one in images if names & _names_of(one)]
    return named if len(named) == 1 else images


def place_atoms(viewer: "Viewer", file: "AtomFile", image: Image) -> tuple[Points, str]:
    """Put atoms onto an image, as a layer that can be edited like located ones.

    Atoms that lie there stay; only those of the same file that nobody edited are replaced.

    Parameters
    ----------
    viewer : Viewer
        Where to show them.
    file : AtomFile
        The atoms.
    image : Image
        A grey image whose pixel size is known.

    Returns
    -------
    points : Points
        The atoms.
    words : str
        What was opened, and what is odd about it.

    Raises
    ------
    TableError
        If there are no atoms, or those of another image or of frames that this one lacks.
    CalibrationError
        If the pixel size is not known, or is another one than that of the file.
    ImageError
        If the image is in colour or has more than three dimensions.
    """
    check_kind(image)
    rows, odd = _rows_for(file.table, image, file.path)
    pixel_size = _check_size(rows if file.knows_pixels else None, image, file.path)
    if not file.knows_pixels:
        rows = rows.assign(y_px=rows["y_A"] / pixel_size, x_px=rows["x_A"] / pixel_size)
    _check_place(rows, image, file.origin, file.path)
    made = imported_layer(rows, image, pixel_size, file.path, file.origin)
    (points,) = show_results(viewer, [made])
    return points, _words(rows, file.origin, file.path) + odd


def _names_of(image: Image) -> set[str]:
    return {image.name} | ({Path(image.source.path).stem} if image.source.path else set())


def _rows_for(table: "DataFrame", image: Image, path: Path) -> "tuple[DataFrame, str]":
    """Return the atoms of an image, and a sentence with a blank before it where the file names another one."""
    if table.empty:
        raise TableError(f"{path.name} holds no atoms.", remedy="Choose another file.")
    names = list(dict.fromkeys(table["image"]))
    own = table["image"].isin(_names_of(image))
    if own.any():
        return table[own], ""
    if len(names) == 1:
        return table, f" They were located in an image named {names[0]!r}."
    raise TableError(
        f"{path.name} has no atoms of {image.name}; it has those of {', '.join(map(repr, names[:5]))}.",
        remedy="Open that image, or give the layer of this one the name in the file.",
    )


def _check_size(rows: "DataFrame | None", image: Image, path: Path) -> float:
    """Return the pixel size of an image [Å/px], where that of a file's rows is no other."""
    size, of_file = calibration_of(image).value, None if rows is None else pixel_size_of(rows)
    if size is None:
        told = "" if of_file is None else f" {path.name} was made with {of_file:.5g} Å per pixel."
        raise CalibrationError(
            f"The pixel size of {image.name} is not known.{told}",
            remedy="Type it in the Predict dock, and open the atoms again.",
        )
    if of_file is not None and not is_same_size(of_file, size):
        raise CalibrationError(
            f"{path.name} was made with {of_file:.5g} Å per pixel, and {image.name} has {size:.5g} Å.",
            remedy="Choose the image in which they were located, or type its pixel size in the Predict dock.",
        )
    return size


def _check_place(rows: "DataFrame", image: Image, origin: "AtomOrigin | None", path: Path) -> None:
    """Refuse atoms of frames that an image lacks, outside its pixels, or of an image of another size."""
    shape = full_data(image).shape
    frames, (height, width) = (1 if image.ndim == 2 else shape[0]), shape[-2:]
    if (last := int(rows["frame"].max())) >= frames:
        raise TableError(
            f"{path.name} has atoms on slice {last}, counted from 0, and {image.name} has {frames}.",
            remedy="Choose the stack in which they were located.",
        )
    names = set(rows["image"])
    stated = next((one for one in origin.images if one.name in names), None) if origin is not None else None
    if stated is not None and (stated.height, stated.width) != (height, width):
        found = f"{path.name} is of an image of {stated.width} × {stated.height} pixels"
    elif outside := too_many_outside(rows, shape):
        found = f"{outside} of the {len(rows)} atoms in {path.name} lie outside"
    else:
        return
    raise TableError(
        f"{found}, and {image.name} has {width} × {height} pixels.",
        remedy="Choose the image in which they were located.",
    )


def _words(rows: "DataFrame", origin: "AtomOrigin | None", path: Path) -> str:
    counts = rows["layer"].value_counts().sort_index()
    said = ", ".join(f"{count:,} in layer {layer}" for layer, count in counts.items())
    opened = f"{len(rows):,} atoms from {path.name}"
    if origin is None:
        return f"{opened}: {said}."
    return f"{opened}, located by {origin.model}: {said}. {DELETED}"
