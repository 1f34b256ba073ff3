"""Images and labels in files, as the doctor examines them: opened, not read, and whatever is in them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.subject import LayerLabels, Subject
from napari_strata.errors import LabelsError
from napari_strata.io.calibration import settle
from napari_strata.io.mapped import map_array
from napari_strata.types import AnyArray

READABLE = (".tif", ".tiff", ".npy", ".npz", ".png")
"""Endings of the files that are examined."""


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
    calibration, _ = settle(pixel_size, picture.pixel_size, name=image.name)
    of_image, of_labels = picture.pixel_size or calibration.value, codes.pixel_size
    ratio = 1.0 if of_image is None or of_labels is None else of_labels / of_image
    return Subject(
        _without_single_axes(picture.data),
        image.stem,
        tuple(
            LayerLabels(layer, f"{labels.name}{where}", str(labels), ratio)
            for layer, where in _crystal_layers(codes.codes)
        ),
        calibration.value,
        str(image),
        picture.is_colour,
    )


def pair_by_stem(labels: Sequence[Path], images: Sequence[Path]) -> tuple[list[tuple[Path, Path]], list[Finding]]:
    """Pair label files with the images of exactly the same stem.

    Returns
    -------
    list of (Path, Path)
        Image and labels, in the order of the labels.
    list of Finding
        Labels without an image are errors, also where several images bear the name; images without labels are good
        to know.
    """
    pairs: list[tuple[Path, Path]] = []
    findings: list[Finding] = []
    for path in labels:
        found = [image for image in images if image.stem == path.stem and image.resolve() != path.resolve()]
        if len(found) == 1:
            pairs.append((found[0], path))
            continue
        message = f"{len(found) or 'No'} images are called {path.stem}."
        remedy = "Name labels after their image, and keep one image of each name in the folder."
        place = Place(labels=path.name, file=str(path))
        findings.append(Finding("unmatched-file", Severity.ERROR, place, message, remedy))
    used = {path.resolve() for pair in pairs for path in pair} | {path.resolve() for path in labels}
    for image in images:
        if image.resolve() not in used:
            place = Place(image=image.stem, file=str(image))
            remedy = "Label it, or leave it."
            findings.append(Finding("unmatched-file", Severity.INFO, place, "No labels are given for it.", remedy))
    return pairs, findings


def openers(pairs: Sequence[tuple[Path, Path]], pixel_size: float | None = None) -> list[Callable[[], Subject]]:
    """Return what opens each pair of an image and its labels."""
    return [partial(open_subject, image, labels, pixel_size) for image, labels in pairs]


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
