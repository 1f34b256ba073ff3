"""``napari-strata labels import | export | convert | formats``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.import_words import in_words
from napari_strata.cli.options import AsJson, Overwrite, Verbose
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from napari_strata.jobs.plan_import import ImportRequest


class Kind(StrEnum):
    """What a pixel of a label file says."""

    SEMANTIC = "semantic"
    INSTANCE = "instance"


class Outside(StrEnum):
    """What pixels are on which nothing is drawn."""

    BACKGROUND = "background"
    NOT_LABELLED = "not-labelled"


app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Import, export and convert the labels of other programs."
)

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="Annotation files, or folders of them.")]
FormatName = Annotated[
    str, typer.Option("--format", metavar="NAME", help="Format of the files; see: napari-strata labels formats.")
]
Images = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the images, with the folders in it.", show_default=False),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into.")]
Classes = Annotated[
    str,
    typer.Option(
        metavar="A,B,...",
        help="Names of the classes 2, 3, ... in order (default: as the file).",
        show_default=False,
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="'FILE CLASS=MEANING'",
        help="What a class of the file becomes: a class, background, 'not labelled' or skip; may be repeated.",
        show_default=False,
    ),
]
SkipUnmatched = Annotated[
    bool, typer.Option("--skip-unmatched", help="Leave out images that are missing, ambiguous or of another size.")
]


@app.command("import")
def import_labels(
    files: Files,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for STEM.tif of each image, and classes.json.")
    ] = None,
    images: Images = None,
    format_name: FormatName = "auto",
    kind: Annotated[
        Kind, typer.Option(help="semantic: 1 background, 2.. classes; instance: a number for each object.")
    ] = Kind.SEMANTIC,
    classes: Classes = "",
    meanings: Map = None,
    outside: Annotated[Outside, typer.Option(help="What pixels are on which nothing is drawn.")] = (
        Outside.BACKGROUND
    ),
    one_hot: Annotated[
        bool, typer.Option("--one-hot", help="Write planes (class, y, x) of 0 and 1; classes may overlap.")
    ] = False,
    line_width: Annotated[float, typer.Option(min=0.1, max=1000, help="Width of lines [px].")] = 1.0,
    point_radius: Annotated[
        float, typer.Option(min=0, max=1000, help="Radius of the disks that points become [px]; 0: one pixel.")
    ] = 0.0,
    skip_unmatched: SkipUnmatched = False,
    overwrite: Overwrite = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be imported; counts no pixels.")
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Turn annotation files into label files that fit their images.

    Writes for each image a tif that is named after it: mask codes, or numbers of objects; and classes.json.
    Without --images, names and sizes are those that the file states. If a file is refused, nothing is written.
    """
    check_format(format_name, "--format", or_auto=True)
    if out is None and not dry_run:
        raise typer.BadParameter("name the folder to write into.", param_hint=["--out"])
    if one_hot and kind is Kind.INSTANCE:
        raise typer.BadParameter("it is for --kind semantic.", param_hint=["--one-hot"])
    request = import_request(files, format_name, images, _names(classes), meanings)

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.annotation.drawn_labels import DrawingStyle
        from napari_strata.jobs.import_labels import import_labels
        from napari_strata.jobs.plan_import import plan_import
        from napari_strata.types import BACKGROUND, NOT_LABELLED

        code = BACKGROUND if outside is Outside.BACKGROUND else NOT_LABELLED
        style = DrawingStyle(kind.value, code, one_hot, line_width, point_radius)
        if dry_run or out is None:
            job = plan_import(control, request)
        else:
            job = import_labels(control, request, style, out, skip_unmatched=skip_unmatched, overwrite=overwrite)
        return job if as_json else in_words(job)

    return run_command(make_job, as_json=as_json, verbose=verbose)


def import_request(
    files: list[Path],
    format_name: str,
    images: Path | None,
    class_names: tuple[str, ...],
    meanings: list[str] | None,
) -> "ImportRequest":
    """Return what the options ask to be imported.

    Raises
    ------
    typer.BadParameter
        If a meaning is not of the form FILE CLASS=MEANING.
    """
    from napari_strata.annotation.class_mapping import parse_meanings
    from napari_strata.jobs.plan_import import ImportRequest

    try:
        chosen = parse_meanings(meanings or ())
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint=["--map"]) from error
    return ImportRequest(tuple(files), format_name, images, (), chosen, class_names)


def _names(classes: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in classes.split(",")) if classes.strip() else ()


def check_format(name: str, flag: str, *, or_auto: bool = False) -> None:
    """Check that there is a format of a name.

    Raises
    ------
    typer.BadParameter
        If there is none.
    """
    from napari_strata.io.labels.formats import FORMATS

    if name not in FORMATS and not (or_auto and name == "auto"):
        known = ", ".join([*(["auto"] if or_auto else []), *FORMATS])
        raise typer.BadParameter(f"there is no format {name!r}; choose from {known}.", param_hint=[flag])


@app.command("export")
def export_labels(
    labels: Annotated[list[Path], typer.Argument(metavar="LABELS", help="Label files, or folders of them.")],
    to: Annotated[str, typer.Option("--format", "--to", metavar="NAME", help="Format to write.")],
    out: Out,
    images: Images = None,
    kind: Annotated[
        Kind | None, typer.Option(help="What the values are (default: as classes.json says, else semantic).")
    ] = None,
    classes: Classes = "",
    whole_classes: Annotated[
        bool, typer.Option("--whole-classes", help="One annotation per class, not per connected part.")
    ] = False,
    outlines: Annotated[
        bool, typer.Option("--outlines", help="Write outlines, which can be edited, in place of masks.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Write label files as annotation files of another program.

    What the values mean stands in classes.json beside the label files, if they were imported, or in --classes.
    """
    check_format(to, "--format")

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.annotation.candidates import Candidate
        from napari_strata.io.image_folder import find_images
        from napari_strata.io.labels.class_file import FILE_NAME
        from napari_strata.io.labels.label_files import find_label_files
        from napari_strata.jobs.export_labels import ExportRequest, declared_classes, read_label_images
        from napari_strata.jobs.export_labels import export_labels as job
        from napari_strata.jobs.plan_import import image_paths

        files, names = find_label_files(tuple(labels)), _names(classes)
        candidates = list(map(Candidate.of_file, find_images(images))) if images is not None else None
        declared = declared_classes(files, names)
        read = [*(file.path for file in files), *(file.path.with_name(FILE_NAME) for file in files)]
        spare = (*read, *image_paths(images, without=out))
        request = ExportRequest(to, out, declared, not whole_classes, outlines, overwrite, spare)
        found = read_label_images(files, candidates, kind=kind.value if kind else None, class_names=names)
        return job(control, found, len(files), request)

    return run_command(make_job, as_json=as_json, verbose=verbose)


@app.command("convert")
def convert_labels(
    files: Files,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Format to write.")],
    out: Out,
    format_name: FormatName = "auto",
    images: Images = None,
    meanings: Map = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Turn annotation files into those of another program, without drawing them.

    --images tells the sizes of images where the files do not.
    """
    check_format(format_name, "--format", or_auto=True)
    check_format(to, "--to")
    request = import_request(files, format_name, images, (), meanings)

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.convert_labels import convert_labels as job

        converting = job(control, request, to, out, overwrite=overwrite)
        return converting if as_json else in_words(converting)

    return run_command(make_job, as_json=as_json, verbose=verbose)


@app.command("formats")
def list_formats(as_json: AsJson = False, verbose: Verbose = False) -> int:
    """List the formats that are read and written."""

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.convert_labels import list_formats as job

        return job(control)

    return run_command(make_job, as_json=as_json, verbose=verbose)
