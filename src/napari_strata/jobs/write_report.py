"""Write what goes into a paper about an analysed image: a methods text, a figure and all numbers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import AtomsConfig, ModelCard, ReportConfig
from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import make_folder
from napari_strata.jobs.software import versions_of
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.io.calibration import CalibrationSource
    from napari_strata.report.methods import Methods
    from napari_strata.report.subject import Subject

PACKAGES = ("napari-strata", "numpy", "scipy", "matplotlib")
"""Packages that make a report, whose versions it states."""

FILES = ("methods.txt", "methods.md", "report.json", "figure.png", "figure.svg", "figure.pdf")
"""What a report consists of."""


@job
def write_report(
    control: JobControl,
    image: ImageStack,
    atoms: "DataFrame",
    config: ReportConfig,
    *,
    out: Path,
    source: "CalibrationSource | None" = None,
    model: Path | None = None,
    settings: AtomsConfig | None = None,
    frame: int = 0,
    frames: int | None = None,
    origin: AtomOrigin | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Fit the lattices of one frame, and write text, figure and numbers about it.

    What is not told is left out of the text and listed after it.

    Parameters
    ----------
    control : JobControl
        Stop writes nothing.
    image : ImageStack
        The image; its pixel size may be None, then that of the table counts.
    atoms : DataFrame
        Its atom table, positions in Å.
    config : ReportConfig
        Size and content of the figure, and what the sample is known to be.
    out : Path
        Folder for ``methods.txt``, ``methods.md``, ``figure.png``, ``.svg`` and ``.pdf``, and ``report.json``.
    source : CalibrationSource, optional
        Who states the pixel size of the image.
    model : Path, optional
        The model that located the atoms: a bundle's folder, its card, a run folder, or a bundled model's name.
    settings : AtomsConfig, optional
        How they were located, where the origin does not say.
    frame : int
        Which frame of the image, from 0.
    frames : int, optional
        How many frames there are, where `image` holds that one only.
    origin : AtomOrigin, optional
        What the atoms' file, or layer, says of where they come from. A bundled model that it names need not be
        given.
    overwrite : bool
        Whether a report that is in the folder may be replaced.

    Yields
    ------
    JobEvent
        `Progress` after lattices and figure; `Warned` where the atoms may be those of another image.

    Returns
    -------
    JobResult
        ``value`` is the `napari_strata.report.methods.Methods`; the figures hold its text and what ``report.json``
        holds.

    Raises
    ------
    TableError, CalibrationError
        If image, table, model and settings do not belong together.
    BundleError
        If there is no such model.
    OutputError
        If the folder cannot be written, or holds a report already.
    """
    from napari_strata.atoms.belonging import REMEDY
    from napari_strata.io.bundled import bundled_card
    from napari_strata.io.folders import check_free
    from napari_strata.report.figure import draw_report, save_report
    from napari_strata.report.methods import write_methods
    from napari_strata.report.subject import Known, examine

    card = bundled_card(origin) if model is None else _card(model)
    doubts = None if card is None else _doubts(image, card, frame if frames is None else 0)
    known = Known(source, card, settings, doubts, origin)
    check_free(out, FILES, overwrite=overwrite)
    make_folder(out)
    control.run()
    yield StateChanged(control.state)
    subject = examine(image, atoms, known, frame=frame, frames=frames, seed=config.seed)
    if subject.doubt:
        yield Warned(subject.doubt, REMEDY)
    yield Progress(0.4, "Fitted the lattices")
    control.checkpoint()
    drawn = draw_report(subject, config)
    methods = write_methods(subject, config, versions_of(PACKAGES), caption=drawn.caption)
    control.checkpoint()
    paths = _write_texts(methods, out) | {
        f"figure_{end}": path for end, path in save_report(drawn.figure, out).items()
    }
    yield Progress(0.9, "Drew the figure")
    figures = _figures(subject, methods)
    paths["report"] = _write_json(figures, out / "report.json")
    return JobResult(figures, {name: str(path) for name, path in paths.items()}, methods)


def _card(model: Path) -> ModelCard:
    from napari_strata.io.bundle import find_bundle, read_card

    return read_card(find_bundle(model))


def _doubts(image: ImageStack, card: ModelCard, frame: int) -> str | None:
    """Say what of the frame the model has not seen; empty where there is nothing, None where it cannot be told."""
    from napari_strata.inference.familiarity import doubts_about

    if card.seen is None or not 0 <= frame < len(image.data):
        return None
    if card.model.pixel_size is not None and image.pixel_size is None:
        return None
    return doubts_about(ImageStack(image.data[frame : frame + 1], image.pixel_size, image.name), card) or ""


def _figures(subject: "Subject", methods: "Methods") -> dict[str, Any]:
    from napari_strata.lattice.figures import frame_figures
    from napari_strata.report.about_atoms import flag_counts

    known, atoms = subject.known, subject.atoms
    return {
        "image": subject.name,
        "frame": subject.frame,
        "pixel_size_A": subject.pixel_size,
        "pixel_size_source": None if known.source is None else str(known.source),
        "model": known.model,
        "settings": None if known.how is None else known.how.model_dump(mode="json"),
        "located_with": None if known.origin is None else dict(known.origin.software),
        "atoms": len(atoms),
        "atoms_per_layer": {str(layer): int((atoms["layer"] == layer).sum()) for layer in subject.layers},
        "species": {str(name): int(count) for name, count in atoms["species"].value_counts().items()},
        "flags": flag_counts(subject),
        "lattices": None if subject.lattices is None else frame_figures(subject.lattices),
        "unknown": list(methods.unknown),
        "methods": methods.text,
    }


def _write_texts(methods: "Methods", out: Path) -> dict[str, Path]:
    from napari_strata.io.files import replacing

    paths = {"methods_text": out / "methods.txt", "methods_markdown": out / "methods.md"}
    for path, text in zip(paths.values(), (methods.text, methods.markdown), strict=True):
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths


def _write_json(figures: dict[str, Any], path: Path) -> Path:
    from napari_strata.io.files import replacing
    from napari_strata.jobs.fit_lattice import plain_figures

    with replacing(path) as temporary:
        temporary.write_text(json.dumps(plain_figures(figures), indent=1, allow_nan=False), encoding="utf-8")
    return path
