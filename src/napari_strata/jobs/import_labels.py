"""Import annotation files: read them, match their images, tell what will be done, and write label files."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobControl
from napari_strata.events import JobEvent, JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.plan_import import ImportRequest, image_paths, read_plan

if TYPE_CHECKING:
    from napari_strata.annotation.drawn_labels import DrawingStyle, DrawnLabels
    from napari_strata.annotation.import_plan import ImportPlan
    from napari_strata.annotation.matching import ImageMatch
    from napari_strata.io.labels.class_file import ClassFile


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
    control.checkpoint()
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
    check_free(out, [*names, FILE_NAME], overwrite=overwrite)
    spare = [*request.files, *image_paths(request.images, without=out)]
    check_spared(out, [*names, FILE_NAME], spare)
    with filling(out, overwrite=overwrite, spare=spare) as folder:
        content = yield from _write_files(control, plan, style, folder, names)
    keys = [name if name == "classes.tif" else name.removesuffix(".tif") for name in names]
    paths = {key: str(out / name) for key, name in zip(keys, names, strict=True)}
    return JobResult(plan.figures() | _figures(content), {**paths, "classes": str(out / FILE_NAME)}, plan)


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
