"""The worker of the probe: what it answers of what it is asked."""

import numpy as np
import pytest

from bright_network import save_bright
from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import TargetError
from napari_strata.events import Glimpsed, StateChanged
from napari_strata.jobs.probe import probe
from napari_strata.requests import ProbeAt
from napari_strata.types import ImageStack

IMAGE = ImageStack(np.random.default_rng(0).random((2, 24, 32), np.float32), 0.2, "noise")


@pytest.fixture
def answers(tmp_path):
    """Ask for places, those of a turn all at once; return what is answered to each turn."""
    model = save_bright(tmp_path / "model", architecture="unet", layers=1, pixel_size=None)

    def answers(*turns):
        control, found, waiting = JobControl(), [], list(turns)
        config = ExplainConfig(device="cpu")
        for event in probe(control, model, IMAGE, kind="pixel", layer=0, config=config):
            found += [event] if isinstance(event, Glimpsed) else []
            if not isinstance(event, Glimpsed) and not _runs(event):
                continue
            if not waiting:
                control.request_stop()
            for asked in waiting.pop(0) if waiting else ():
                control.post(asked)
        return found

    return answers


def _runs(event):
    return isinstance(event, StateChanged) and event.state is JobState.RUNNING


def test_of_places_that_wait_only_the_last_is_answered(answers):
    first, last, next_frame = ProbeAt(0, 3, 4), ProbeAt(0, 10, 12), ProbeAt(1, 10, 12)
    found = answers([first, ProbeAt(0, 5, 6), last], [next_frame])
    assert [one.asked for one in found] == [last, next_frame]
    assert [one.glimpse.metadata["position"] for one in found] == [[10, 12], [10, 12]]


def test_a_place_beside_the_image_says_so_and_the_next_one_is_answered(answers):
    beside, inside = answers([ProbeAt(0, 50, 4)], [ProbeAt(0, 3, 4)])
    assert beside.glimpse is None
    assert isinstance(beside.error, TargetError)
    assert inside.glimpse is not None
