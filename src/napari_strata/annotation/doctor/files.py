"""Images and labels in files, as the doctor examines them: opened, not read, and whatever is in them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from napari_strata.annotation.candidates import Candidate
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.subject import LayerLabels, Subject
from napari_strata.annotation.matching import How, match_images
from napari_strata.errors import LabelsError
from napari_strata.io.calibration import settle
from napari_strata.io.image_folder import Extent, ImageFile
from napari_strata.io.labels.annotations import AnnotatedImage
from napari_strata.io.labels.label_files import LabelFile
from napari_strata.io.mapped import map_array
from napari_strata.types import AnyArray


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
    codes = [file for file in labels if _holds_codes(file)]
    findings = [_other_kind(file) for file in labels if not _holds_codes(file)]
    own = {file.path.resolve() for file in labels}
    candidates = [_by_name(image) for image in images if image.path.resolve() not in own]
    stated = {_stated_name(file): file for file in codes}
    matching = match_images([AnnotatedImage(_stated_name(file), None, ()) for file in codes], candidates)
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


def openers(pairs: Sequence[tuple[Path, Path]], pixel_size: float | None = None) -> list[Callable[[], Subject]]:
    """Return what opens each pair of an image and its labels."""
    return [partial(open_subject, image, labels, pixel_size) for image, labels in pairs]


def _holds_codes(file: LabelFile) -> bool:
    return file.classes is None or (file.classes.kind == "semantic" and not file.classes.one_hot)


def _other_kind(file: LabelFile) -> Finding:
    place = Place(labels=file.path.name, file=str(file.path))
    message = "By its classes.json it holds no mask codes, but numbers of objects or a plane for each class."
    remedy = "Import it once more as mask codes: --kind semantic, and no --one-hot."
    return Finding("label-type", Severity.ERROR, place, message, remedy)


def _unmatched(severity: Severity, labels: Path, message: str, remedy: str) -> Finding:
    return Finding("unmatched-file", severity, Place(labels=labels.name, file=str(labels)), message, remedy)


def _stated_name(file: LabelFile) -> str:
    return file.entry.image or file.entry.name if file.entry is not None else file.path.name


def _by_name(image: ImageFile) -> Candidate:
    """Return a candidate that is not measured: a damaged file shall be found, not passed over."""
    return Candidate(image.path, (image.name,), lambda: Extent(1, 1, 1))


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
