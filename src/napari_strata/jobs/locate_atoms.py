"""Find the atoms of every layer of image stacks with a trained network."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import AtomsConfig, InferenceConfig, ModelCard
from napari_strata.config.atom_origin import AtomOrigin, LocatedImage
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import OutputError
from napari_strata.events import JobEvent, JobResult, StateChanged, Warned
from napari_strata.jobs.abandonable import abandonable, followable
from napari_strata.jobs.doubt_atoms import doubts_about_atoms
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.doubt_places import doubts_about_places
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.part import part_of, told_as
from napari_strata.jobs.predict import (
    check_calibration,
    check_stacks,
    load_predictor,
    make_folder,
    predict_stacks,
    prediction_figures,
)
from napari_strata.jobs.propose_atoms import propose_atoms
from napari_strata.jobs.software import LOCATING, versions_of
from napari_strata.types import ATOM_FLAGS, ImageStack, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.inference.predictor import Predictor

PREDICTED = 0.2
"""Part of the bar that the prediction of an image takes where positions are fitted after it, for longer."""
LOCATED = 0.7
"""Part of the bar after which the atoms of an image are located, where candidates are sought then."""


@dataclass(frozen=True, slots=True)
class AtomsFound:
    """What was found.

    Attributes
    ----------
    predictions : tuple of Prediction
        The maps in which atoms were sought, in the order of the images.
    table : DataFrame
        One row per atom, columns `napari_strata.types.ATOM_COLUMNS` and some of its `ATOM_DETAILS`.
    candidates : DataFrame or None
        Missing, extra and empty atoms, as `napari_strata.jobs.propose_atoms.propose_atoms` returns them, if asked
        for.
    origin : AtomOrigin or None
        Which model found them, and how.
    """

    predictions: tuple[Prediction, ...]
    table: "DataFrame"
    candidates: "DataFrame | None" = None
    origin: AtomOrigin | None = None


@job
def locate_atoms(
    control: JobControl,
    model: Path,
    images: Sequence[ImageStack],
    inference: InferenceConfig,
    atoms: AtomsConfig,
    *,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Predict every frame of every image, and find the atoms of every layer.

    Parameters
    ----------
    control : JobControl
        Stop keeps the images that are done, and of the one at hand the frames that are done; nothing of an image
        whose positions are still to be fitted. Where it comes before all atoms that an image does not show were
        looked for, their number is no figure, and no file of candidates is written.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    images : sequence of ImageStack
        At least one, each with a pixel size.
    inference : InferenceConfig
        Tiles, alignment and device.
    atoms : AtomsConfig
        Distances and thresholds, what tells species apart, and whether to propose candidates.
    out : Path, optional
        File for the atom table, whose ending is one of `napari_strata.io.atoms.formats.ENDINGS` and chooses the
        format; candidates go to ``STEM_candidates.csv`` beside it.
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Warned` of each image that is outside what the model has seen, and of atoms that are doubtful as a whole;
        `Progress` after every tile, and while positions are fitted.

    Returns
    -------
    JobResult
        ``value`` is `AtomsFound`; the figures count atoms per layer and species, flags and candidates, over all
        images and frames.

    Raises
    ------
    ImageError, CalibrationError, BundleError, DeviceError, OutputError, ExtraError
        If an input cannot be used or the file cannot be written.
    """
    import pandas as pd

    from napari_strata.atoms.candidates import KINDS
    from napari_strata.io.calibration import require

    start = time.monotonic()
    stacks = check_stacks(images)
    for stack in stacks:
        require(stack.pixel_size, name=stack.name)
    predictor, card = abandonable(control, lambda: load_predictor(model, inference))
    check_calibration(stacks, card)
    if out is not None:
        _check_file(out, atoms, overwrite=overwrite)
    control.run()
    yield StateChanged(control.state)
    yield from doubts_about_images(stacks, card)
    tables: list[DataFrame] = []
    proposed: list[tuple[DataFrame, bool]] = []

    def predict_one(image: ImageStack) -> Generator[JobEvent, None, Prediction]:
        locating = _locate(predictor, image, atoms, control)
        prediction, table = yield from part_of(locating, 0, LOCATED if atoms.candidates else 1)
        tables.append(table)
        if atoms.candidates:
            proposing = propose_atoms(table, prediction, image, control, fitted=atoms.refine == "image")
            proposed.append((yield from part_of(proposing, LOCATED, 1)))
        return prediction

    predictions = yield from predict_stacks(predict_one, stacks, lambda _prediction: None)
    table = pd.concat(tables, ignore_index=True)
    candidates = pd.concat([one for one, _ in proposed], ignore_index=True) if proposed else None
    kinds = KINDS if all(is_whole for _, is_whole in proposed) else KINDS[:2]
    if kinds != KINDS:
        unwritten = "" if out is None else ", and no candidates are written"
        yield Warned(
            f"Stopped before all empty places were looked for: their number is not known{unwritten}.",
            "Let it run to the end for that.",
        )
    yield from doubts_about_atoms(table, card)
    yield from doubts_about_places(table, stacks)
    origin = _origin(card, atoms, stacks[: len(predictions)])
    paths = {} if out is None else _write(table, candidates, origin, out, is_whole=kinds == KINDS)
    figures = {
        **_counts(table, candidates, kinds, card.model.layers),
        **_uncertainty(table, atoms),
        **prediction_figures([one.probabilities for one in predictions], start),
    }
    return JobResult(figures, paths, AtomsFound(predictions, table, candidates, origin))


def _locate(
    predictor: "Predictor", image: ImageStack, atoms: AtomsConfig, control: JobControl
) -> "Generator[JobEvent, None, tuple[Prediction, DataFrame]]":
    """Predict an image and locate its atoms; a stop does not wait until their positions are fitted."""
    from napari_strata.atoms.locate import locate_atoms as locate

    if atoms.refine == "centroid":
        prediction = yield from predictor.predict(image, control=control)
        return prediction, locate(prediction, atoms, image.data)
    prediction = yield from part_of(predictor.predict(image, control=control), 0, PREDICTED)
    refining = followable(control, lambda tell: locate(prediction, atoms, image.data, tell=tell))
    try:
        table = yield from part_of(told_as(refining, f"Refining the atoms of {image.name}"), PREDICTED, 1)
    except JobCanceled:
        yield Warned(
            f"{image.name}: stopped while its atoms were refined, so nothing of it is kept.",
            "Let it run to the end, or have centroids for positions, which take no such time.",
        )
        raise
    return prediction, table


def flag_counts(table: "DataFrame") -> dict[str, int]:
    """Count the atoms that bear each of `ATOM_FLAGS`; flags that none bears are left out."""
    borne = [word for words in table["flag"] for word in words.split()]
    return {flag: borne.count(flag) for flag in ATOM_FLAGS if flag in borne}


def _origin(card: ModelCard, atoms: AtomsConfig, stacks: Sequence[ImageStack]) -> AtomOrigin:
    images = []
    for stack in stacks:
        assert stack.pixel_size is not None, "checked before any work"
        frames, height, width = stack.data.shape
        images.append(
            LocatedImage(name=stack.name, frames=frames, height=height, width=width, pixel_size=stack.pixel_size)
        )
    return AtomOrigin(
        model=card.name,
        weights_sha256=card.weights_sha256,
        settings=atoms,
        images=tuple(images),
        software=versions_of(LOCATING),
        located=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _counts(
    table: "DataFrame", candidates: "DataFrame | None", kinds: Sequence[str], layers: int
) -> dict[str, Any]:
    per_layer = [int((table["layer"] == layer).sum()) for layer in range(layers)]
    species = {str(name): int(count) for name, count in table["species"].value_counts(sort=False).items()}
    counts = {"atoms": len(table), "atoms_per_layer": per_layer, "species": species, "flags": flag_counts(table)}
    if candidates is not None:
        counts |= {kind: int((candidates["kind"] == kind).sum()) for kind in kinds}
    return counts


def _uncertainty(table: "DataFrame", atoms: AtomsConfig) -> dict[str, float]:
    """Tell how certain positions are; fits to a probability map know its shape, and nothing of the noise."""
    if atoms.refine != "image" or not table["sigma_y"].notna().any():
        return {}
    return {"median_sigma_A": float(table[["sigma_y", "sigma_x"]].median(axis=None))}


def _check_file(out: Path, atoms: AtomsConfig, *, overwrite: bool) -> None:
    from napari_strata.io.atom_tables import check_atom_file
    from napari_strata.io.folders import check_new

    if out.is_dir():
        raise OutputError(f"{out} is a folder.", remedy="Give the name of a file, for example atoms.csv in it.")
    check_atom_file(out)
    check_new((out, _candidates_file(out) if atoms.candidates else None), overwrite=overwrite)
    make_folder(out.parent)


def _candidates_file(out: Path) -> Path:
    return out.with_name(f"{out.stem}_candidates.csv")


def _write(
    table: "DataFrame", candidates: "DataFrame | None", origin: AtomOrigin, out: Path, *, is_whole: bool
) -> dict[str, str]:
    from napari_strata.io.atom_tables import write_atoms
    from napari_strata.io.files import replacing

    write_atoms(table, out, origin=origin)
    if candidates is None:
        return {"atoms": str(out)}
    beside = _candidates_file(out)
    if not is_whole:
        beside.unlink(missing_ok=True)  # it may be replaced, and is of the atoms that were
        return {"atoms": str(out)}
    with replacing(beside) as temporary:
        candidates.to_csv(temporary, index=False, float_format="%.6f")
    return {"atoms": str(out), "candidates": str(beside)}
