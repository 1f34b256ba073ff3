"""What a report is written about: copies of image and atoms, and what their layer knows of its origin."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import BundleError
from napari_strata.io.calibration import CalibrationSource
from napari_strata.types import ImageStack
from napari_strata.widgets.layers.atom_memory import memory_of
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.layers.located_size import check_located_size
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.parts.models import ModelLibrary, open_model
from napari_strata.widgets.predict.atom_export import atom_table

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from napari.viewer import Viewer
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class ReportRequest:
    """Everything as it was when the report was asked for.

    Attributes
    ----------
    stack : ImageStack
        The frame that is shown.
    frame, frames : int
        Its number, and how many the image has.
    atoms : DataFrame
        The atoms, edits included.
    source : CalibrationSource
        Who states the pixel size.
    model : Path or None
        The model that located the atoms; None where another one has taken its place.
    origin : AtomOrigin or None
        Which model located them, and how; None where that is not known.
    folder : Path
        Where to write, if nobody says otherwise.
    """

    stack: ImageStack
    frame: int
    frames: int
    atoms: "DataFrame"
    source: CalibrationSource
    model: Path | None
    origin: AtomOrigin | None
    folder: Path


def request_report(viewer: "Viewer", points: "Points", image: "Image") -> ReportRequest:
    """Copy what a report needs.

    Raises
    ------
    ImageError
        If the image cannot be used.
    CalibrationError
        If its pixel size is not that at which the atoms were located.
    """
    check_located_size(points, image)
    calibration, frame = calibration_of(image), shown_frame(viewer, image)
    memory = memory_of(points)
    stack = stack_of(image, calibration.value, frames=[frame])
    return ReportRequest(
        stack=stack,
        frame=frame,
        frames=1 if image.ndim == 2 else len(full_data(image)),
        atoms=atom_table(points, image).assign(image=stack.name),
        source=calibration.source,
        model=_model(points.metadata.get(ORIGIN, {})),
        origin=None if memory is None else memory.origin,
        folder=_new_folder(image),
    )


def _model(origin: dict[str, Any]) -> Path | None:
    """Return the model, if it is still the one that located the atoms: a training may have gone on since.

    Of atoms that came from a file it is the one with these weights in the user's folder, or a built-in one.
    """
    key, weights = origin.get("key", {}), origin.get("provenance", {}).get("weights_sha256")
    if not weights:
        return None
    with suppress(BundleError):
        entry = open_model(Path(key.get("model", "")))
        return entry.path if entry.card.weights_sha256 == weights else None
    return next((entry.path for entry in ModelLibrary().list() if entry.card.weights_sha256 == weights), None)


def _new_folder(image: "Image") -> Path:
    """Propose a folder that is not there yet, beside the image's file or in the user's own folder."""
    path = image.source.path
    beside = Path(path).resolve().parent if path else Path.home()  # napari keeps what was typed: perhaps no folder
    if not os.access(beside, os.W_OK):
        beside = Path.home()
    name = f"{Path(path).stem if path else image.name.replace('/', '-')}_report"
    return numbered(beside / name, is_taken=Path.exists)


def numbered(folder: Path, *, is_taken: Callable[[Path], bool]) -> Path:
    """Return a folder, with the first number from 2 behind its name that is free where it is taken itself."""
    candidates = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
    return next(one for one in chain((folder,), candidates) if not is_taken(one))
