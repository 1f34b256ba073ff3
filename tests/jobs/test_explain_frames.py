"""One question of all frames, written; and how a job that was stopped goes on."""

import json

import numpy as np
import pytest
import tifffile

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError
from napari_strata.events import FinishReason, Progress
from napari_strata.explain.heatmap import metadata_of
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.io.map_cache import MapCache
from napari_strata.jobs.explain_frames import explain_frames
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.types import ImageStack
from two_faced import save_two_faced

FRAMES = 4


@pytest.fixture
def ask(tmp_path):
    """Return a function that asks why a pixel is bright in all frames, and stops after some."""
    model = save_two_faced(tmp_path / "model")
    data = np.random.default_rng(0).random((FRAMES, 24, 32)).astype(np.float32)
    data[:, 10, 12:14] = 2

    def ask(*, stop=None, at=(10, 12), cache="maps", **files):
        config = ExplainConfig(device="cpu")
        inquiry = Inquiry(model, ImageStack(data, None, "noise"), Question(PixelTarget(*at), 0, "C"), config)
        paths = {"out": tmp_path / "all.tif", "scores": tmp_path / "all.json"} | files
        control = JobControl()
        for event in explain_frames(control, inquiry, cache=MapCache(tmp_path / cache), **paths):
            if isinstance(event, Progress) and event.message.startswith(f"{stop} of"):
                control.request_stop()
        return event

    return ask


def maps(path) -> list[bool]:
    """Tell which frames of a file have a map."""
    return [bool(frame.any()) for frame in tifffile.imread(path)]


def test_what_was_stopped_goes_on_when_the_same_is_asked_again(ask, tmp_path):
    stopped = ask(stop=2)
    assert stopped.reason is FinishReason.CANCELED
    assert maps(tmp_path / "all.tif") == [True, True, False, False]
    assert metadata_of(tmp_path / "all.tif")["unfinished"]["done"] == 2
    ended = ask()
    assert ended.reason is FinishReason.COMPLETED, ended.error
    assert {name: ended.result.figures[name] for name in ("computed", "kept")} == {"computed": 2, "kept": 2}
    assert maps(tmp_path / "all.tif") == [True] * FRAMES
    assert list(json.loads((tmp_path / "all.json").read_text())["maps"]) == ["0", "1", "2", "3"]
    assert "unfinished" not in metadata_of(tmp_path / "all.tif")
    again = ask()
    assert isinstance(again.error, OutputError)
    assert "are there already." in str(again.error)


@pytest.mark.parametrize("name", ["all.tif", "all.zarr"])
def test_a_stop_before_it_came_as_far_takes_nothing_away(ask, tmp_path, name):
    files = {"out": tmp_path / name, "scores": None}
    ask(stop=3, **files)
    earlier = metadata_of(tmp_path / name)
    assert earlier["unfinished"]["done"] == 3
    stopped = ask(stop=1, cache="other", **files)
    assert (stopped.reason, stopped.error, stopped.result.paths) == (FinishReason.CANCELED, None, {})
    assert metadata_of(tmp_path / name) == earlier


def test_another_question_does_not_go_on_in_the_files_of_the_first(ask, tmp_path):
    ask(stop=1)
    old = (tmp_path / "all.tif").read_bytes()
    other = ask(at=(10, 13))
    assert isinstance(other.error, OutputError)
    assert "all.tif is there already: it was stopped, but the question" in str(other.error)
    assert "--overwrite" in other.error.remedy
    assert (tmp_path / "all.tif").read_bytes() == old
    assert ask(at=(10, 13), overwrite=True).reason is FinishReason.COMPLETED
