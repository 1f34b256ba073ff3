"""Images and labels in files, as the doctor examines them: opened, not read, and whatever is in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from napari_strata.annotation.atom_masks import draw_table
from napari_strata.annotation.candidates import Candidate
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.subject import LayerLabels, Subject, as_stack
from napari_strata.annotation.matching import How, match_images
from napari_strata.config import ClassTable, SpotConfig
from napari_strata.errors import ImageError, LabelsError
from napari_strata.io.arrays import FileArray
from napari_strata.io.atom_tables import read_atoms
from napari_strata.io.calibration import settle
from napari_strata.io.image_folder import Extent, ImageFile
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.label_files import LabelFile
from napari_strata.io.mapped import map_array
from napari_strata.types import AnyArray, ImageStack

ATOM_TABLE = ".csv"
"""Ending of the label files that hold atoms in place of pixels."""


@dataclass(frozen=True, slots=True)
class AtomDrawing:
    """How a training draws the atoms of tables.

    Attributes
    ----------
    classes : ClassTable
        The species.
    layers : int
        Crystal layers of the network.
    spots : SpotConfig
        How atoms become a mask.
    """

    classes: ClassTable
    layers: int
    spots: SpotConfig


def open_image(image: Path, pixel_size: float | None = None) -> Subject:
    """Open an image without labels.

    Parameters
    ----------
    image : Path
        The file.
    pixel_size : float, optional
        Pixel size [Å/px]; it wins over the file's own.

    Raises
    ------
    ImageError
        If the file cannot be opened.
    CalibrationError
        If the pixel size is not positive.
    """
    return _subject_of(map_array(image), image, pixel_size)


def open_subject(image: Path, labels: Path, pixel_size: float | None = None) -> Subject:
    """Open an image and its labels.

    Parameters
    ----------
    image, labels : Path
        Files as `napari_strata.io.images.read_image` and `napari_strata.io.masks.read_masks` take them; what these
        would refuse is opened, too, as far as it is an array.
    pixel_size : float, optional
        Pixel size [Å/px]; it wins over the file's own.

    Raises
    ------
    ImageError, LabelsError
        If a file cannot be opened.
    CalibrationError
        If the pixel size is not positive.
    """
    picture = map_array(image)
    codes = map_array(labels, error_type=LabelsError)
    subject = _subject_of(picture, image, pixel_size)
    of_image, of_labels = picture.pixel_size or subject.pixel_size, codes.pixel_size
    ratio = 1.0 if of_image is None or of_labels is None else of_labels / of_image
    layers = _crystal_layers(codes.codes)
    return replace(
        subject,
        labels=tuple(LayerLabels(one, f"{labels.name}{where}", str(labels), ratio) for one, where in layers),
    )


def open_with_atoms(image: Path, table: Path, drawing: AtomDrawing, pixel_size: float | None = None) -> Subject:
    """Open an image, and draw the atoms of a table on it as a training does.

    Parameters
    ----------
    image : Path
        The image.
    table : Path
        The atom table; it is no array, so that nothing in it can be mended.
    drawing : AtomDrawing
        How to draw.
    pixel_size : float, optional
        Pixel size [Å/px]; it wins over the file's own.

    Raises
    ------
    ImageError, TableError
        If a file cannot be read.
    LabelsError, CalibrationError
        If the atoms cannot be drawn.
    """
    subject = open_image(image, pixel_size)
    stack = ImageStack(_as_frames(subject), subject.pixel_size, subject.name)
    drawn = draw_table(
        read_atoms(table),
        stack,
        layers=drawing.layers,
        classes=drawing.classes,
        config=drawing.spots,
        name=str(table),
    )
    layers = _crystal_layers(drawn)
    return replace(subject, labels=tuple(LayerLabels(one, f"{table.name}{where}") for one, where in layers))


def pair_files(
    labels: Sequence[LabelFile], images: Sequence[ImageFile]
) -> tuple[list[tuple[Path, Path]], list[Finding]]:
    """Pair label files with their images by name, whatever their sizes: those are examined later.

    Parameters
    ----------
    labels : sequence of LabelFile
        Label files, with what ``classes.json`` says of them.
    images : sequence of ImageFile
        Images, and perhaps the label files again, which do not count.

    Returns
    -------
    list of (Path, Path)
        Image and labels.
    list of Finding
        Labels without an image, or with two that it may be, are errors; a name that fits only nearly, and an image
        without labels, are good to know.
    """
    findings: list[Finding] = []
    own = {file.path.resolve() for file in labels}
    candidates = [_by_name(image) for image in images if image.path.resolve() not in own]
    stated = {_stated_name(file): file for file in labels}
    matching = match_images([AnnotatedImage(_stated_name(file), None, ()) for file in labels], candidates)
    pairs = []
    for match in matching.matches:
        assert match.candidate is not None, "there were candidates"
        pairs.append((Path(str(match.candidate.key)), stated[match.name].path))
        if match.how in (How.CASE, How.PLAIN):
            message = f"It is taken for the labels of {match.candidate.names[0]}: {match.how}."
            findings.append(_unmatched(Severity.INFO, stated[match.name].path, message, "Look whether it is so."))
    for name, reason in {**matching.missing, **matching.ambiguous}.items():
        remedy = "Name labels after their image, and one image only by that name."
        message = f"Its image is not clear: {reason}."
        findings.append(_unmatched(Severity.ERROR, stated[name].path, message, remedy))
    for name in matching.not_annotated:
        remedy = "Label it, or leave it."
        findings.append(
            Finding("unmatched-file", Severity.INFO, Place(image=name), "No labels are given for it.", remedy)
        )
    return pairs, findings


def openers(
    pairs: Sequence[tuple[Path, Path]], pixel_size: float | None = None, *, atoms: AtomDrawing | None = None
) -> list[Callable[[], Subject]]:
    """Return what opens each pair of an image and its labels; `atoms` tells how atom tables are drawn."""
    return [
        partial(open_with_atoms, image, labels, atoms, pixel_size)
        if atoms is not None and labels.suffix.lower() == ATOM_TABLE
        else partial(open_subject, image, labels, pixel_size)
        for image, labels in pairs
    ]


def _subject_of(picture: FileArray, path: Path, pixel_size: float | None) -> Subject:
    calibration, _ = settle(pixel_size, picture.pixel_size, name=path.name)
    data = _without_single_axes(picture.data)
    return Subject(data, path.stem, (), calibration.value, str(path), picture.is_colour)


def _unmatched(severity: Severity, labels: Path, message: str, remedy: str) -> Finding:
    return Finding("unmatched-file", severity, Place(labels=labels.name, file=str(labels)), message, remedy)


def _stated_name(file: LabelFile) -> str:
    return file.entry.image or file.entry.name if file.entry is not None else file.path.name


def _by_name(image: ImageFile) -> Candidate:
    """Return a candidate that is not measured: a damaged file shall be found, not passed over."""
    return Candidate(image.path, (image.name,), lambda: Extent(1, 1, 1))


def _as_frames(subject: Subject) -> AnyArray:
    """Return an array of the shape (frame, y, x) of an image, which is not read."""
    shape = subject.image.shape[:-1] if subject.is_colour else subject.image.shape
    if len(shape) > 3:
        raise ImageError(
            f"{subject.file} has the shape {subject.image.shape}.", remedy="Atoms are drawn on (frame, y, x)."
        )
    return np.broadcast_to(np.uint8(0), as_stack(shape))


def _without_single_axes(data: AnyArray) -> AnyArray:
    while data.ndim > 3 and 1 in data.shape[:-2]:
        data = data.squeeze(axis=data.shape.index(1))
    return data


def _crystal_layers(codes: AnyArray) -> list[tuple[AnyArray, str]]:
    """Return the labels of each crystal layer of (frame, layer, y, x), and what to add to their name."""
    if codes.ndim != 4:
        return [(codes, "")]
    number = codes.shape[1]
    return [(codes[:, k], f", layer {k}" if number > 1 else "") for k in range(number)]
