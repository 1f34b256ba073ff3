import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch

from bright_network import save_bright
from napari_strata.config import AtomsConfig, ExplainConfig, ModelConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import BundleError, CalibrationError, ImageError, OutputError, TargetError
from napari_strata.events import FinishReason, JobEnded, Progress, Sketched
from napari_strata.explain.pixels_digest import pixels_sha256
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget
from napari_strata.io.bundle import read_card
from napari_strata.io.images import read_image
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.models.network import Network
from napari_strata.types import ATOM_COLUMNS, ImageStack
from two_faced import save_two_faced

GRADIENT = ExplainConfig(method="input-gradient", device="cpu")
BRIGHT, DARK = [(10, 20), (30, 12), (30, 40)], [(20, 30), (10, 45), (31, 25)]


@pytest.fixture
def model(tmp_path):
    return save_two_faced(tmp_path / "model")


def spots(frames=1, pixel_size=0.2, name="spots"):
    """Return bright and dark spots of 3 x 3 pixels on grey."""
    data = np.zeros((frames, 40, 50), np.float32)
    for sign, positions in ((1, BRIGHT), (-1, DARK)):
        for y, x in positions:
            data[:, y - 1 : y + 2, x - 1 : x + 2] = sign
    return ImageStack(data, pixel_size, name)


def table(*rows, pixel_size=0.2):
    """Return atoms given as (frame, layer, y, x)."""
    values = [("spots", f, layer, "C", y, x, y * pixel_size, x * pixel_size, 1.0) for f, layer, y, x in rows]
    return pd.DataFrame(values, columns=list(ATOM_COLUMNS))


def run(model, image, *, target, layer=0, frame=0, config=GRADIENT, control=None, out=None, **options):
    control = control or JobControl()
    inquiry = Inquiry(model, image, Question(target, layer), config, frame, **options)
    events = list(explain(control, inquiry, out=out))
    assert isinstance(events[-1], JobEnded)
    assert control.state is JobState.IDLE
    return events, events[-1]


def heatmap(*args, **options):
    _, ended = run(*args, **options)
    assert ended.reason is FinishReason.COMPLETED, ended.error
    return ended.result.value


def error(*args, **options):
    _, ended = run(*args, **options)
    assert ended.reason is FinishReason.FAILED
    return ended.error


def test_a_click_snaps_to_the_nearest_predicted_atom(model):
    _, ended = run(model, spots(), target=AtomTarget(11.5, 22.0))
    metadata = ended.result.value.metadata
    np.testing.assert_allclose(metadata["position"], (10, 20), atol=0.01)
    assert metadata["target"]["radius_A"] == GRADIENT.target_radius
    assert ended.result.figures["distance_A"] == pytest.approx(0.5, abs=0.003)


def test_the_heatmap_is_on_the_images_grid_and_highest_at_the_atom(model):
    found = heatmap(model, spots(), target=AtomTarget(10, 20)).data
    assert found.shape == (40, 50)
    assert found.dtype == np.float32
    assert np.unravel_index(found.argmax(), found.shape) == (10, 20)


def test_the_heatmap_of_a_network_on_another_grid_is_on_the_images_grid(tmp_path):
    model = save_bright(tmp_path / "coarse", pixel_size=0.2)
    data = np.zeros((1, 80, 100), np.float32)
    data[0, 18:24, 38:44] = 1
    found = heatmap(model, ImageStack(data, 0.1, "fine"), target=AtomTarget(20.5, 40.5)).data
    assert found.shape == (80, 100)
    y, x = np.mgrid[:80, :100]
    np.testing.assert_allclose([(found * y).sum(), (found * x).sum()] / found.sum(), (20.5, 40.5), atol=0.2)


@pytest.mark.parametrize("pixel_size", [0.1, 0.137, 0.31])
@pytest.mark.parametrize("method", ["integrated-gradients", "deep-lift"])
def test_a_map_that_sums_to_the_difference_of_scores_does_so_on_the_images_own_pixels(
    tmp_path, method, pixel_size
):
    model = save_bright(tmp_path / "other", pixel_size=0.2)
    config = ExplainConfig(method=method, device="cpu")
    everywhere = RegionTarget(np.ones((40, 50), bool))
    found = heatmap(model, spots(pixel_size=pixel_size), target=everywhere, config=config)
    figures = found.metadata["figures"]
    assert abs(figures["sum"]) > 0.1
    assert found.data.sum(dtype=np.float64) == pytest.approx(figures["sum"], rel=1e-4)


def test_maps_that_say_the_same_of_an_area_on_any_grid_keep_their_values(tmp_path):
    model = save_bright(tmp_path / "coarse", pixel_size=0.2)
    square = np.zeros((1, 80, 80), np.float32)
    square[0, 30:50, 30:50] = 1
    target = RegionTarget(square[0] > 0)
    slopes = heatmap(model, ImageStack(square, 0.1, "fine"), target=target).data
    coarse = heatmap(
        model, ImageStack(square[:, ::2, ::2], 0.2, "coarse"), target=RegionTarget(target.mask[::2, ::2])
    )
    assert slopes[40, 40] == pytest.approx(coarse.data[20, 20], rel=0.05)


def test_a_pixels_gradient_is_the_slope_of_the_network(model):
    found = heatmap(model, spots(), target=PixelTarget(30, 12)).data
    # the log-odds are 20 (I - 1), up to the 1e-5 in each of four batch norms
    assert found[30, 12] == pytest.approx(20, rel=1e-4)
    assert np.count_nonzero(found) == 1


def test_a_region_is_explained_as_the_mean_over_its_pixels(model):
    mask = np.zeros((40, 50), bool)
    mask[9:11, 19:21] = True
    found = heatmap(model, spots(), target=RegionTarget(mask)).data
    np.testing.assert_allclose(found[mask], 5, rtol=1e-4)
    assert np.count_nonzero(found) == 4


def test_grad_cam_is_highest_at_the_atom_and_never_negative(model):
    found = heatmap(model, spots(), target=AtomTarget(10, 20), config=ExplainConfig(device="cpu")).data
    assert found[10, 20] == found.max() > 0
    assert found.min() == 0


def test_the_other_layer_is_explained_by_the_other_decoder(model):
    found = heatmap(model, spots(), layer=1, target=AtomTarget(20, 30))
    assert found.metadata["decoder"] == 1
    assert np.unravel_index(found.data.argmax(), found.data.shape) == (20, 30)


def test_a_layer_that_another_decoder_drew_is_explained_by_that_decoder(model):
    swapped = table(*[(0, 1, y, x) for y, x in BRIGHT], *[(0, 0, y, x) for y, x in DARK])
    found = heatmap(model, spots(), layer=0, target=AtomTarget(20, 30), atoms=swapped)
    assert (found.metadata["layer"], found.metadata["decoder"]) == (0, 1)
    assert found.data[20, 30] == found.data.max() > 0


def test_a_layer_is_the_crystal_that_it_is_in_the_frames_before(model):
    first = spots().data[0]
    swapping = ImageStack(np.stack([first, -first]), 0.2, "spots")
    found = heatmap(model, swapping, frame=1, layer=0, target=AtomTarget(10, 20))
    np.testing.assert_allclose(found.metadata["position"], (10, 20), atol=0.01)
    assert (found.metadata["layer"], found.metadata["decoder"], found.metadata["frame"]) == (0, 1, 1)
    assert found.data[10, 20] == found.data.max() > 0


def test_atoms_are_located_as_configured(model):
    config = AtomsConfig(min_distance=5)
    lone = spots()
    lone.data[0, 9:12, 24:27] = 0.95
    assert heatmap(model, lone, target=AtomTarget(10, 25)).metadata["position"][1] == pytest.approx(25, abs=0.1)
    assert "nearest is" in str(error(model, lone, target=AtomTarget(10, 25), locating=config))


def test_given_atoms_of_other_frames_do_not_count(model):
    given = table((0, 0, 10, 20), (1, 0, 30, 12))
    found = heatmap(model, spots(frames=2), frame=1, target=AtomTarget(30, 12), atoms=given)
    assert found.metadata["position"] == [30, 12]
    assert found.metadata["frame"] == 1
    assert "nearest is" in str(error(model, spots(frames=2), frame=0, target=AtomTarget(30, 12), atoms=given))


def test_given_atoms_spare_the_prediction(model, monkeypatch):
    def fail(*_args, **_options):
        raise AssertionError

    monkeypatch.setattr("napari_strata.inference.predictor.Predictor.predict", fail)
    heatmap(model, spots(), target=AtomTarget(10, 20), atoms=table((0, 0, 10, 20)))


def test_the_metadata_tells_how_to_compute_the_map_again(model):
    metadata = heatmap(model, spots(), target=PixelTarget(30, 12)).metadata
    score = metadata["score"]
    assert score > 0
    assert metadata == {
        "method": "input-gradient",
        "parameters": {"seed": 0},
        "against": {"kind": "background"},
        "target": {"kind": "pixel", "y_px": 30, "x_px": 12},
        "layer": 0,
        "decoder": 0,
        "turn": 0,
        "class": "C",
        "position": [30, 12],
        "score": score,
        "probability": pytest.approx(1 / (1 + math.exp(-score))),
        "done": 1.0,
        "figures": {},
        "model": "two-faced",
        "weights_sha256": read_card(model).weights_sha256,
        "image": "spots",
        "image_sha256": pixels_sha256(spots().data[0]),
        "frame": 0,
        "pixel_size_A": 0.2,
    }
    json.dumps(metadata)


def test_the_class_is_the_atoms_species_or_the_most_probable(tmp_path):
    model = save_two_faced(tmp_path / "two", names=("W", "S"))
    given = table((0, 0, 10, 20)).assign(species="S")
    assert heatmap(model, spots(), target=AtomTarget(10, 20), atoms=given).metadata["class"] == "S"
    assert heatmap(model, spots(), target=PixelTarget(10, 20), atoms=given).metadata["class"] == "W"
    failed = error(model, spots(), target=AtomTarget(10, 20), atoms=given.assign(species="Mo"))
    assert isinstance(failed, TargetError)
    assert "Mo" in failed.message
    assert "W, S" in failed.remedy


def test_the_file_holds_the_map_and_its_metadata(model, tmp_path):
    out = tmp_path / "new" / "heat.tif"
    _, ended = run(model, spots(), target=AtomTarget(10, 20), out=out)
    assert ended.result.paths == {"heatmap": str(out)}
    with tifffile.TiffFile(out) as tif:
        data, (described,) = tif.asarray(), tif.shaped_metadata
    assert data.dtype == np.float32
    np.testing.assert_array_equal(data, ended.result.value.data)
    assert ended.result.value.metadata.items() <= described.items()
    assert read_image(out).stack.pixel_size == 0.2


def test_an_image_without_a_pixel_size_can_have_its_pixels_explained(model, tmp_path):
    out = tmp_path / "heat.tif"
    found = heatmap(model, spots(pixel_size=None), layer=1, target=PixelTarget(20, 30), out=out)
    assert found.metadata["decoder"] == 1
    assert read_image(out).stack.pixel_size is None
    assert isinstance(error(model, spots(pixel_size=None), target=AtomTarget(20, 30)), CalibrationError)


def test_progress_grows(model):
    events, _ = run(model, spots(), target=AtomTarget(10, 20))
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] <= fractions[-1] < 1


def test_an_atom_beyond_the_tolerance_is_refused_and_the_nearest_is_named(model):
    failed = error(model, spots(), target=AtomTarget(10, 30))
    assert isinstance(failed, TargetError)
    assert "within 1 Å" in failed.message
    assert "nearest is 2.00 Å away, at y = 10.0, x = 20.0" in failed.message


def test_a_layer_without_atoms_is_named(model):
    failed = error(model, spots(), layer=1, target=AtomTarget(10, 20), atoms=table((0, 0, 10, 20)))
    assert isinstance(failed, TargetError)
    assert "Layer 1 has no atom" in failed.message


@pytest.mark.parametrize("layer", [-1, 2])
def test_a_layer_that_the_model_lacks_is_refused_and_those_it_has_are_listed(model, layer):
    failed = error(model, spots(), layer=layer, target=PixelTarget(1, 1))
    assert isinstance(failed, TargetError)
    assert "from 0 to 1" in failed.remedy


@pytest.mark.parametrize("frame", [-1, 2])
def test_a_frame_that_the_stack_lacks_is_refused(model, frame):
    failed = error(model, spots(frames=2), frame=frame, target=PixelTarget(1, 1))
    assert isinstance(failed, TargetError)
    assert "from 0 to 1" in failed.remedy


def test_a_position_outside_the_image_is_refused(model):
    assert isinstance(error(model, spots(), target=PixelTarget(40, 1)), TargetError)


def test_a_bad_image_is_refused(model):
    constant = ImageStack(np.ones((1, 40, 50), np.float32), 0.2, "flat")
    assert isinstance(error(model, constant, target=PixelTarget(1, 1)), ImageError)


def test_a_missing_model_is_refused(tmp_path):
    assert isinstance(error(tmp_path / "nothing", spots(), target=PixelTarget(1, 1)), BundleError)


def test_a_folder_as_output_is_refused_before_any_work(model, tmp_path):
    events, ended = run(model, spots(), target=AtomTarget(10, 20), out=tmp_path)
    assert isinstance(ended.error, OutputError)
    assert not any(isinstance(event, Progress) for event in events)


def test_an_output_that_cannot_be_written_is_named(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    failed = error(model, spots(), target=PixelTarget(1, 1), out=tmp_path / "file" / "heat.tif")
    assert isinstance(failed, OutputError)
    assert "heat.tif" in failed.message


@pytest.mark.parametrize("kind", [RuntimeError, torch.OutOfMemoryError])
def test_an_error_of_torch_ends_the_job_as_failed(model, kind, monkeypatch):
    def fail(*_args):
        raise kind("no")

    monkeypatch.setattr(Network, "forward", fail)
    assert isinstance(error(model, spots(), target=PixelTarget(1, 1), atoms=table((0, 0, 10, 20))), kind)


def test_a_stop_during_the_prediction_leaves_nothing(model, tmp_path):
    control, out = JobControl(), tmp_path / "heat.tif"
    inquiry = Inquiry(model, spots(), Question(AtomTarget(10, 20), 0), GRADIENT)
    for event in explain(control, inquiry, out=out):
        if isinstance(event, Progress):
            control.request_stop()
    assert event.reason is FinishReason.CANCELED
    assert event.result is None
    assert not out.exists()


def test_a_stop_before_the_whole_was_looked_at_leaves_no_piece_of_a_map(model):
    config = ExplainConfig(method="occlusion", batch=1, device="cpu")
    for stopping, reason in ((1, FinishReason.CANCELED), (None, FinishReason.COMPLETED)):
        control, sketched = JobControl(), []
        inquiry = Inquiry(model, spots(), Question(PixelTarget(10, 20), 0), config, atoms=table((0, 0, 10, 20)))
        for event in explain(control, inquiry):
            sketched += [event.value] if isinstance(event, Sketched) else []
            if isinstance(event, Progress) and event.fraction > 0 and stopping:
                control.request_stop()
        assert (event.reason, bool(sketched)) == (reason, not stopping)
    assert all(one.covers for one in sketched)


def test_a_network_of_one_layer_needs_no_atoms_for_a_pixel(tmp_path, monkeypatch):
    monkeypatch.delattr("napari_strata.inference.predictor.Predictor.predict")
    config = ModelConfig(architecture="unet", layers=1)
    model = save_bright(tmp_path / "unet", architecture="unet", layers=config.layers, pixel_size=None)
    found = heatmap(model, spots(), target=PixelTarget(30, 12))
    assert found.metadata["decoder"] == 0
    assert found.data[30, 12] == found.data.max()


def test_the_first_batch_which_is_slower_than_any_other_tells_no_time(model, monkeypatch):
    monkeypatch.setattr("napari_strata.jobs.time_left.monotonic", itertools.count(0, 10).__next__)
    config = ExplainConfig(method="smooth-grad", samples=4, batch=1, device="cpu")
    events, _ = run(model, spots(), target=PixelTarget(10, 20), config=config, atoms=table((0, 0, 10, 20)))
    told = [event.seconds_left for event in events if isinstance(event, Progress) and event.fraction > 0]
    assert told == [None, 20, 10]  # of four batches, each of 10 s


def fractions(model, method, **options):
    config = ExplainConfig(method=method, samples=4, batch=1, device="cpu")
    events, _ = run(model, spots(), target=AtomTarget(10, 20), config=config, **options)
    return [round(event.fraction, 3) for event in events if isinstance(event, Progress)]


def test_progress_is_that_of_the_passes_where_nothing_has_to_be_searched(model):
    assert fractions(model, "smooth-grad", atoms=table((0, 0, 10, 20))) == [0, 0.25, 0.5, 0.75]


def test_a_search_is_a_small_part_of_the_work_where_many_passes_follow(model):
    parts = fractions(model, "smooth-grad")
    assert parts == sorted(parts)
    assert parts[-4:] == [0.2, 0.4, 0.6, 0.8]
