"""Convert annotation files from one format into another, shapes kept where both formats know them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.plan_import import image_paths, read_files

if TYPE_CHECKING:
    from napari_strata.annotation.class_mapping import ClassMapping
    from napari_strata.io.labels.annotations import AnnotatedImage, AnnotationSet
    from napari_strata.jobs.plan_import import ImportRequest


@job
def convert_labels(
    control: JobControl, request: "ImportRequest", to: str, out: Path, *, overwrite: bool = False
) -> JobBody:
    """Write what annotation files say in another format; all of it, or nothing.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    request : ImportRequest
        What to read; its images give sizes that the files do not state.
    to : str
        Name of the format to write.
    out : Path
        Folder to write into.
    overwrite : bool
        Whether files of the same names that are there may be replaced; images and annotation files never are.

    Returns
    -------
    JobResult
        ``paths`` are the files written; ``figures`` the images, and the annotations of each class.

    Raises
    ------
    LabelsError
        If a file is refused, or the format cannot hold what it says.
    ImageError
        If there is no folder of images.
    OutputError
        If the folder cannot be written, or a file is there already.
    """
    from napari_strata.annotation.candidates import Candidate, SizesByStem
    from napari_strata.annotation.class_mapping import map_classes
    from napari_strata.io.folders import filling
    from napari_strata.io.image_folder import find_images
    from napari_strata.io.labels.formats import find_format
    from napari_strata.io.labels.reading import joined

    target = find_format(to, out)
    control.run()
    yield StateChanged(control.state)
    images = find_images(request.images, without=out) if request.images is not None else ()
    sizes = SizesByStem(map(Candidate.of_file, images))
    files = yield from read_files(control, request, sizes)
    said = joined(files)
    for text in said.warnings:
        yield Warned(text)
    annotations = _renamed(said, map_classes(said.classes, request.meanings), sizes)
    covers_pixels = all(find_format(file.annotations.format, file.path).covers_pixels for file in files)
    if covers_pixels and not target.covers_pixels:
        annotations, unlabelled = _without_background(annotations)
        if unlabelled:
            yield Warned(f"{unlabelled} not labelled; {target.title} does not tell them from background.")
    spare = [*request.files, *image_paths(request.images, without=out)]
    with filling(out, overwrite=overwrite, spare=spare) as folder:
        control.checkpoint()
        yield Progress(0.9, f"Writing {target.title}")
        names = [path.relative_to(folder).as_posix() for path in target.write(annotations, folder)]
        control.checkpoint()  # from here on the files are moved into place
    figures = {
        "read": said.format,
        "format": target.name,
        "images": len({image.name for image in annotations.images}),
        "annotations": count_annotations(annotations.images),
        "warnings": list(said.warnings),
    }
    return JobResult(figures, {name: str(out / name) for name in names})


def count_annotations(images: "Iterable[AnnotatedImage]") -> dict[str, int]:
    """Return how many annotations there are of each class."""
    counts: dict[str, int] = {}
    for image in images:
        for one in image.annotations:
            counts[one.label] = counts.get(one.label, 0) + 1
    return counts


def _renamed(
    said: "AnnotationSet", mapping: "ClassMapping", sizes: Mapping[str, tuple[int, int]]
) -> "AnnotationSet":
    """Return annotations under their new names, with the sizes that are known."""
    from napari_strata.io.labels.annotations import FileClass, classes_of
    from napari_strata.io.labels.image_names import stem_of

    images = tuple(
        replace(
            image,
            size=image.size or sizes.get(stem_of(image.name)),
            annotations=tuple(mapping.apply(image.annotations)),
        )
        for image in said.images
    )
    colors = {mapping.meanings[one.name]: one.color for one in reversed(said.classes)}
    declared = [FileClass(name, colors.get(name)) for name in mapping.names]
    return replace(said, classes=classes_of(images, declared), images=images)


def _without_background(said: "AnnotationSet") -> "tuple[AnnotationSet, str]":
    """Return annotations without what lies between objects, and in words where pixels are not labelled."""
    from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME

    between = (BACKGROUND_NAME, NOT_LABELLED_NAME)
    images = tuple(
        replace(image, annotations=tuple(one for one in image.annotations if one.label not in between))
        for image in said.images
    )
    count = sum(any(one.label == NOT_LABELLED_NAME for one in image.annotations) for image in said.images)
    classes = tuple(one for one in said.classes if one.name not in between)
    where = "1 image has" if count == 1 else f"{count} images have"
    return replace(said, images=images, classes=classes), f"{where} pixels that are" if count else ""


@job
def list_formats(control: JobControl) -> JobBody:
    """List the formats that are read and written.

    Returns
    -------
    JobResult
        ``figures`` has the title of each format by its name on the command line.
    """
    from napari_strata.io.labels.formats import FORMATS

    control.run()
    yield StateChanged(control.state)
    return JobResult({"formats": {one.name: one.title for one in FORMATS.values()}})
