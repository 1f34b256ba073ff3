"""Read annotation files and tell what an import would bring, before anything is imported."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.control import JobControl
from napari_strata.events import JobEvent, JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job

if TYPE_CHECKING:
    from napari_strata.annotation.candidates import Candidate
    from napari_strata.annotation.import_plan import ImportPlan
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


def _is_ready(plan: "ImportPlan") -> bool:
    return bool(plan.matching.matches) and not plan.obstacles and not plan.mapping.unknown
