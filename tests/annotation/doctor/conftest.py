from collections.abc import Callable

import numpy as np
import pytest

from napari_strata.annotation.doctor.examination import findings_of
from napari_strata.annotation.doctor.facts import Expectations, Survey
from napari_strata.annotation.doctor.finding import Finding
from napari_strata.annotation.doctor.measure import measure_subject
from napari_strata.annotation.doctor.subject import LayerLabels, Subject
from napari_strata.config import ClassTable


@pytest.fixture
def image() -> np.ndarray:
    """Return three slices that have nothing in common, and no two pixels of one value."""
    return np.random.default_rng(0).random((3, 40, 48), np.float32)


@pytest.fixture
def labels() -> np.ndarray:
    """Return labels of all three slices: 300 pixels of background, 200 of a class in each."""
    labels = np.zeros((3, 40, 48), np.uint8)
    labels[:, :10, :30] = 1
    labels[:, 20:30, 10:30] = 2
    return labels


def measured(subject: Subject, last_code: int = 2):
    body = measure_subject(subject, last_code=last_code)
    while True:
        try:
            next(body)
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def examine() -> Callable[..., list[Finding]]:
    """Examine one image and its labels, which are one array or one per crystal layer."""

    def examine(image, *labels, names=("atom",), pixel_size=None, held_out=(), expected=None, **placing):
        layers = tuple(LayerLabels(one, f"layer {k}", **placing) for k, one in enumerate(labels))
        subject = Subject(image, "moire", layers, pixel_size)
        table = ClassTable.from_names(names) if names else None
        facts = measured(subject, 254 if table is None else 1 + len(names))
        expected = Expectations(table, **(expected or {}))
        return findings_of(Survey((facts,), expected, frozenset((0, frame) for frame in held_out)))

    return examine
