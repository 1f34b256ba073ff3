import threading

import numpy as np
import pandas as pd
import pytest

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import TargetError
from napari_strata.events import FinishReason, FrameExplained, JobEnded, Progress, Sketched, StateChanged, Warned
from napari_strata.explain.many.stack import frame_order, map_key
from napari_strata.explain.question import AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget
from napari_strata.io.map_cache import MapCache
from napari_strata.jobs.explain import explain
from napari_strata.jobs.explain_stack import explain_stack
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.models.registry import load_network
from napari_strata.requests import FrameWanted
from napari_strata.types import ATOM_COLUMNS, ImageStack
from two_faced import save_two_faced

GRADIENT = ExplainConfig(method="input-gradient", device="cpu")
SLOW = ExplainConfig(method="smooth-grad", samples=8, batch=1, device="cpu")


@pytest.fixture
def model(tmp_path):
    return save_two_faced(tmp_path / "model")


@pytest.fixture
def cache(tmp_path):
    return MapCache(tmp_path / "maps")


def stack(frames=4):
    """Return a bright spot that moves 2 px to the right from frame to frame."""
    data = np.zeros((frames, 32, 40), np.float32)
    for frame in range(frames):
        data[frame, 9:12, 9 + 2 * frame : 12 + 2 * frame] = 1
    return ImageStack(data, 0.2, "moving")


def atoms(frames=4):
    """Return the atoms of layer 0 at those spots."""
    rows = [("moving", f, 0, "C", 10.0, 10.0 + 2 * f, 2.0, 2.0, 1.0) for f in range(frames)]
    return pd.DataFrame(rows, columns=list(ATOM_COLUMNS))


def run(model, image, cache, *, target=None, wanted=0, reach=None, on=None, **options):
    """Run to the end, asking for a frame once the job runs; `on(event, control)` may ask for more, or stop."""
    question = Question(target or AtomTarget(10, 10), 0, "C")
    options = {"config": GRADIENT, "atoms": atoms(), "question": question} | options
    control, events = JobControl(), []
    for event in explain_stack(control, model, image, cache=cache, **options):
        events.append(event)
        if isinstance(event, StateChanged) and event.state is JobState.RUNNING:
            control.post(FrameWanted(wanted, reach))
        if on is not None:
            on(event, control)
    assert isinstance(events[-1], JobEnded)
    return events, events[-1]


def whole(events):
    return [event for event in events if isinstance(event, FrameExplained) and event.done == 1]


def test_the_shown_frame_comes_first_and_then_its_neighbours():
    assert list(frame_order(2, 5, 1)) == [2, 3, 1]
    assert list(frame_order(0, 4, None)) == [0, 1, 2, 3]
    assert list(frame_order(3, 4, 2)) == [3, 2, 1]


def test_every_frame_has_the_map_that_explaining_it_alone_gives(model, cache):
    events, ended = run(model, stack(), cache, wanted=2, config=GRADIENT.model_copy(update={"tolerance": 2.0}))
    assert ended.reason is FinishReason.COMPLETED, ended.error
    assert [event.frame for event in whole(events)] == [2, 3, 1, 0]
    assert ended.result.figures == {"frames": 4, "computed": 4, "kept": 0, "empty": 0}
    for event in whole(events):
        question = Question(AtomTarget(10, 10 + 2 * event.frame), 0, "C")
        *_, alone = explain(JobControl(), Inquiry(model, stack(), question, GRADIENT, event.frame, atoms()))
        np.testing.assert_array_equal(event.data, alone.result.value.data)
        assert event.metadata == alone.result.value.metadata
        assert np.unravel_index(event.data.argmax(), event.data.shape) == (10, 10 + 2 * event.frame)


def test_maps_on_the_way_are_those_that_explaining_it_alone_shows_and_no_pieces(model, cache):
    config = ExplainConfig(method="occlusion", window=0.4, stride=0.2, batch=1, device="cpu")
    question = Question(PixelTarget(10, 10), 0, "C")
    events, _ = run(model, stack(1), cache, question=question, config=config, atoms=atoms(1))
    alone = explain(JobControl(), Inquiry(model, stack(1), question, config, 0, atoms(1)))
    sketched = [event.done for event in alone if isinstance(event, Sketched)]
    assert [event.done for event in events if isinstance(event, FrameExplained) and event.done < 1] == sketched
    assert sketched[0] > 1.5 / len(sketched)  # the first squares alone show nothing


def test_a_frame_without_an_atom_near_the_place_has_no_map_and_says_why(model, cache):
    events, ended = run(model, stack(), cache)
    empty = {event.frame: event.words for event in whole(events) if event.data is None}
    assert sorted(empty) == [3]  # 1.2 Å away, beyond 1 Å
    assert "No atom of layer 0 lies within 1 Å" in empty[3]
    assert ended.result.figures["empty"] == 1


def test_once_all_near_the_slider_are_explained_it_is_said_that_the_others_wait_for_it(model, cache):
    told = []

    def move_on(event, control):
        if isinstance(event, Progress):
            told.append((event.fraction, event.message))
            if "others" in event.message:
                control.post(FrameWanted(0, None))

    run(model, stack(), cache, reach=1, on=move_on)
    assert told[1:4] == [
        (0.5, "2 of 4 slices explained"),
        (0.5, "2 of 4 slices explained, the others once the slider comes near them"),
        (0.75, "3 of 4 slices explained"),
    ]


def test_maps_are_kept_and_taken_again_unless_anything_that_counts_is_another(model, cache):
    first, _ = run(model, stack(), cache)
    again, ended = run(model, stack(), cache)
    assert ended.result.figures == {"frames": 4, "computed": 0, "kept": 3, "empty": 1}
    for old, new in zip(whole(first), whole(again), strict=True):
        assert new.is_old == (old.data is not None)
        np.testing.assert_array_equal(new.data, old.data)
        assert new.metadata == old.metadata
    changed = stack()
    changed.data[1, 0, 0] = 0.5
    _, ended = run(model, changed, cache)
    assert ended.result.figures["computed"] == 1


def test_the_key_changes_with_all_that_may_change_the_map(model):
    card, image = load_network(model, "cpu").card, ImageStack(stack().data[:1], 0.2, "moving")
    question, table = Question(PixelTarget(3, 4), 0, "C"), atoms(1)
    mask = np.eye(4, dtype=bool)
    moved = table.assign(x_px=11.0)
    keys = [
        map_key(card, image, 0, question, GRADIENT, table),
        map_key(card.model_copy(update={"weights_sha256": "1" * 64}), image, 0, question, GRADIENT, table),
        map_key(card, ImageStack(image.data + 1, 0.2, "moving"), 0, question, GRADIENT, table),
        map_key(card, ImageStack(image.data, 0.3, "moving"), 0, question, GRADIENT, table),
        map_key(card, image, 1, question, GRADIENT, table),
        map_key(card, image, 0, Question(PixelTarget(4, 3), 0, "C"), GRADIENT, table),
        map_key(card, image, 0, Question(PixelTarget(3, 4), 1, "C"), GRADIENT, table),
        map_key(card, image, 0, Question(PixelTarget(3, 4), 0, "N"), GRADIENT, table),
        map_key(card, image, 0, Question(RegionTarget(mask), 0, "C"), GRADIENT, table),
        map_key(card, image, 0, Question(RegionTarget(mask[::-1]), 0, "C"), GRADIENT, table),
        map_key(card, image, 0, Question(PixelTarget(3, 4), 0, "C", AgainstLayer(1)), GRADIENT, table),
        map_key(card, image, 0, question, GRADIENT.model_copy(update={"method": "gradient-x-input"}), table),
        map_key(card, image, 0, question, SLOW, table),
        map_key(card, image, 0, question, SLOW.model_copy(update={"samples": 9}), table),
        map_key(card, image, 0, question, SLOW.model_copy(update={"seed": 9}), table),
        map_key(card, image, 0, question, GRADIENT, moved),
        map_key(card, image, 0, question, GRADIENT, None),
    ]
    assert len(set(keys)) == len(keys)
    read_by_no_one = GRADIENT.model_copy(update={"samples": 9})
    assert map_key(card, image, 0, question, read_by_no_one, table) == keys[0]


def test_a_damaged_map_is_computed_again(model, cache):
    run(model, stack(), cache)
    for path in cache.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    _, ended = run(model, stack(), cache)
    assert ended.result.figures["computed"] == 3


def test_the_frame_that_is_asked_for_last_comes_first(model, cache):
    def jump(event, control):
        if isinstance(event, FrameExplained) and event.frame == 0 and 0.2 < event.done < 0.3:
            for frame in (1, 2):
                control.post(FrameWanted(frame, None))

    events, ended = run(model, stack(), cache, config=SLOW, on=jump, target=PixelTarget(10, 10))
    assert ended.reason is FinishReason.COMPLETED
    assert [event.frame for event in whole(events)] == [2, 3, 1, 0]


def test_only_neighbours_are_computed_ahead_and_then_it_waits(model, cache):
    seen, control = [], JobControl()
    body = explain_stack(
        control, model, stack(), question=Question(AtomTarget(10, 10), 0, "C"), config=GRADIENT, cache=cache,
        atoms=atoms(),
    )  # fmt: skip

    def consume():
        for event in body:
            if isinstance(event, StateChanged) and event.state is JobState.RUNNING:
                control.post(FrameWanted(0, 1))
            seen.append(event)
            if len(whole(seen)) == 2:
                started.set()

    started = threading.Event()
    worker = threading.Thread(target=consume)
    worker.start()
    assert started.wait(30)
    worker.join(0.3)
    assert worker.is_alive()
    assert [event.frame for event in whole(seen)] == [0, 1]
    control.request_stop()
    worker.join(5)
    assert not worker.is_alive()
    assert seen[-1].reason is FinishReason.CANCELED
    assert seen[-1].result.figures["computed"] == 2


def test_a_stop_ends_a_slow_map_between_two_batches(model, cache):
    def stop(event, control):
        if isinstance(event, FrameExplained):
            control.request_stop()

    events, ended = run(model, stack(), cache, config=SLOW, on=stop)
    assert ended.reason is FinishReason.CANCELED
    assert sum(isinstance(event, FrameExplained) for event in events) == 1
    assert cache.size() == 0


def test_a_full_disk_is_said_once_and_stops_nothing(model, tmp_path):
    (tmp_path / "file").write_text("")
    events, ended = run(model, stack(), MapCache(tmp_path / "file" / "maps"))
    assert ended.reason is FinishReason.COMPLETED
    assert sum(isinstance(event, Warned) for event in events) == 1


def test_what_cannot_be_asked_of_every_frame_is_refused_in_words(model, cache):
    question = Question(
        RegionTarget(np.ones((32, 40), bool)), 0, "C", AgainstCorrection(np.ones((32, 40), np.uint8))
    )
    _, ended = run(model, stack(), cache, question=question)
    assert isinstance(ended.error, TargetError)
    assert "belongs to one slice" in str(ended.error)
    _, ended = run(model, stack(), cache, atoms=None)
    assert isinstance(ended.error, TargetError)
    assert "Predict dock" in str(ended.error)


def test_a_slice_on_which_the_class_is_not_predicted_has_no_map_and_says_so(model, cache):
    image = stack(2)
    image.data[1] = np.where(np.arange(40) % 2, 1, -1)  # normalised it is nowhere above 1, so nothing is C
    target = RegionTarget(np.ones((32, 40), bool), "slice")
    events, ended = run(model, image, cache, target=target)
    last = {event.frame: event for event in events if isinstance(event, FrameExplained)}
    assert last[0].data is not None
    assert last[1].data is None
    assert "does not predict C on this slice" in last[1].words
    assert ended.result.figures["empty"] == 1
