import numpy as np
import pytest

import tiny_sam
from napari_strata.control import JobControl
from napari_strata.errors import BundleError, ExtraError
from napari_strata.events import FinishReason, Progress
from napari_strata.inference.promptable import checkpoint
from napari_strata.inference.promptable.prompts import Prompts
from napari_strata.jobs.segment import SegmenterShelf, segment

IMAGE = np.random.default_rng(0).random((20, 40))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tiny_sam.save_sam(tmp_path_factory.mktemp("sam"))


def run(shelf, path, image=IMAGE, stop_at=None):
    control, events = JobControl(), []
    for event in segment(control, shelf, path, image, Prompts(inside=((3, 4),))):
        events.append(event)
        if isinstance(event, Progress) and stop_at and stop_at in event.message:
            control.request_stop()
    return events


def words(events):
    return [event.message.split(" ")[0] for event in events if isinstance(event, Progress)]


def test_network_and_slice_are_taken_in_once(saved):
    shelf = SegmenterShelf()
    events = run(shelf, saved)
    assert words(events) == ["Opening", "Looking"]
    assert events[-1].result.value.mask.shape == (20, 40)
    assert words(run(shelf, saved)) == []
    assert words(run(shelf, saved, IMAGE + 1)) == ["Looking"]


def test_a_stop_while_looking_leaves_no_mask(saved):
    shelf = SegmenterShelf()
    ended = run(shelf, saved, stop_at="Looking")[-1]
    assert (ended.reason, ended.result) == (FinishReason.CANCELED, None)
    assert run(shelf, saved)[-1].reason is FinishReason.COMPLETED


def test_a_checkpoint_that_went_is_told_and_another_can_be_opened(saved, tmp_path):
    shelf = SegmenterShelf()
    assert isinstance(run(shelf, tmp_path)[-1].error, BundleError)
    assert not shelf.has(tmp_path)
    assert run(shelf, saved)[-1].reason is FinishReason.COMPLETED


def test_without_the_extra_the_job_says_what_to_install(saved, monkeypatch):
    monkeypatch.setattr(checkpoint, "find_spec", lambda _name: None)
    assert isinstance(run(SegmenterShelf(), saved)[-1].error, ExtraError)
