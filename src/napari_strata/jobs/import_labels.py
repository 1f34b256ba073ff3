"""Import annotation files: read them, match their images, tell what will be done, and write label files."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobControl
from napari_strata.events import JobEvent, JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job

if TYPE_CHECKING:
    from napari_strata.annotation.candidates import Candidate
    from napari_strata.annotation.drawn_labels import DrawingStyle, DrawnLabels
    from napari_strata.annotation.import_plan import ImportPlan
    from napari_strata.annotation.matching import ImageMatch
    from napari_strata.io.labels.class_file import ClassFile
    from napari_strata.io.labels.label_format import ImageSizes
    from napari_strata.io.labels.reading import FileAnnotations


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import, and onto which images.

    Attributes
    ----------
    files : tuple of Path
        Annotation files, or folders of them.
    format_name : str
        Their format; "auto" finds it out.
    images : Path or None
        Folder of the images.
    candidates : tuple of Candidate
        Images at hand that are no files, for example those that are open.
    meanings : mapping of str to str
        See `napari_strata.annotation.class_mapping.map_classes`.
    class_names : tuple of str
        Names of the classes in the order of their codes; empty takes those of the files.
    """

    files: tuple[Path, ...]
    format_name: str = "auto"
    images: Path | None = None
    candidates: "tuple[Candidate, ...]" = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedLabels:
    """The labels of one image.

    Attributes
    ----------
    match : ImageMatch
        The image.
    drawn : DrawnLabels
        Its labels.
    """

    match: "ImageMatch"
    drawn: "DrawnLabels"


@job
def plan_import(control: JobControl, request: ImportRequest) -> JobBody:
    """Read annotation files and find out what importing them would do.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    request : ImportRequest
        What to import.

    Returns
    -------
    JobResult
        ``value`` is the `napari_strata.annotation.import_plan.ImportPlan`; ``figures["ready"]`` tells whether
        nothing stands in its way.

    Raises
    ------
    LabelsError
        If a file is refused, or a class is named that no file has.
    ImageError
        If there is no folder of images.
    """
    control.run()
    yield StateChanged(control.state)
    plan = yield from read_plan(control, request)
    return JobResult(plan.figures() | {"ready": _is_ready(plan)}, value=plan)


@job
def draw_import(
    control: JobControl, plan: "ImportPlan", style: "DrawingStyle", *, only: "ImageMatch | None" = None
) -> JobBody:
    """Draw what a plan imports.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    plan : ImportPlan
        What to import; images that cannot be are left out.
    style : DrawingStyle
        How to draw.
    only : ImageMatch, optional
        The one image to draw; by default all.

    Returns
    -------
    JobResult
        ``value`` is a tuple of `ImportedLabels`.

    Raises
    ------
    LabelsError
        If there is nothing to import, or a polygon is too tangled.
    """
    from napari_strata.annotation.drawn_labels import draw_match

    control.run()
    yield StateChanged(control.state)
    plan.check(skip_unmatched=True)
    matches = plan.matching.matches if only is None else (only,)
    imported = []
    for done, match in enumerate(matches):
        control.checkpoint()
        yield Progress(done / len(matches), f"Drawing {match.name}")
        imported.append(ImportedLabels(match, draw_match(match, plan.mapping, style)))
    return JobResult({"images": len(imported)}, value=tuple(imported))


@job
def import_labels(
    control: JobControl,
    request: ImportRequest,
    style: "DrawingStyle",
    out: Path,
    *,
    skip_unmatched: bool = False,
    overwrite: bool = False,
) -> JobBody:
    """Write one label file per annotated image, and ``classes.json``; all of them, or nothing.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    request : ImportRequest
        What to import.
    style : DrawingStyle
        How to draw.
    out : Path
        Folder for ``STEM.tif`` of each image.
    skip_unmatched : bool
        Whether images that cannot be imported may be left out.
    overwrite : bool
        Whether files of the same names that are there may be replaced; images and annotation files never are.

    Returns
    -------
    JobResult
        ``figures`` are those of the plan, with the pixels of each class and the number of objects.

    Raises
    ------
    LabelsError
        If a file is refused, or something stands in the way of the import.
    ImageError
        If there is no folder of images.
    OutputError
        If the folder cannot be written, or a file is there already.
    """
    from napari_strata.io.folders import check_free, check_spared, filling
    from napari_strata.io.labels.class_file import FILE_NAME
    from napari_strata.io.labels.image_names import label_file_names

    control.run()
    yield StateChanged(control.state)
    plan = yield from read_plan(control, request, without=out)
    for text in (*plan.warnings, *(plan.obstacles if skip_unmatched else ())):
        yield Warned(text)
    plan.check(skip_unmatched=skip_unmatched)
    names = label_file_names([_name_of(match) for match in plan.matching.matches], ".tif")
    if not overwrite:
        check_free(out, [*names, FILE_NAME])
    spare = [*request.files, *image_paths(request.images, without=out)]
    check_spared(out, [*names, FILE_NAME], spare)
    with filling(out, overwrite=overwrite, spare=spare) as folder:
        content = yield from _write_files(control, plan, style, folder, names)
    keys = [name if name == "classes.tif" else name.removesuffix(".tif") for name in names]
    paths = {key: str(out / name) for key, name in zip(keys, names, strict=True)}
    return JobResult(plan.figures() | _figures(content), {**paths, "classes": str(out / FILE_NAME)}, plan)


def image_paths(images: Path | None, *, without: Path) -> list[Path]:
    """Return the images in a folder but for those of earlier results; none where there is no folder."""
    from napari_strata.io.image_folder import find_images

    return [] if images is None else [one.path for one in find_images(images, without=without)]


def read_plan(
    control: JobControl, request: ImportRequest, *, without: Path | None = None
) -> Generator[JobEvent, None, "ImportPlan"]:
    """Read the files one after the other, and match what they say with the images, within a job.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    request : ImportRequest
        What to import.
    without : Path, optional
        A folder among the images whose content is results.

    Raises
    ------
    LabelsError
        If a file is refused, or a class is named that no file has.
    ImageError
        If there is no folder of images.
    """
    from napari_strata.annotation.candidates import Candidate, SizesByStem
    from napari_strata.annotation.class_mapping import map_classes
    from napari_strata.annotation.import_plan import ImportPlan, images_of
    from napari_strata.annotation.matching import match_images
    from napari_strata.io.image_folder import find_images
    from napari_strata.io.labels.reading import joined

    candidates = list(request.candidates)
    if request.images is not None:
        candidates += map(Candidate.of_file, find_images(request.images, without=without))
    files = yield from read_files(control, request, SizesByStem(candidates))
    yield Progress(1.0, "Looking for the images")
    has_images = request.images is not None or bool(candidates)
    matching = match_images(images_of(files), candidates if has_images else None)
    mapping = map_classes(joined(files).classes, request.meanings, names=request.class_names)
    return ImportPlan(files, matching, mapping)


def read_files(
    control: JobControl, request: ImportRequest, sizes: "ImageSizes"
) -> "Generator[JobEvent, None, tuple[FileAnnotations, ...]]":
    """Read the files of a request one after the other, within a job.

    Raises
    ------
    LabelsError
        If a file is refused.
    """
    from napari_strata.io.labels.reading import read_annotations

    files = []
    for done, path in enumerate(request.files):
        control.checkpoint()
        yield Progress(done / len(request.files), f"Reading {path.name}")
        files.append(read_annotations(path, sizes, format_name=request.format_name))
    control.checkpoint()
    return tuple(files)


def _write_files(
    control: JobControl, plan: "ImportPlan", style: "DrawingStyle", folder: Path, names: Sequence[str]
) -> "Generator[JobEvent, None, ClassFile]":
    """Write the label files and what they mean into a folder."""
    from napari_strata.annotation.drawn_labels import draw_match
    from napari_strata.io.labels.class_file import ClassFile, write_class_file
    from napari_strata.io.tif import write_tif
    from napari_strata.types import BACKGROUND

    entries = []
    for done, (match, name) in enumerate(zip(plan.matching.matches, names, strict=True)):
        control.checkpoint()
        yield Progress(done / len(names), f"Drawing {match.name}")
        drawn = draw_match(match, plan.mapping, style)
        write_tif(folder / name, drawn.data, drawn.axes, pixel_size=match.extent.pixel_size)
        entries.append(_entry(match, drawn, plan, name))
    values = {
        "kind": style.kind,
        "one_hot": style.one_hot and style.kind == "semantic",
        "outside": "background" if style.outside == BACKGROUND else "not labelled",
        "classes": [one.model_dump() | {"code": plan.mapping.codes[one.name]} for one in plan.mapping.classes],
        "images": entries,
    }
    content = ClassFile.parse(values, source="The classes")
    write_class_file(content, folder)
    control.checkpoint()  # from here on the files are moved into place
    return content


def _entry(match: "ImageMatch", drawn: "DrawnLabels", plan: "ImportPlan", name: str) -> dict[str, Any]:
    key = match.candidate.key if match.candidate is not None else None
    return {
        "file": name,
        "image": None if key is None else str(key),
        "name": match.name,
        "source": plan.sources[match.name],
        "pixels": drawn.pixels,
        "objects": [
            {
                "number": one.number,
                "class": one.label,
                "frame": frame,
                "pixels": one.pixels,
                "source": one.source,
                "occluded": one.occluded,
            }
            for frame, one in drawn.objects
        ],
    }


def _name_of(match: "ImageMatch") -> str:
    return match.name if match.candidate is None else match.candidate.names[0]


def _figures(content: "ClassFile") -> dict[str, Any]:
    pixels: dict[str, int] = {}
    for entry in content.images:
        for name, count in entry.pixels.items():
            pixels[name] = pixels.get(name, 0) + count
    figures = {"kind": content.kind, "outside": content.outside, "images": len(content.images), "pixels": pixels}
    if content.kind == "instance":
        figures["objects"] = sum(len(entry.objects) for entry in content.images)
    return figures


def _is_ready(plan: "ImportPlan") -> bool:
    return bool(plan.matching.matches) and not plan.obstacles and not plan.mapping.unknown
