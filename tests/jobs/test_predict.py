import numpy as np
import pytest
import tifffile

from bright_network import save_bright
from napari_strata.config import InferenceConfig
from napari_strata.config.card import Seen
from napari_strata.control import JobControl, JobState
from napari_strata.errors import BundleError, CalibrationError, ImageError, OutputError
from napari_strata.events import FinishReason, JobEnded, Progress, StateChanged, Warned
from napari_strata.io.bundle import load_bundle, save_bundle
from napari_strata.jobs.predict import predict
from napari_strata.types import ImageStack

CONFIG = InferenceConfig(tile_size=64, device="cpu")


@pytest.fixture
def model(tmp_path):
    return save_bright(tmp_path / "model", pixel_size=None)


def spots(frames=1, shape=(40, 50), name="spots", pixel_size=0.2, fill=0.0):
    """Return a stack with a bright 3 x 3 spot at (10, 20) of frame 0, (11, 20) of frame 1, ..."""
    data = np.full((frames, *shape), fill, np.float32)
    for frame in range(frames):
        data[frame, 9 + frame : 12 + frame, 19:22] = fill + 1
    return ImageStack(data, pixel_size, name)


def run(body):
    events = list(body)
    assert isinstance(events[-1], JobEnded)
    return events, events[-1]


def test_every_frame_gets_a_mask_of_each_layer(model):
    _, ended = run(predict(JobControl(), model, [spots(frames=3)], CONFIG))
    assert ended.reason is FinishReason.COMPLETED
    (prediction,) = ended.result.value
    expected = np.where(spots(frames=3).data > 0, 2, 1)
    np.testing.assert_array_equal(prediction.masks, np.stack([expected, expected], axis=1))
    assert ended.result.figures["images"] == 1
    assert ended.result.figures["frames"] == 3
    assert ended.result.figures["layers"] == 2


def test_an_image_that_the_model_has_not_seen_is_predicted_with_a_warning(model):
    bundle = load_bundle(model)
    seen = Seen(window=64, spacing=(9, 13), order=(1, 2), noise=(0.001, 1), skewness=(-1, 1))
    save_bundle(model, bundle.state, bundle.card.model_copy(update={"seen": seen}))
    events, ended = run(
        predict(JobControl(), model, [spots(shape=(70, 80), name=name) for name in ("one", "two")], CONFIG)
    )
    warnings = [event.message for event in events if isinstance(event, Warned)]
    assert [warning.split(",")[0] for warning in warnings] == [
        "one is outside what the model bright has seen",
        "two is outside what the model bright has seen",
    ]
    assert "hardly any spacing" in warnings[0]
    assert ended.reason is FinishReason.COMPLETED


def test_the_files_hold_masks_and_probabilities_of_each_image(model, tmp_path):
    out = tmp_path / "new" / "folder"
    images = [spots(frames=2, name="a"), spots(name="b", shape=(33, 31))]
    _, ended = run(predict(JobControl(), model, images, CONFIG, out=out))
    assert set(ended.result.paths.values()) == {
        str(out / f"{name}_{what}.tif") for name in "ab" for what in ("masks", "probabilities")
    }
    for prediction in ended.result.value:
        masks = tifffile.imread(out / f"{prediction.name}_masks.tif")
        probabilities = tifffile.imread(out / f"{prediction.name}_probabilities.tif")
        assert masks.dtype == np.uint8
        np.testing.assert_array_equal(masks, prediction.masks)
        assert probabilities.dtype == np.float32
        np.testing.assert_array_equal(probabilities, prediction.probabilities)


def test_progress_runs_once_from_zero_to_one_over_all_images(model):
    events, _ = run(predict(JobControl(), model, [spots(name="a", frames=2), spots(name="b")], CONFIG))
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    np.testing.assert_allclose(fractions, np.arange(1, 13) / 12)  # four orientations of each frame
    assert [event.state for event in events if isinstance(event, StateChanged)] == [
        JobState.PREPARING,
        JobState.RUNNING,
    ]


def test_the_model_may_be_replaced_while_the_job_runs(model):
    body = predict(JobControl(), model, [spots(frames=2)], CONFIG)
    first = [next(body), next(body)]
    assert first[-1].state is JobState.RUNNING
    for file in model.iterdir():
        file.unlink()
    assert run(body)[1].reason is FinishReason.COMPLETED


def test_a_stop_before_the_first_frame_is_done_leaves_nothing(model, tmp_path):
    control = JobControl()
    body = predict(control, model, [spots(frames=9, shape=(300, 50))], CONFIG, out=tmp_path / "out")
    next(event for event in body if isinstance(event, Progress))
    control.request_stop()
    _, ended = run(body)
    assert ended.reason is FinishReason.CANCELED
    assert ended.result is None
    assert not list((tmp_path / "out").iterdir())
    assert control.state is JobState.IDLE


def test_a_stop_keeps_the_frames_of_one_stack_that_are_done(model, tmp_path):
    control = JobControl()
    body = predict(control, model, [spots(frames=9)], CONFIG, out=tmp_path)
    for event in body:
        if isinstance(event, Progress) and "frame 5" in event.message:
            control.request_stop()
        last = event
    assert last.reason is FinishReason.CANCELED
    assert (last.result.figures["images"], last.result.figures["frames"]) == (1, 4)
    masks = tifffile.imread(tmp_path / "spots_masks.tif")
    np.testing.assert_array_equal(masks[:, 0], np.where(spots(frames=9).data[:4] > 0, 2, 1))
    assert tifffile.imread(tmp_path / "spots_probabilities.tif").shape == (4, 2, 2, 40, 50)


def test_a_stop_keeps_the_images_that_are_done(model, tmp_path):
    control = JobControl()
    images = [spots(name="a"), spots(name="b", frames=5)]
    body = predict(control, model, images, CONFIG, out=tmp_path)
    for event in body:
        if isinstance(event, Progress) and "b, frame 3" in event.message:
            control.request_stop()
        last = event
    assert last.reason is FinishReason.CANCELED
    assert [(p.name, len(p.masks)) for p in last.result.value] == [("a", 1), ("b", 2)]
    assert set(last.result.paths) == {"a_masks", "a_probabilities", "b_masks", "b_probabilities"}


def failure(body, kind):
    _, ended = run(body)
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, kind)
    assert ended.error.remedy
    return ended.error


def test_images_that_cannot_be_used_are_refused_by_name(model):
    constant = ImageStack(np.ones((1, 20, 20)), 0.2, "flat")
    assert "flat" in str(failure(predict(JobControl(), model, [constant], CONFIG), ImageError))
    broken = ImageStack(np.full((1, 20, 20), np.nan), 0.2, "holes")
    assert "holes" in str(failure(predict(JobControl(), model, [broken], CONFIG), ImageError))
    failure(predict(JobControl(), model, [], CONFIG), ImageError)


def test_two_images_of_one_name_are_refused(model):
    error = failure(predict(JobControl(), model, [spots(), spots()], CONFIG), ImageError)
    assert "spots" in error.message


def test_a_missing_pixel_size_is_asked_for_before_any_work(tmp_path):
    model = save_bright(tmp_path / "model", pixel_size=0.2)
    images = [spots(name="a"), spots(name="b", pixel_size=None)]
    events = list(predict(JobControl(), model, images, CONFIG))
    assert isinstance(events[-1].error, CalibrationError)
    assert not any(isinstance(event, Progress) for event in events)


def test_a_pixel_size_that_makes_no_sense_is_refused(tmp_path):
    model = save_bright(tmp_path / "model", pixel_size=0.2)
    error = failure(predict(JobControl(), model, [spots(pixel_size=106.0)], CONFIG), CalibrationError)
    assert "spots" in error.message
    assert "106 Å" in error.message


@pytest.mark.parametrize(("pixel_size", "shrunk"), [(0.006, "1 x 2"), (0.07, "14 x 18")])
def test_a_pixel_size_that_leaves_too_few_pixels_is_refused(tmp_path, pixel_size, shrunk):
    model = save_bright(tmp_path / "model", pixel_size=0.2)
    error = failure(predict(JobControl(), model, [spots(pixel_size=pixel_size)], CONFIG), CalibrationError)
    assert f"shrink to {shrunk} pixels, and needs 16 a side" in error.message


def test_a_small_image_at_the_networks_own_pixel_size_is_predicted(tmp_path):
    model = save_bright(tmp_path / "model", pixel_size=0.2)
    image = ImageStack(spots().data[:, 5:17, 15:27], 0.2, "small")
    assert run(predict(JobControl(), model, [image], CONFIG))[1].reason is FinishReason.COMPLETED


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    failure(predict(JobControl(), tmp_path, [spots()], CONFIG), BundleError)


def test_an_output_folder_that_cannot_be_made_is_refused_before_any_work(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    events = list(predict(JobControl(), model, [spots()], CONFIG, out=tmp_path / "file" / "out"))
    assert isinstance(events[-1].error, OutputError)
    assert not any(isinstance(event, Progress) for event in events)
