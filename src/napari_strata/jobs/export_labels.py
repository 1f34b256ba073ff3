"""Export label images as annotation files of other programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.control import JobControl
from napari_strata.errors import LabelsError
from napari_strata.events import JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.convert_labels import count_annotations
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import BACKGROUND, NOT_LABELLED

if TYPE_CHECKING:
    from napari_strata.annotation.candidates import Candidate
    from napari_strata.annotation.drawn_labels import Kind
    from napari_strata.annotation.tracing import LabelImage, Meaning
    from napari_strata.io.labels.annotations import AnnotatedImage, FileClass
    from napari_strata.io.labels.class_file import ClassFile
    from napari_strata.io.labels.label_files import LabelFile
    from napari_strata.types import AnyArray


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write, and how.

    Attributes
    ----------
    format_name : str
        The format to write.
    out : Path
        Folder to write into.
    classes : tuple of FileClass
        Classes in the order of their codes; others that occur follow.
    by_part, as_outlines : bool
        See `napari_strata.annotation.tracing.TracingStyle`.
    overwrite : bool
        Whether files of the same names that are there may be replaced.
    spare : tuple of Path
        Files that are replaced in no case: the images, and what was read.
    """

    format_name: str
    out: Path
    classes: "tuple[FileClass, ...]" = ()
    by_part: bool = True
    as_outlines: bool = False
    overwrite: bool = False
    spare: tuple[Path, ...] = ()


@job
def export_labels(
    control: JobControl, labels: "Iterable[LabelImage]", count: int, request: ExportRequest
) -> JobBody:
    """Write label images as annotation files; all of them, or nothing.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    labels : iterable of LabelImage
        What to write; they may be read one by one.
    count : int
        How many there are.
    request : ExportRequest
        How to write.

    Returns
    -------
    JobResult
        ``paths`` are the files written; ``figures`` the images, and the annotations of each class.

    Raises
    ------
    LabelsError
        If a label image cannot be used, or the format cannot hold it.
    OutputError
        If the folder cannot be written, or a file is there already.
    """
    from napari_strata.annotation.tracing import TracingStyle, trace
    from napari_strata.io.labels.formats import find_format

    to = find_format(request.format_name, request.out)
    style = TracingStyle(request.by_part, request.as_outlines, with_background=to.covers_pixels)
    control.run()
    yield StateChanged(control.state)
    images: dict[str, list[AnnotatedImage]] = {}
    unlabelled = 0
    for done, one in enumerate(labels):
        control.checkpoint()
        yield Progress(done / count, f"Tracing {one.name}")
        images.setdefault(one.folder, []).extend(trace(one, style))
        unlabelled += int((one.data == 0).sum()) if one.kind == "semantic" else 0
    if unlabelled and not to.covers_pixels:
        yield Warned(f"{unlabelled:,} pixels are not labelled; {to.title} does not tell them from background.")
    return _written(control, images, request)


def read_label_images(
    files: "Sequence[LabelFile]",
    candidates: "Sequence[Candidate] | None",
    *,
    kind: "Kind | None" = None,
    class_names: tuple[str, ...] = (),
) -> "Iterator[LabelImage]":
    """Read label files one by one, under the names of their images.

    Parameters
    ----------
    files : sequence of LabelFile
        The files.
    candidates : sequence of Candidate or None
        The images at hand; None takes the names that ``classes.json`` states, else those of the label files.
    kind : {"semantic", "instance"}, optional
        What the values are; by default what ``classes.json`` says, else mask codes.
    class_names : tuple of str
        Names of the classes 2, 3, ...; empty takes those of ``classes.json``.

    Raises
    ------
    LabelsError
        If a file cannot be used, or its image is not there, ambiguous or of another size.
    """
    from napari_strata.annotation.tracing import LabelImage

    for file in files:
        stated = file.classes.kind if file.classes is not None else None
        data, own = _without_planes(file.read(), file.classes), kind or stated or "semantic"
        if data.ndim not in (2, 3):
            raise LabelsError(
                f"{file.path} has the shape {data.shape}.",
                remedy="Give (y, x) or (frame, y, x); of several crystal layers, export one at a time.",
            )
        if own == "semantic" and int(data.max()) > 254:
            raise LabelsError(
                f"{file.path} holds values up to {int(data.max())}, which are no mask codes.",
                remedy="If they number objects, say --kind instance.",
            )
        yield LabelImage(_image_name(file, data, candidates), data, own, _meanings(file, data, own, class_names))


def declared_classes(files: "Sequence[LabelFile]", class_names: tuple[str, ...] = ()) -> "tuple[FileClass, ...]":
    """Return the classes of label files: those that are named, else those of ``classes.json``."""
    from napari_strata.io.labels.annotations import FileClass

    colors = {one.name: one.color for file in files if file.classes is not None for one in file.classes.classes}
    return tuple(FileClass(name, colors.get(name)) for name in class_names or colors)


def _image_name(file: "LabelFile", data: "AnyArray", candidates: "Sequence[Candidate] | None") -> str:
    from napari_strata.annotation.matching import match_images
    from napari_strata.io.labels.annotations import AnnotatedImage

    stated = file.entry.image or file.entry.name if file.entry is not None else file.path.name
    if candidates is None:
        return Path(stated).name
    size = (data.shape[-2], data.shape[-1])
    matching = match_images([AnnotatedImage(stated, size, ())], candidates)
    for match in matching.matches:
        if match.candidate is not None:
            return match.candidate.names[0]
    reasons = {**matching.missing, **matching.ambiguous, **matching.mismatches}
    raise LabelsError(
        f"The image of {file.path} is not clear: {reasons[stated]}.",
        remedy="Give the labels the name and size of their image, and name its folder.",
    )


def _meanings(
    file: "LabelFile", data: "AnyArray", kind: "Kind", class_names: tuple[str, ...]
) -> "dict[int, Meaning]":
    from napari_strata.annotation.tracing import Meaning
    from napari_strata.io.labels.annotations import BACKGROUND_NAME

    if kind == "semantic":
        names = class_names or (file.classes.names if file.classes is not None else ())
        return {code: Meaning(name) for code, name in enumerate(names, start=BACKGROUND + 1)}
    between = {0: Meaning(file.classes.outside if file.classes is not None else BACKGROUND_NAME)}
    if file.entry is None or not file.entry.objects:
        import numpy as np

        return {int(number): Meaning(class_names[0]) for number in np.unique(data) if class_names} | between
    return {one.number: Meaning(one.class_name, one.source, one.occluded) for one in file.entry.objects} | between


def _without_planes(data: "AnyArray", classes: "ClassFile | None") -> "AnyArray":
    """Return mask codes where a file holds one plane per class; of classes that overlap the last one counts."""
    if classes is None or not classes.one_hot:
        return data
    import numpy as np

    planes = data if data.ndim == 4 else data[None]
    outside = BACKGROUND if classes.outside == "background" else NOT_LABELLED
    codes = np.full((len(planes), *planes.shape[2:]), outside, np.uint8)
    for code in range(planes.shape[1]):
        codes[planes[:, code] > 0] = BACKGROUND + 1 + code
    return codes if data.ndim == 4 else codes[0]


def _written(
    control: JobControl, images: "Mapping[str, list[AnnotatedImage]]", request: ExportRequest
) -> JobResult:
    from napari_strata.io.folders import filling
    from napari_strata.io.labels.annotations import AnnotationSet, classes_of
    from napari_strata.io.labels.formats import find_format

    to = find_format(request.format_name, request.out)
    names = []
    with filling(request.out, overwrite=request.overwrite, spare=request.spare) as lent:
        for part, own in images.items():
            (lent / part).mkdir(exist_ok=True)
            annotations = AnnotationSet(classes_of(own, request.classes), tuple(own), to.name)
            names += [path.relative_to(lent).as_posix() for path in to.write(annotations, lent / part)]
        control.checkpoint()  # from here on the files are moved into place
    every = [image for own in images.values() for image in own]
    figures = {
        "format": to.name,
        "images": len({image.name for image in every}),
        "annotations": count_annotations(every),
    }
    return JobResult(figures, {name: str(request.out / name) for name in names})
