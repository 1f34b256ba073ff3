import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from bright_network import save_bright
from napari_strata.config import InsideConfig
from napari_strata.control import JobControl
from napari_strata.errors import MethodError, TargetError
from napari_strata.events import FinishReason, JobEnded, Sketched
from napari_strata.jobs.browse_network import browse_network
from napari_strata.types import ImageStack

ALL = frozenset({"activations", "kernels", "patches", "inversion"})
SETTINGS = InsideConfig(steps=10, patches=3, device="cpu")


@pytest.fixture
def model(tmp_path):
    return save_bright(tmp_path / "model", architecture="unet", layers=1, pixel_size=None)


def spots(frames=2):
    data = np.random.default_rng(0).normal(0, 0.01, (frames, 40, 48)).astype(np.float32)
    for frame in range(frames):
        data[frame, 10, 20] = 1 + frame
        data[frame, 30, 33] = 0.5 + frame
    return ImageStack(data, 0.2, "spots")


def run(model, image, wanted=ALL, config=SETTINGS, control=None, **options):
    events = list(browse_network(control or JobControl(), model, image, wanted=wanted, config=config, **options))
    assert isinstance(events[-1], JobEnded)
    return events, events[-1]


def test_all_that_is_wanted_is_written(model, tmp_path):
    _, ended = run(model, spots(), out=tmp_path / "out", frame=1)
    assert ended.reason is FinishReason.COMPLETED, ended.error
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "spots_activations.tif",
        "kernels.tif",
        "kernels.png",
        "spots_patches.json",
        "spots_patches.png",
        "spots_inversion.tif",
    }
    assert set(ended.result.paths.values()) == {str(path) for path in (tmp_path / "out").iterdir()}
    with tifffile.TiffFile(tmp_path / "out" / "spots_activations.tif") as file:
        assert file.asarray().shape == (2, 40, 48)
        told = file.shaped_metadata[0]
    assert (told["feature_map"], told["frame"]) == ("encoder, level 1", 1)
    assert (told["pixel_px"], told["first_pixel_px"]) == ([1, 1], [0, 0])
    assert len(told["weights_sha256"]) == 64
    assert tifffile.imread(tmp_path / "out" / "kernels.tif").shape == (2, 3, 3)
    assert tifffile.imread(tmp_path / "out" / "spots_inversion.tif").shape == (40, 48)
    with Image.open(tmp_path / "out" / "spots_patches.png") as picture:
        assert picture.size[0] >= 256


def test_patches_are_those_of_all_frames_highest_first(model, tmp_path):
    _, ended = run(model, spots(), frozenset({"patches"}), out=tmp_path)
    told = json.loads((tmp_path / "spots_patches.json").read_text())
    values = [patch["value"] for patch in told["patches"]]
    assert values == sorted(values, reverse=True)
    assert {(p.frame, p.y, p.x) for p in ended.result.value.patches} >= {(1, 10, 20)}
    assert all(seen.shape == (5, 5) for seen in ended.result.value.seen)


def test_kernels_need_no_image_and_the_list_nothing_at_all(model):
    _, ended = run(model, None, frozenset({"kernels"}))
    assert ended.result.value.kernels[0, 1, 1] == 1
    _, ended = run(model, None, frozenset())
    second = ended.result.figures["feature_maps"]["encoder, level 2"]
    assert second == {"channels": 4, "pixel_px": 2, "sees_px": 14}


def test_a_stop_keeps_the_inversion_as_it_is(model):
    control, kept = JobControl(), []
    config = SETTINGS.model_copy(update={"steps": 1000})
    job = browse_network(control, model, spots(), wanted=frozenset({"inversion"}), config=config)
    for event in job:
        if isinstance(event, Sketched):
            kept.append(event.value)
            control.request_stop()
    assert event.reason is FinishReason.CANCELED
    assert event.result.value.inversion is kept[-1]
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("image", "settings", "frame", "kind", "words"),
    [
        (None, {}, 0, TargetError, "Give an image"),
        (spots(), {}, 2, TargetError, "no frame 2"),
        (spots(), {"feature_map": "bottleneck"}, 0, MethodError, "It has: encoder, level 1; encoder, level 2;"),
        (spots(), {"channel": 2}, 0, MethodError, "from 0 to 1"),
    ],
)
def test_what_does_not_exist_is_refused_with_a_remedy(model, image, settings, frame, kind, words):
    _, ended = run(model, image, config=SETTINGS.model_copy(update=settings), frame=frame)
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, kind)
    assert words in str(ended.error)
