import json
import threading

import numpy as np
import pytest
import tifffile

from napari_strata.config import ExplainConfig
from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.config.what_if import WhatIfConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError, TargetError
from napari_strata.events import ChangeTried, FinishReason, Progress, StateChanged
from napari_strata.explain.changes.flip import FlipSearch
from napari_strata.explain.question import AgainstLayer, Question
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.smallest_change import smallest_change
from napari_strata.jobs.what_if import try_changes, what_if
from napari_strata.requests import TryChange
from napari_strata.types import ImageStack
from two_faced import save_two_faced

CONFIG = ExplainConfig(device="cpu")
BRIGHT, DARK = [(12, 20), (32, 12), (32, 40), (50, 22)], [(20, 32), (10, 45), (44, 30)]


@pytest.fixture
def model(tmp_path):
    return save_two_faced(tmp_path / "model")


def spots(pixel_size=0.2, *, noisy=True):
    """Return bright and dark blobs in counted electrons."""
    y, x = np.mgrid[:60, :64]
    expected = np.full(y.shape, 100.0)
    for sign, positions in ((90, BRIGHT), (-90, DARK)):
        for a, b in positions:
            expected += sign * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 5)
    image = np.random.default_rng(0).poisson(expected) if noisy else expected
    return ImageStack(image[None].astype(np.float32), pixel_size, "spots")


def last(job):
    *_, ended = job
    return ended


def done(job):
    ended = last(job)
    assert ended.reason is FinishReason.COMPLETED, ended.error
    return ended.result


@pytest.mark.parametrize(
    "question",
    [
        Question(AtomTarget(12, 20), 0),
        Question(AtomTarget(10, 45), 1),
        Question(PixelTarget(32, 12), 0, against=AgainstLayer(1)),
    ],
)
def test_with_nothing_changed_the_score_is_exactly_that_of_the_map(model, question):
    heatmap = done(explain(JobControl(), Inquiry(model, spots(), question, CONFIG))).value
    result = done(what_if(JobControl(), Inquiry(model, spots(), question, CONFIG), change=WhatIfConfig(part=0)))
    assert result.value.after.score == result.value.before.score == heatmap.metadata["score"]
    assert (result.value.pixels, result.value.vanished, result.value.appeared) == (0, 0, 0)


@pytest.mark.parametrize("pixel_size", [0.2, 0.1])
def test_an_erased_atom_vanishes(tmp_path, pixel_size):
    model = save_two_faced(tmp_path / "model")
    outcome = done(
        what_if(
            JobControl(),
            Inquiry(model, spots(pixel_size, noisy=False), Question(AtomTarget(12, 20), 0), CONFIG),
            change=WhatIfConfig(grow=0.6),
            out=tmp_path / "out",
        )
    )
    figures, outcome = outcome.figures, outcome.value
    assert figures["score_before"] > 0 > figures["score"]
    assert figures["probability_before"] > 0.5 > figures["probability"]
    assert (outcome.vanished, outcome.appeared, outcome.target_words) == (1, 0, "The atom vanishes.")
    rows, columns = outcome.window
    assert outcome.masks.shape == outcome.image.shape == (rows.stop - rows.start, columns.stop - columns.start)
    assert outcome.masks[12 - rows.start, 20 - columns.start] == 1
    assert tifffile.imread(tmp_path / "out" / "masks.tif").shape == outcome.masks.shape
    assert json.loads((tmp_path / "out" / "what_if.json").read_text())["what_if"]["vanished"] == 1
    assert figures["fill_words"] == ""


def test_an_erased_dark_spot_is_filled_brighter_and_that_is_said(model):
    inquiry = Inquiry(model, spots(noisy=False), Question(AtomTarget(10, 45), 1), CONFIG)
    figures = done(what_if(JobControl(), inquiry, change=WhatIfConfig())).figures
    assert figures["fill_words"].startswith("The filling is brighter than what was erased (mean ")
    assert not done(what_if(JobControl(), inquiry, change=WhatIfConfig(change="blur"))).figures.get("fill_words")


def test_the_new_masks_are_those_of_the_changed_image(model, tmp_path):
    """Of one that was changed by hand and is predicted as a whole, in the same orientation."""
    from napari_strata.models.registry import load_network

    image, mask = spots(), np.zeros((60, 64), bool)
    mask[27:38, 7:18] = True
    question = Question(PixelTarget(32, 12), 0)
    change = WhatIfConfig(change="shift", shift_y=0.8, shift_x=0.6)
    outcome = done(what_if(JobControl(), Inquiry(model, image, question, CONFIG), change=change, mask=mask)).value
    import torch

    from napari_strata.data.grid import to_network_grid

    by_hand = image.data[0].astype(float)
    by_hand[outcome.window] = outcome.image
    grid = torch.from_numpy(to_network_grid(by_hand, None, None))
    with torch.no_grad():
        codes = load_network(model, torch.device("cpu")).network(grid[None, None])[0, 0].argmax(dim=0) + 1
    assert (outcome.masks == codes.numpy()[outcome.window]).all()
    assert outcome.masks[36 - outcome.window[0].start, 15 - outcome.window[1].start] == 2


def test_of_many_changes_the_last_is_answered_and_a_bad_one_says_why(model):
    control, told, asked = JobControl(), [], threading.Event()
    bad, good = TryChange(np.zeros((3, 3), bool), WhatIfConfig()), TryChange(None, WhatIfConfig(part=0))
    job = try_changes(control, Inquiry(model, spots(), Question(PixelTarget(12, 20), 0), CONFIG))
    for event in job:
        if isinstance(event, StateChanged) and not asked.is_set() and event.state.value == "running":
            asked.set()
            for request in (good, good, bad):
                control.post(request)
        if isinstance(event, ChangeTried):
            told.append(event)
            if event.asked is bad:
                control.post(TryChange(None, WhatIfConfig(part=1.0)))
                control.post(good)
            else:
                control.request_stop()
    assert [event.asked for event in told] == [bad, good]
    assert isinstance(told[0].error, TargetError)
    assert told[1].outcome.after.score == told[1].outcome.before.score


def test_the_smallest_change_flips_the_atom_and_is_told_in_counts(model, tmp_path):
    result = done(
        smallest_change(
            JobControl(),
            Inquiry(model, spots(), Question(AtomTarget(12, 20), 0), CONFIG),
            looking=SmallestChangeConfig(reach=1.0, bound=5),
            out=tmp_path / "out",
        )
    )
    figures, flip = result.figures, result.value
    assert flip.flips and flip.is_within
    assert figures["score_before"] > 0 > figures["score"] > -1e-3 * figures["score_before"]
    assert figures["noise_rms_counts"] == pytest.approx(np.sqrt(130), rel=0.3)
    assert figures["times_noise"] == pytest.approx(figures["rms_counts"] / figures["noise_rms_counts"])
    part = f"{figures['times_noise']:.2g} of the shot noise"
    assert figures["words"].startswith(f"The score flips: the change is {part}")
    assert figures["target_words"] == (
        "The atom is still found. Only the sign of its score flips. At 1.25 times this change: the atom vanishes."
    )
    assert (figures["gone_at"], flip.gone.times, flip.gone.outcome.stays) == (1.25, 1.25, False)
    assert np.abs(flip.gone.change).sum() == pytest.approx(1.25 * np.abs(flip.change).sum(), rel=0.01)
    change = tifffile.imread(tmp_path / "out" / "change.tif")
    assert figures["rms"] == pytest.approx(np.sqrt((change**2).sum() / figures["region_px"]), rel=1e-4)
    image = spots().data[0][flip.outcome.window]
    np.testing.assert_allclose(flip.outcome.image, image + change, atol=1e-4)
    assert flip.outcome.image.min() >= 0
    more = tifffile.imread(tmp_path / "out" / "gone" / "change.tif")
    np.testing.assert_array_equal(more, flip.gone.change)
    told = json.loads((tmp_path / "out" / "gone" / "smallest_change.json").read_text())["what_if"]
    assert told["times_smallest"] == 1.25
    assert {path.name for path in (tmp_path / "out" / "gone").iterdir()} == {
        "change.tif",
        "image.tif",
        "masks.tif",
        "smallest_change.json",
    }


def test_a_stop_while_it_looks_what_takes_the_atom_away_keeps_the_smallest_change(model, monkeypatch):
    control = JobControl()
    inquiry = Inquiry(model, spots(), Question(AtomTarget(12, 20), 0), CONFIG)
    looked, take_away = [], FlipSearch.take_away

    def watched(search, flip, found):
        looked.append(flip)
        control.request_stop()
        return take_away(search, flip, found)

    monkeypatch.setattr(FlipSearch, "take_away", watched)
    ended = last(smallest_change(control, inquiry, looking=SmallestChangeConfig(reach=1.0, bound=5)))
    assert ended.reason is FinishReason.CANCELED
    assert ended.result.value is looked[0]
    assert looked[0].gone is None


def test_of_the_linear_part_of_a_network_it_is_as_small_as_can_be(model):
    """The log-odds of one pixel are 20 (I - 1) of the normalised image, so only that pixel changes."""
    image = spots()
    flip = done(
        smallest_change(
            JobControl(),
            Inquiry(model, image, Question(PixelTarget(32, 12), 0, "C"), CONFIG),
            looking=SmallestChangeConfig(bound=50),
        )
    ).value
    assert np.count_nonzero(np.abs(flip.change) > 1e-3 * np.abs(flip.change).max()) == 1
    changed = image.data[0].astype(float)
    changed[flip.outcome.window] = flip.outcome.image
    from napari_strata.data.grid import normalise

    assert normalise(changed)[32, 12] == pytest.approx(1, abs=1e-3)


def test_what_does_not_flip_within_the_bound_says_what_it_takes(model):
    flip = done(
        smallest_change(
            JobControl(),
            Inquiry(model, spots(), Question(AtomTarget(12, 20), 0), CONFIG),
            looking=SmallestChangeConfig(bound=0.01),
        )
    ).value
    assert flip.flips and not flip.is_within
    assert flip.words.startswith("Does not flip within 0.01 of the shot noise: it takes ")


def test_pixels_that_do_not_matter_cannot_flip(model):
    mask = np.zeros((60, 64), bool)
    mask[0:2, 0:2] = True
    flip = done(
        smallest_change(
            JobControl(),
            Inquiry(model, spots(), Question(PixelTarget(32, 12), 0), CONFIG),
            looking=SmallestChangeConfig(),
            mask=mask,
        )
    ).value
    assert not flip.flips
    assert flip.words.startswith("Does not flip: no change of these pixels was found")


def test_a_stop_keeps_the_smallest_change_so_far(model):
    control, looks = JobControl(), 0
    job = smallest_change(
        control,
        Inquiry(model, spots(), Question(AtomTarget(12, 20), 0), CONFIG),
        looking=SmallestChangeConfig(),
    )
    for event in job:
        if isinstance(event, Progress) and "looking for less" in event.message and not control.stop_requested:
            control.request_stop()
            looks = 0
        looks += isinstance(event, Progress)
        ended = event
    assert ended.reason is FinishReason.CANCELED
    assert looks == 1
    flip = ended.result.value
    assert flip.flips
    assert flip.words.endswith("Stopped: a smaller one may flip it, too.")
    assert flip.outcome.masks is None
    assert flip.outcome.after.score == ended.result.figures["score"] < 0


def test_a_folder_that_is_a_file_is_refused(model, tmp_path):
    (tmp_path / "out").write_text("")
    ended = last(
        what_if(
            JobControl(),
            Inquiry(model, spots(), Question(PixelTarget(1, 1), 0), CONFIG),
            change=WhatIfConfig(),
            out=tmp_path / "out",
        )
    )
    assert isinstance(ended.error, OutputError)


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        ({}, (0.5, 0)),
        ({"shift_x": 0.5}, (0, 0.5)),
        ({"shift_y": 1}, (1, 0)),
        ({"shift_y": 1, "shift_x": 2}, (1, 2)),
    ],
)
def test_a_shift_that_is_not_given_is_0_where_the_other_is(given, moved):
    config = WhatIfConfig(change="shift", **given)
    assert (config.shift_y, config.shift_x) == moved
    assert WhatIfConfig.model_validate(config.model_dump(exclude_unset=True)) == config
