"""Judge whether the map of a method can be trusted."""

import dataclasses
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import AtomsConfig, ExplainConfig, InferenceConfig
from napari_strata.config.judge import JudgeConfig
from napari_strata.control import JobControl
from napari_strata.errors import LabelsError, OutputError
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.explain.catalogue import Need
from napari_strata.explain.question import Question
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import check_calibration
from napari_strata.jobs.prepare_question import LOCATED, check_question, prepare_question, take_frames
from napari_strata.types import FloatImage, ImageStack, LabelArray

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.trust.judge import Judgement
    from napari_strata.explain.trust.shot_noise import ShotNoise
    from napari_strata.explain.trust.subject import Labels, Subject
    from napari_strata.models.registry import LoadedModel

NEEDS: tuple[Need, ...] = ("baseline",)
MAPPED = 0.2
"""Part of the work that is done when the map is made that is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedMap:
    """A map and what was found about it.

    Attributes
    ----------
    data : ndarray of float32, shape (y, x)
        The map on the image's own grid.
    metadata : mapping
        As of a `napari_strata.explain.heatmap.Heatmap`.
    judgement : Judgement
        What the measures found so far, and the verdict.
    """

    data: FloatImage
    metadata: dict[str, Any]
    judgement: "Judgement"


@job
def judge_map(
    control: JobControl,
    model: Path,
    image: ImageStack,
    *,
    frame: int,
    question: Question,
    config: ExplainConfig,
    judging: JudgeConfig,
    labels: LabelArray | None = None,
    out: Path | None = None,
    atoms: "DataFrame | None" = None,
    inference: InferenceConfig | None = None,
    locating: AtomsConfig | None = None,
) -> JobBody:
    """Make the map of one question, and put it to the tests of `judging`.

    Parameters
    ----------
    control : JobControl
        A stop keeps the measures that are done.
    model, image, frame, question, config, atoms, inference, locating
        As in `napari_strata.jobs.explain.explain`.
    judging : JudgeConfig
        Which tests, and how exactly.
    labels : ndarray of uint8, shape (layer, y, x), optional
        Mask codes of this frame. With them the test with random labels trains a network on permuted masks.
    out : Path, optional
        JSON file for all figures, the curves included.

    Yields
    ------
    JobEvent
        `Progress`, and `Sketched` with a `JudgedMap` after each measure.

    Returns
    -------
    JobResult
        ``figures`` are those of the question, ``finding`` and ``verdict`` in words, and ``measures``; ``value`` is
        the `JudgedMap`.

    Raises
    ------
    TargetError, LabelsError
        If target or labels do not fit.
    ImageError, CalibrationError, BundleError, MethodError, DeviceError, OutputError
        If an input cannot be used or the file cannot be written.
    """
    from napari_strata.explain.trust.judge import judge
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    start = time.monotonic()
    shown = take_frames(image, frame, frame)
    loaded = load_network(model, resolve_device(config.device))
    check_calibration((shown,), loaded.card)
    check_question(question, loaded, (shown.data.shape[1], shown.data.shape[2]))
    if labels is not None and labels.shape[-2:] != shown.data.shape[1:]:
        raise LabelsError(
            f"The labels have the shape {labels.shape}, the image {shown.data.shape[1:]}.",
            remedy="Choose labels of this image.",
        )
    if out is not None and out.is_dir():
        raise OutputError(
            f"{out} is a folder.", remedy="Give the name of a JSON file, for example trust.json in it."
        )
    control.run()
    yield StateChanged(control.state)
    prepared, figures = yield from prepare_question(
        control,
        loaded,
        image,
        frame=frame,
        question=question,
        config=config,
        atoms=atoms,
        inference=inference,
        locating=locating,
        needs=NEEDS,
    )
    subject = yield from _make_subject(control, prepared, judging)
    noise = _noise(shown, judging)
    subject = _with_noise(subject, noise, prepared, loaded, shown)
    if labels is not None:
        subject = dataclasses.replace(subject, labels=_on_grid(labels, loaded, shown))
    judged: JudgedMap | None = None
    map_, metadata = prepared.on_image(subject.found.map), {**prepared.metadata, "frame": frame}
    judging_now, known, began = judge(subject), 0, time.monotonic()
    try:
        for judgement in judging_now:
            judged = JudgedMap(map_, metadata, judgement)
            left = (time.monotonic() - began) * (1 - judgement.done) / judgement.done
            done = LOCATED + (1 - LOCATED) * (MAPPED + (1 - MAPPED) * judgement.done)
            yield Progress(done, judgement.doing, left)
            if len(judgement.figures) > known:
                known = len(judgement.figures)
                yield Sketched(judged, judgement.done)
            if control.stop_requested:
                break
            control.wait_while_paused()
    finally:
        judging_now.close()
    assert judged is not None, "a judgement yields at least once"
    told = {**_figures(judged, start), **figures, "noise": _told(noise, shown)}
    if out is not None:
        _write(told, out)
    return JobResult(told, {} if out is None else {"judgement": str(out)}, judged)


def _make_subject(
    control: JobControl, prepared: "Prepared", judging: JudgeConfig
) -> Generator[JobEvent, None, "Subject"]:
    """Make the map that is judged; a stop ends the job."""
    from napari_strata.explain.catalogue import METHODS, load_method, passes_of
    from napari_strata.explain.trust.subject import Subject

    name = prepared.scene.config.method
    method, found = load_method(name), None
    for found in method(prepared.score, prepared.scene):
        control.checkpoint()
        yield Progress(LOCATED + (1 - LOCATED) * MAPPED * found.done, f"Explaining by {METHODS[name].title}")
    assert found is not None, "a method yields at least one map"
    return Subject(
        method,
        METHODS[name],
        prepared.score,
        prepared.scene,
        prepared.view.weights,
        found,
        judging,
        passes=passes_of(name, prepared.scene),
    )


def _noise(shown: ImageStack, judging: JudgeConfig) -> "ShotNoise":
    from napari_strata.explain.trust.shot_noise import shot_noise
    from napari_strata.io.calibration import require

    if judging.dose is not None:
        require(shown.pixel_size, name=shown.name)
    return shot_noise(shown.data[0], dose=judging.dose, pixel_size=shown.pixel_size)


def _with_noise(
    subject: "Subject", noise: "ShotNoise", prepared: "Prepared", loaded: "LoadedModel", shown: ImageStack
) -> "Subject":
    """Let the subject draw its image once more, with noise on the image's own grid and normalised anew."""
    from napari_strata.data.grid import to_network_grid

    if not noise.gain > 0:
        return subject
    target, seed = loaded.card.model.pixel_size, prepared.scene.config.seed

    def draw_noisy(number: int) -> Any:
        noisy = noise.draw(shown.data[0], (seed, number))
        return prepared.view.cut(to_network_grid(noisy, shown.pixel_size, target))[None, None]

    return dataclasses.replace(subject, draw_noisy=draw_noisy)


def _on_grid(labels: LabelArray, loaded: "LoadedModel", shown: ImageStack) -> "Labels":
    from napari_strata.data.grid import resample_labels, to_network_grid
    from napari_strata.explain.trust.subject import Labels

    grid = to_network_grid(shown.data[0], shown.pixel_size, loaded.card.model.pixel_size)
    codes = labels if labels.ndim == 3 else labels[None]
    return Labels(grid, resample_labels(codes.astype(np.uint8), (grid.shape[0], grid.shape[1])))


def _figures(judged: JudgedMap, start: float) -> dict[str, Any]:
    verdict = judged.judgement.verdict
    named = {key: judged.metadata[key] for key in ("method", "layer", "decoder", "class", "score")}
    y, x = judged.metadata["position"]
    return {
        **named,
        "y_px": y,
        "x_px": x,
        "finding": verdict.finding.value,
        "verdict": verdict.words,
        "measures": dict(judged.judgement.figures),
        "seconds": round(time.monotonic() - start, 2),
    }


def _told(noise: "ShotNoise", shown: ImageStack) -> dict[str, float | None]:
    """Return the noise that stability assumed: electrons per pixel, and per Å²."""
    area = None if shown.pixel_size is None else shown.pixel_size**2
    dose = None if noise.counts is None or area is None else noise.counts / area
    return {"counts_per_pixel": noise.counts, "dose_per_A2": dose}


def _write(figures: dict[str, Any], out: Path) -> None:
    from napari_strata.io.files import replacing

    with replacing(out) as temporary:
        temporary.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n", encoding="utf-8")
