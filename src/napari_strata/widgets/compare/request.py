"""What was asked for in the Compare maps dock, and the jobs that answer it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.types import LabelArray
from napari_strata.widgets.maps.asked import Asked


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What was asked for when a job was started.

    Attributes
    ----------
    asked : Asked
        The question of a map.
    question : mapping
        The same as the map says it: `napari_strata.widgets.compare.asked_of_map.question_of`.
    words : str
        The same in words.
    methods : tuple of str
        The methods that answer it.
    judging : JudgeConfig
        How to judge their maps.
    labels : ndarray of uint8, shape (layer, y, x), or None
        Labels of the frame in the model's codes.
    is_trust : bool
        Whether one map is put to the randomisation checks, and not several compared.
    """

    asked: Asked
    question: Mapping[str, Any]
    words: str
    methods: tuple[ExplainMethod, ...]
    judging: JudgeConfig
    labels: LabelArray | None = None
    is_trust: bool = False


def by_method(asked: Asked, method: ExplainMethod | None) -> Asked:
    """Ask another method; the feature map that was chosen is that of the first."""
    if method is None or method == asked.config.method:
        return asked
    return dataclasses.replace(asked, config=asked.config.model_copy(update={"method": method, "feature_map": ""}))


def compare_job(request: CompareRequest, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.compare_maps import compare_maps

    return compare_maps(control, request.asked.inquiry(), methods=request.methods, judging=request.judging)


def trust_job(request: CompareRequest, control: JobControl) -> Job:
    """Make the job that tells whether a map can be trusted; in the worker thread, too."""
    from napari_strata.jobs.judge_map import judge_map

    return judge_map(control, request.asked.inquiry(), judging=request.judging, labels=request.labels)
