"""``napari-strata doctor``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_strata.cli.class_option import class_table, read_classes
from napari_strata.cli.display import Display
from napari_strata.cli.labels import FormatName, Kind, Map, check_format, import_request
from napari_strata.cli.options import AsJson, Overwrite, PixelSize, Verbose
from napari_strata.cli.runner import DONE, FAILED, run_command
from napari_strata.config import ClassTable, TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import ConfigError, LabelsError
from napari_strata.events import JobEnded, JobEvent
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from napari_strata.annotation.doctor.examination import Examination
    from napari_strata.jobs.plan_import import ImportRequest

_CONFIGURATIONS = (".yaml", ".yml")


def doctor(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="CONFIG.yaml | FILE...",
            help="What train would take; or label files or annotation files, or folders of them.",
        ),
    ],
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the images of FILE, with the folders in it.")
    ] = None,
    classes: Annotated[
        str,
        typer.Option(
            metavar="A,B,... | FILE",
            help="Names of the classes 2, 3, ... in order, or a json or yaml file (default: classes.json beside).",
            show_default=False,
        ),
    ] = "",
    pixel_size: PixelSize = None,
    format_name: FormatName = "auto",
    kind: Annotated[
        Kind, typer.Option(help="What annotation files are drawn as: semantic, for a training takes mask codes.")
    ] = Kind.SEMANTIC,
    meanings: Map = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR | FILE.json", help="Folder for report.json, or a file for it.")
    ] = None,
    mend: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for mended copies of label files, where a fix is surely safe."),
    ] = None,
    overwrite: Overwrite = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where an error was found.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Find what is wrong with images and labels before a training.

    Takes the configuration of a training; or label files and the folder of their images of like names; or
    annotation files of other programs, which are drawn as labels import would, but not written. A finding
    has a severity, a place and a remedy: with an error a training fails or learns wrongly, with a warning it may.
    The exit code is 0 where all was examined, whatever was found; figures.errors counts the errors. With --strict
    it is 1 where there are any.
    """
    config = _configuration(files, format_name, images, classes)
    request = _request(files, format_name, images, classes, meanings) if config is None else None
    _check(request, kind, mend, is_plain=format_name == "auto" and not meanings)
    tally = _Tally()
    outputs = {"out": out, "mend_to": mend, "overwrite": overwrite}

    def make_job(control: JobControl, _display: Display) -> Job:
        if config is not None:
            job = _job_of_config(control, config, pixel_size, outputs)
        elif request is not None:
            from napari_strata.jobs.examine_annotations import examine_annotations

            job = examine_annotations(control, request, pixel_size=pixel_size, out=out, overwrite=overwrite)
        else:
            assert images is not None
            job = _job_of_files(control, files, images, classes, pixel_size, outputs)
        return tally.passed(job, as_json=as_json)

    code = run_command(make_job, as_json=as_json, verbose=verbose)
    return FAILED if strict and code == DONE and tally.errors else code


def _configuration(files: Sequence[Path], format_name: str, images: Path | None, classes: str) -> Path | None:
    """Return the configuration; None where label files or annotation files are given.

    Raises
    ------
    typer.BadParameter
        If the options do not go together.
    """
    is_annotation = format_name != "auto" or (images is not None and _is_recognised(files[0]))  # YOLO's data.yaml
    if files[0].suffix.lower() not in _CONFIGURATIONS or is_annotation:
        if images is None:
            raise typer.BadParameter("say in which folder the images are.", param_hint=["--images"])
        return None
    if len(files) > 1 or images is not None or classes:
        raise typer.BadParameter("a configuration names its files and classes itself.", param_hint=["CONFIG.yaml"])
    return files[0]


def _request(
    files: list[Path], format_name: str, images: Path | None, classes: str, meanings: list[str] | None
) -> "ImportRequest | None":
    """Return what is to be drawn of annotation files; None where label files are given.

    Raises
    ------
    typer.BadParameter
        If files are of both kinds, or an option is wrong.
    """
    check_format(format_name, "--format", or_auto=True)
    if not _are_annotations(files, format_name):
        return None
    names = read_classes(classes).names if classes else ()
    return import_request(files, format_name, images, names, meanings)


def _check(request: "ImportRequest | None", kind: Kind, mend: Path | None, *, is_plain: bool) -> None:
    """Check that the options are for what is examined.

    Raises
    ------
    typer.BadParameter
        If one is not.
    """
    if request is None and not is_plain:
        raise typer.BadParameter("it is for annotation files.", param_hint=["--format", "--map"])
    if kind is Kind.INSTANCE:
        raise typer.BadParameter("a training takes mask codes; examine semantic ones.", param_hint=["--kind"])
    if request is not None and mend is not None:
        remark = "annotation files are not mended; import them first: napari-strata labels import."
        raise typer.BadParameter(remark, param_hint=["--mend"])


def _are_annotations(files: Sequence[Path], format_name: str) -> bool:
    """Tell whether files are those of other programs, and no label files.

    Raises
    ------
    typer.BadParameter
        If some are and some are not.
    """
    if format_name != "auto":
        return True
    found = {_is_annotation(path) for path in files}
    if len(found) > 1:
        remark = "give label files or annotation files; together they have no common class table."
        raise typer.BadParameter(remark, param_hint=["FILE"])
    return found.pop()


def _is_annotation(path: Path) -> bool:
    from napari_strata.io.labels.label_files import ENDINGS

    return (path.is_file() and path.suffix.lower() not in ENDINGS) or _is_recognised(path)


def _is_recognised(path: Path) -> bool:
    """Tell whether a file or folder is of a format of shapes; masks are examined as they are."""
    from napari_strata.io.labels.formats import FORMATS

    return any(one.recognises(path) for one in FORMATS.values() if not one.covers_pixels)


@dataclass(slots=True)
class _Tally:
    """Remembers how many errors a job found."""

    errors: int = 0

    def passed(self, job: Job, *, as_json: bool) -> Job:
        """Pass a job's events on; for people its findings become lines."""
        event: JobEvent | None = None
        for event in job:
            if isinstance(event, JobEnded) and event.result is not None:
                self.errors = event.result.figures["errors"]
                if not as_json:
                    figures = _for_people(event.result.figures, event.result.value)
                    event = replace(event, result=replace(event.result, figures=figures))
            yield event
        assert isinstance(event, JobEnded), "every job ends with JobEnded"
        return event


def _for_people(figures: Mapping[str, Any], examination: "Examination") -> dict[str, Any]:
    counts = {name: value for name, value in figures.items() if name != "findings"}
    lines = {
        f"{one.severity} {number}": f"{one.place}: {one.message} {one.remedy}".removeprefix(": ")
        for number, one in enumerate(examination.findings, start=1)
    }
    return counts | lines | {"result": examination.summary}


def _job_of_config(control: JobControl, path: Path, pixel_size: float | None, outputs: dict[str, Any]) -> Job:
    from napari_strata.annotation.doctor.facts import Expectations
    from napari_strata.annotation.doctor.files import AtomDrawing, openers
    from napari_strata.annotation.doctor.stated import check_stated_classes
    from napari_strata.config.training import LabelledData
    from napari_strata.jobs.examine import examine
    from napari_strata.jobs.train import with_absolute_paths

    config = with_absolute_paths(TrainConfig.read(path), path.parent)
    if not isinstance(config.data, LabelledData):
        raise ConfigError(
            f"{path} trains on data.source {config.data.source}, which has no labels to examine.",
            remedy="Give a configuration that learns from labels, data.source: labels.",
        )
    data, has_grid = config.data, config.model.pixel_size is not None
    pairs, stated = check_stated_classes(zip(data.images, data.labels, strict=True), data.classes)
    classes = ClassTable.from_names(data.classes)
    expected = Expectations(
        classes,
        needs_pixel_size=has_grid,
        has_atoms=has_grid or None,
        layers=config.model.layers,
    )
    drawing = AtomDrawing(classes, config.model.layers, data.atoms)
    subjects = openers(pairs, pixel_size or data.image_pixel_size, atoms=drawing)
    return examine(control, subjects, expected, training=config.training, known=stated, **outputs)


def _job_of_files(
    control: JobControl,
    labels: Sequence[Path],
    images: Path,
    classes: str,
    pixel_size: float | None,
    outputs: dict[str, Any],
) -> Job:
    from napari_strata.annotation.doctor.facts import Expectations
    from napari_strata.annotation.doctor.files import openers, pair_files
    from napari_strata.annotation.doctor.stated import check_stated_classes
    from napari_strata.io.image_folder import find_images
    from napari_strata.io.labels.label_files import find_label_files
    from napari_strata.jobs.examine import examine

    for path in labels:
        if not path.exists():
            raise LabelsError(f"{path} is not there.", remedy="Check the path.")
    files = find_label_files(tuple(labels))
    pairs, unmatched = pair_files(files, find_images(images))
    known = next((file.classes for file in files if file.classes is not None), None)
    table = read_classes(classes) if classes else None if known is None else class_table(known)
    pairs, stated = check_stated_classes(pairs, () if table is None else table.names)
    findings = [*unmatched, *stated]
    return examine(control, openers(pairs, pixel_size), Expectations(table), known=findings, **outputs)
