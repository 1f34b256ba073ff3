"""Score predicted masks or located atoms against the truth."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobControl
from napari_strata.errors import StrataError, TableError
from napari_strata.events import JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import LabelArray

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.evaluate.detection import AtomScore

Row = Mapping[str, Any]


@job
def evaluate_masks(
    control: JobControl,
    predicted: LabelArray,
    truth: LabelArray,
    *,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Score masks: iou, dice, precision, recall and f1, each the mean over images, layers and classes.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    predicted, truth : ndarray of uint8, shape (frame, layer, y, x)
        Mask codes, paired by order; pixels that the truth does not label do not count.
    out : Path, optional
        CSV file for the scores of every image, layer and class.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    JobResult
        ``value`` is the tuple of `napari_strata.evaluate.segmentation.MaskScore`.

    Raises
    ------
    LabelsError
        If the masks cannot be compared.
    OutputError
        If `out` cannot be written.
    """
    from napari_strata.evaluate.segmentation import mean_scores, score_masks
    from napari_strata.io.folders import check_new

    check_new((out,), overwrite=overwrite)
    control.run()
    yield StateChanged(control.state)
    scores = score_masks(predicted, truth)
    yield Progress(1.0, f"Compared {len(truth)} images")
    paths = _write(
        [
            {"frame": s.frame, "layer": s.layer, "predicted_layer": s.predicted_layer, "code": s.code, **s.scores}
            for s in scores
        ],
        out,
    )
    figures = {**mean_scores(scores), "images": len(truth), "layers": truth.shape[1]}
    return JobResult(figures, paths, scores)


@job
def evaluate_atoms(
    control: JobControl,
    found: "DataFrame",
    truth: "DataFrame",
    *,
    tolerance: float,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Score atoms: precision, recall, f1 and rmse_A over all atoms, and each species apart.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    found, truth : DataFrame
        Atom tables, paired by image and frame.
    tolerance : float
        Largest distance between an atom found and a true one [Å].
    out : Path, optional
        CSV file for the scores of every image and layer.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    JobResult
        ``value`` is the tuple of `napari_strata.evaluate.detection.AtomScore`. The figure ``species`` is there
        where both tables name the same species at least once; elements are taken as metal and chalcogen where the
        other table only knows those.

    Raises
    ------
    CalibrationError
        If positions are known in px only.
    TableError
        If the tables have no image in common.
    OutputError
        If `out` cannot be written.
    """
    from napari_strata.evaluate.detection import pooled_scores, score_atoms, species_scores
    from napari_strata.io.folders import check_new

    check_new((out,), overwrite=overwrite)
    warnings = _check_images(found, truth)
    found, truth, unscored = _same_names(found, truth)
    control.run()
    yield StateChanged(control.state)
    for message in warnings:
        yield Warned(message, "Their atoms count neither for nor against.")
    if unscored:
        yield Warned(unscored, "Give species the same names in both tables.")
    scores = score_atoms(found, truth, tolerance)
    images = len({(score.image, score.frame) for score in scores})
    yield Progress(1.0, f"Compared {images} images")
    figures: dict[str, Any] = {**pooled_scores(scores), **_totals(scores), "images": images}
    if set(found["species"]) & set(truth["species"]):
        figures["species"] = species_scores(scores)
    return JobResult(figures, _write([_atom_row(score) for score in scores], out), scores)


def _check_images(found: "DataFrame", truth: "DataFrame") -> list[str]:
    known, given = sorted(set(truth["image"])), sorted(set(found["image"]))
    if known and given and not set(known) & set(given):
        raise TableError(
            f"The tables have no image in common: {_list(given)} here, {_list(known)} in the truth.",
            remedy="The column image holds the stem of the image's file; make it the same in both.",
        )
    unknown = [name for name in given if name not in known]
    return [f"The truth does not know {_list(unknown)}; left out."] if known and unknown else []


def _same_names(found: "DataFrame", truth: "DataFrame") -> "tuple[DataFrame, DataFrame, str]":
    """Return both tables with species that can be compared, and why they cannot be where that is so."""
    here, there = set(found["species"]), set(truth["species"])
    if not here or not there or here & there:
        return found, truth, ""
    if here <= set((kinds := _kinds(there)).values()):
        return found, truth.assign(species=truth["species"].map(kinds)), ""
    if there <= set((kinds := _kinds(here)).values()):
        return found.assign(species=found["species"].map(kinds)), truth, ""
    return (
        found,
        truth,
        (f"Species are not scored: {_list(sorted(here))} here, {_list(sorted(there))} in the truth."),
    )


def _kinds(names: set[str]) -> dict[str, str]:
    """Return metal, chalcogen or what else each column of elements is; nothing where one is no element."""
    from napari_strata.simulate.classes import column_name

    try:
        return {name: column_name(name.split("/"), "kinds") for name in names}
    except StrataError:
        return {}


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _totals(scores: "Sequence[AtomScore]") -> dict[str, int]:
    hits, extras, misses = (sum(getattr(s.counts, name) for s in scores) for name in ("hits", "extras", "misses"))
    return {"found": hits + extras, "true": hits + misses, "matched": hits}


def _atom_row(score: "AtomScore") -> Row:
    from napari_strata.evaluate.detection import pooled_scores

    place = {"image": score.image, "frame": score.frame, "layer": score.layer, "found_layer": score.found_layer}
    return {**place, **_totals([score]), **pooled_scores([score])}


def _write(rows: Sequence[Row], out: Path | None) -> dict[str, str]:
    """Write one line per row, undefined scores left empty."""
    from napari_strata.io.files import replacing

    if out is None:
        return {}
    with replacing(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        for row in rows:
            writer.writerow({k: "" if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()})
    return {"scores": str(out)}
