import json
from pathlib import Path

import numpy as np
import pytest

from napari_strata.annotation.doctor.facts import Expectations
from napari_strata.annotation.doctor.finding import Severity
from napari_strata.annotation.doctor.subject import LayerLabels, Subject
from napari_strata.config import ClassTable, TrainingConfig
from napari_strata.control import JobControl
from napari_strata.data.split import split_labels
from napari_strata.errors import ImageError
from napari_strata.events import FinishReason, JobEnded, Progress
from napari_strata.io.images import read_image
from napari_strata.jobs.examine import examine


def run(*subjects: Subject, table=None, **options) -> JobEnded:
    expected = Expectations(table or ClassTable.from_names(("atom",)), **options.pop("expected", {}))
    *_, ended = examine(JobControl(), [lambda one=one: one for one in subjects], expected, **options)
    return ended


def stack(seed: int = 0) -> Subject:
    """Return three labelled slices."""
    image = np.random.default_rng(seed).random((3, 32, 32), np.float32)
    labels = np.ones(image.shape, np.uint8)
    labels[:, 5:20, 5:20] = 2
    return Subject(image, f"stack {seed}", (LayerLabels(labels, "labels"),))


def test_the_figures_count_what_was_found():
    subject = stack()
    subject.image[1] = 0
    ended = run(subject, stack(1))
    assert ended.reason is FinishReason.COMPLETED
    (finding,) = ended.result.value.findings
    assert ended.result.figures["findings"] == [finding.as_row()]
    counts = {name: ended.result.figures[name] for name in ("errors", "warnings", "infos", "images", "slices")}
    assert counts == {"errors": 1, "warnings": 0, "infos": 0, "images": 2, "slices": 6}


def test_the_worst_comes_first():
    subject = stack()
    subject.labels[0].data[1] = 0
    subject.image[2] = np.nan
    assert [f.severity for f in run(subject).result.value.findings] == [Severity.ERROR, Severity.INFO]


def test_the_report_is_written_as_json(tmp_path):
    ended = run(stack(), out=tmp_path / "report.json")
    assert ended.result.paths == {"report": str(tmp_path / "report.json")}
    assert json.loads((tmp_path / "report.json").read_text()) == dict(ended.result.figures)


def test_what_cannot_be_opened_is_a_finding():
    def broken():
        raise ImageError("b.tif is damaged.", remedy="Copy it again.")

    *_, ended = examine(JobControl(), [broken, stack], Expectations())
    assert [(f.check, f.message) for f in ended.result.value.findings] == [("unreadable", "b.tif is damaged.")]
    assert ended.result.figures["images"] == 1


def test_nothing_to_examine_is_a_failure():
    *_, ended = examine(JobControl(), [], Expectations())
    assert (ended.reason, type(ended.error)) == (FinishReason.FAILED, ImageError)


def test_a_stop_leaves_nothing():
    control = JobControl()
    job = examine(control, [stack], Expectations())
    for event in job:
        if isinstance(event, Progress) and "Looking" in event.message:
            control.request_stop()
    assert (event.reason, event.result) == (FinishReason.CANCELED, None)


def test_one_slice_at_a_time_is_asked_for():
    asked = []

    class Lazy:
        shape, dtype = (3, 32, 32), np.dtype(np.float32)

        def __getitem__(self, frame):
            asked.append(frame)
            return np.random.default_rng(frame).random((32, 32), np.float32)

    run(Subject(Lazy(), "lazy"))
    assert asked == [0, 1, 2]


@pytest.mark.parametrize("seed", range(4))
def test_copies_across_the_very_split_of_the_training_are_errors(seed):
    subject, training = stack(), TrainingConfig(seed=seed)
    labels = [frame[None] for frame in subject.labels[0].data]
    rng = np.random.default_rng(seed)
    split = split_labels(labels, fraction=training.validation_fraction, receptive_field=20, rng=rng)
    (held_out,) = [k for k, frame in enumerate(split.validation) if frame.any()]
    other, third = [k for k in range(3) if k != held_out]
    subject.image[held_out] = subject.image[other]
    (finding,) = run(subject, training=training).result.value.findings
    assert (finding.check, finding.severity) == ("train-validation-leak", Severity.ERROR)
    assert finding.place.frame == held_out
    subject = stack()
    subject.image[third] = subject.image[other]
    assert [f.check for f in run(subject, training=training).result.value.findings] == ["near-duplicate"]


def test_the_real_image_gives_no_error(real_image: Path):
    stack = read_image(real_image).stack
    findings = run(Subject(stack.data, stack.name, pixel_size=stack.pixel_size)).result.value.findings
    assert [f for f in findings if f.severity is not Severity.INFO] == []
