import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_strata.config import InferenceConfig, ModelConfig, TrainConfig, TrainingConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import CalibrationError, DeviceError, ImageError, LabelsError, OutputError, TrainingError
from napari_strata.events import (
    BatchEnded,
    EpochEnded,
    FinishReason,
    JobEnded,
    JobEvent,
    PreviewReady,
    Progress,
    StateChanged,
    Warned,
)
from napari_strata.io.masks import read_masks
from napari_strata.jobs.predict import predict
from napari_strata.jobs.train import read_inputs, train, with_absolute_paths
from napari_strata.models.registry import load_network
from napari_strata.training.engine.validation import Scores
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.types import ImageStack

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

TINY = {"filters": [4, 8]}
BRIEF = {
    "time_limit": None,
    "epochs": 2,
    "steps_per_epoch": 3,
    "batch_size": 2,
    "patch_size": 32,
    "validation_crops": 4,
    "precision": "fp32",
    "device": "cpu",
}


def simulated(**training: object) -> TrainConfig:
    return TrainConfig.parse({"model": TINY, "training": BRIEF | training})


def run(config: TrainConfig, inputs: TrainInputs, control: JobControl | None = None) -> list[JobEvent]:
    return list(train(control or JobControl(), config, inputs))


def test_a_training_reports_every_batch_and_epoch_and_leaves_a_model(tmp_path: Path):
    *events, last = run(simulated(), TrainInputs(tmp_path))
    assert [e.step for e in events if isinstance(e, BatchEnded)] == [1, 2, 3, 4, 5, 6]
    assert [e.epoch for e in events if isinstance(e, EpochEnded)] == [1, 2]
    assert last.reason is FinishReason.COMPLETED
    assert last.result.figures["ended_by"] == "epochs"
    model = load_network(tmp_path)
    assert model.card.classes.names == ("C",)
    assert model.card.figures["validation_dice"] == last.result.figures["validation_dice"]
    assert TrainConfig.read(tmp_path / "config.yaml") == simulated()


def test_the_card_tells_what_the_simulated_crystals_looked_like(tmp_path: Path):
    run(simulated(patch_size=64, validation_crops=8), TrainInputs(tmp_path))
    seen = load_network(tmp_path).card.seen
    assert seen.window == 64
    low, high = seen.spacing
    assert 8 < low < high < 14  # rows of graphene are 2.13 Å apart, here 0.2 Å/px, the scale varied by 20 %


def test_the_record_of_a_run_can_be_read_back(tmp_path: Path):
    run(simulated(), TrainInputs(tmp_path))
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert sum(e["event"] == "BatchEnded" for e in events) == 6
    assert (events[-1]["event"], events[-1]["reason"], events[-1]["error"]) == ("JobEnded", "completed", None)
    with (tmp_path / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert float(history[1]["validation_loss"]) > 0


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_two_runs_of_one_seed_give_the_same_weights(tmp_path: Path, dropout: float):
    states = []
    config = TrainConfig.parse({"model": TINY | {"dropout": dropout}, "training": BRIEF})
    for name in ("a", "b"):
        torch.manual_seed(ord(name))
        run(config, TrainInputs(tmp_path / name))
        states.append(load_network(tmp_path / name).network.state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_training_leaves_the_global_random_state_alone(tmp_path: Path):
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    run(simulated(), TrainInputs(tmp_path))
    assert torch.equal(torch.rand(3), expected)


def test_a_stopped_training_keeps_the_weights_so_far(tmp_path: Path):
    control = JobControl()
    seen = []
    for event in train(control, simulated(epochs=1000), TrainInputs(tmp_path)):
        seen.append(event)
        if isinstance(event, BatchEnded) and event.step == 2:
            control.request_stop()
    last = seen[-1]
    assert last.reason is FinishReason.CANCELED
    assert (last.result.figures["steps"], last.result.figures["ended_by"]) == (2, "stop")
    assert load_network(tmp_path).card.figures["step"] == 2


def test_a_training_stopped_while_preparing_leaves_nothing(tmp_path: Path):
    control = JobControl()
    events = train(control, simulated(), TrainInputs(tmp_path))
    assert next(events) == StateChanged(JobState.PREPARING)
    control.request_stop()
    *_, last = events
    assert last == JobEnded(FinishReason.CANCELED)
    assert not tmp_path.exists()


def test_a_reached_time_limit_completes_the_training(tmp_path: Path):
    *_, last = run(simulated(epochs=100_000, time_limit=0.01), TrainInputs(tmp_path))
    assert last.reason is FinishReason.COMPLETED
    assert last.result.figures["ended_by"] == "time limit"


def test_the_preview_has_the_shape_of_the_image(tmp_path: Path):
    image = ImageStack(np.random.default_rng(0).random((1, 50, 70)), 0.1, "view")
    events = run(simulated(preview_interval=0.1), TrainInputs(tmp_path, preview=image))
    previews = [e for e in events if isinstance(e, PreviewReady)]
    assert previews[0].probabilities.shape == (2, 2, 50, 70)
    assert np.abs(previews[0].probabilities.sum(axis=1) - 1).max() < 1e-5


def scores_of(monkeypatch, *losses: float) -> None:
    """Let validation give such losses, epoch by epoch."""
    remaining = iter(losses)
    monkeypatch.setattr(
        "napari_strata.training.engine.loop.validate", lambda *_args: Scores(next(remaining), dice=None)
    )


def test_the_weights_of_the_best_validation_are_kept(tmp_path: Path, monkeypatch):
    scores_of(monkeypatch, 1.0, 0.5, 0.8)
    events = run(simulated(epochs=3, steps_per_epoch=2), TrainInputs(tmp_path))
    assert [e.is_best for e in events if isinstance(e, EpochEnded)] == [True, True, False]
    assert load_network(tmp_path).card.figures["step"] == 4


def test_weights_that_validate_as_not_finite_replace_no_good_ones(tmp_path: Path, monkeypatch):
    scores_of(monkeypatch, 1.0, float("nan"))
    *_, last = run(simulated(epochs=3, steps_per_epoch=2), TrainInputs(tmp_path))
    assert isinstance(last.error, TrainingError)
    assert "held-out data became nan at step 4" in str(last.error)
    assert load_network(tmp_path).card.figures["step"] == 2


def test_weights_that_are_not_finite_are_not_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        "torch.optim.AdamW.step",
        lambda self: [p.data.fill_(float("inf")) for group in self.param_groups for p in group["params"]],
    )
    *_, last = run(simulated(epochs=1, steps_per_epoch=1), TrainInputs(tmp_path))
    assert isinstance(last.error, TrainingError)
    assert "weights became" in str(last.error)
    assert not (tmp_path / "model").exists()


def test_a_loss_that_is_not_finite_stops_the_training_with_a_reason(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        "napari_strata.training.engine.optimizer.assignment_loss",
        lambda logits, *args, **kwargs: logits.sum() * float("nan"),
    )
    *_, last = run(simulated(), TrainInputs(tmp_path))
    assert last.reason is FinishReason.FAILED
    assert isinstance(last.error, TrainingError)
    assert "nan at step 1" in str(last.error)
    ending = json.loads((tmp_path / "events.jsonl").read_text().splitlines()[-1])
    assert (ending["event"], ending["reason"]) == ("JobEnded", "failed")
    assert "nan at step 1" in ending["error"]


def test_a_folder_that_holds_a_run_is_left_alone(tmp_path: Path):
    run(simulated(), TrainInputs(tmp_path))
    before = load_network(tmp_path).card
    *_, last = run(simulated(seed=1), TrainInputs(tmp_path))
    assert isinstance(last.error, OutputError)
    assert "holds a training run already" in str(last.error)
    assert load_network(tmp_path).card == before


def test_a_training_that_is_refused_leaves_its_folder_to_the_next(tmp_path: Path, monkeypatch):
    def no_cuda(_config: TrainingConfig) -> None:
        raise DeviceError("There is no cuda device on this machine.", remedy="Choose cpu.")

    with monkeypatch.context() as patched:
        patched.setattr("napari_strata.training.machine.fabric.make_fabric", no_cuda)
        *_, last = run(simulated(), TrainInputs(tmp_path / "run"))
    assert isinstance(last.error, DeviceError)
    assert not (tmp_path / "run").exists()
    *_, last = run(simulated(), TrainInputs(tmp_path / "run"))
    assert last.reason is FinishReason.COMPLETED


def test_a_stop_before_the_first_step_leaves_no_path_to_a_model(tmp_path: Path):
    control = JobControl()
    for event in train(control, simulated(), TrainInputs(tmp_path)):
        if event == StateChanged(JobState.RUNNING):
            control.request_stop()
    assert event == JobEnded(FinishReason.CANCELED)


def test_a_pixel_size_that_makes_no_sense_is_refused_before_anything_is_enlarged(tmp_path: Path):
    image = ImageStack(np.random.default_rng(0).random((1, 50, 70)), 5000.0, "view")
    *_, last = run(simulated(), TrainInputs(tmp_path, preview=image))
    assert isinstance(last.error, CalibrationError)


def test_paths_in_a_configuration_become_absolute(tmp_path: Path):
    config = with_absolute_paths(labelled(), tmp_path)
    assert config.data.images == (tmp_path / "i",)
    assert with_absolute_paths(config, tmp_path / "elsewhere") == config


def test_a_run_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    *_, last = run(simulated(), TrainInputs(tmp_path / "file"))
    assert isinstance(last.error, OutputError)


def painted(frames: int) -> TrainInputs:
    """Bright squares on a dark ground; two strokes per slice tell them apart."""
    rng = np.random.default_rng(0)
    truth = np.zeros((frames, 64, 64), dtype=np.uint8)
    truth[:, 16:48, 16:48] = 1
    image = (truth + rng.normal(0, 0.1, truth.shape)).astype(np.float32)
    labels = np.zeros((frames, 1, 64, 64), dtype=np.uint8)
    labels[:, 0, 20:24, 20:44] = 2
    labels[:, 0, 4:8, 4:60] = 1
    return TrainInputs(Path(), (ImageStack(image, None, "squares"),), (labels,))


def labelled(**training: object) -> TrainConfig:
    return TrainConfig.parse(
        {
            "model": TINY | {"architecture": "unet", "layers": 1, "pixel_size": None},
            "data": {"source": "labels", "images": ["i"], "labels": ["l"], "classes": ["square"]},
            "training": BRIEF | training,
        }
    )


def test_a_unet_learns_squares_from_a_few_strokes(tmp_path: Path):
    inputs = painted(3)
    inputs = TrainInputs(tmp_path, inputs.images, inputs.labels)
    run(labelled(epochs=10, steps_per_epoch=10, optimizer={"learning_rate": 0.02}), inputs)
    network = load_network(tmp_path).network
    image = torch.from_numpy(inputs.images[0].data[:1])[:, None]
    with torch.inference_mode():
        square = network((image - image.mean()) / image.std())[0, 0].argmax(0).numpy()
    truth = np.zeros((64, 64))
    truth[16:48, 16:48] = 1
    assert (square == truth).mean() > 0.97


def test_a_gombnet_learns_to_tell_overlapping_layers_apart(tmp_path: Path):
    rng = np.random.default_rng(0)
    layers = np.zeros((4, 2, 64, 64), dtype=np.uint8)
    for frame in layers:  # bright squares in one layer, dark bars in the other, crossing each other
        y, x = rng.integers(4, 36, 2)
        frame[0, y : y + 24, x : x + 24] = 1
        frame[1, :, x + 8 : x + 16] = 1
    image = (2.0 * layers[:, 0] - layers[:, 1] + rng.normal(0, 0.1, (4, 64, 64))).astype(np.float32)
    config = labelled(epochs=10, steps_per_epoch=12, optimizer={"learning_rate": 0.02})
    config = config.model_copy(update={"model": ModelConfig(filters=(8, 16), pixel_size=None)})
    run(config, TrainInputs(tmp_path, (ImageStack(image, None, "crossed"),), (layers + 1,)))
    network = load_network(tmp_path).network
    with torch.inference_mode():
        found = network(torch.from_numpy((image - image.mean()) / image.std())[:, None]).argmax(2).numpy()
    right = [(found == truth).mean() for truth in (layers, layers[:, ::-1])]
    assert max(right) > 0.95
    assert min(right) < 0.9  # not both layers in both decoders


def test_a_gombnet_of_three_layers_learns_from_labels_and_predicts_three_masks(tmp_path: Path):
    rng = np.random.default_rng(0)
    layers = np.zeros((2, 3, 64, 64), dtype=np.uint8)
    layers[:, 0, 8:40, 8:40] = layers[:, 1, :, 24:36] = layers[:, 2, 44:56] = 1
    brightness = np.array([2.0, -1.0, 4.0])[:, None, None]
    image = (brightness * layers).sum(axis=1) + rng.normal(0, 0.1, (2, 64, 64))
    stack = ImageStack(image.astype(np.float32), None, "crossed")
    config = labelled(epochs=4, steps_per_epoch=6, optimizer={"learning_rate": 0.02})
    config = config.model_copy(update={"model": ModelConfig(layers=3, filters=(4, 8), pixel_size=None)})
    events = run(config, TrainInputs(tmp_path, (stack,), (layers + 1,)))
    losses = [event.train_loss for event in events if isinstance(event, EpochEnded)]
    assert losses[-1] < losses[0] - 0.1
    *_, last = predict(JobControl(), tmp_path, (stack,), InferenceConfig(device="cpu"))
    (masks,) = (prediction.masks for prediction in last.result.value)
    assert masks.shape == (2, 3, 64, 64)
    assert set(np.unique(masks)) == {1, 2}
    assert len({masks[:, layer].tobytes() for layer in range(3)}) == 3  # each decoder says something of its own


def strokes_of_a_viewer(out: Path) -> TrainInputs:
    """Strokes on frames 1 and 3 of a stack of five."""
    inputs = painted(2)
    return TrainInputs(out, inputs.images, inputs.labels, painted=Painted((1, 3), 5))


def test_what_was_painted_is_written_before_the_first_step(tmp_path: Path):
    inputs = strokes_of_a_viewer(tmp_path)
    job = train(JobControl(), labelled(), inputs)
    next(event for event in job if isinstance(event, Progress))
    masks = read_masks(tmp_path / "labels.tif")
    job.close()
    assert masks.shape == (5, 1, 64, 64)
    assert np.array_equal(masks[[1, 3]], inputs.labels[0])
    assert not masks[[0, 2, 4]].any()


def test_labels_of_files_are_not_written_again(tmp_path: Path):
    inputs = painted(2)
    run(labelled(), TrainInputs(tmp_path, inputs.images, inputs.labels))
    assert not (tmp_path / "labels.tif").exists()


def test_a_stop_before_the_first_step_leaves_what_was_painted_and_the_names_of_its_classes(tmp_path: Path):
    control = JobControl()
    for event in train(control, labelled(), strokes_of_a_viewer(tmp_path / "run")):
        if event == StateChanged(JobState.RUNNING):
            control.request_stop()
    assert event == JobEnded(FinishReason.CANCELED)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"labels.tif", "inputs", "config.yaml"}


def test_labels_that_cannot_be_written_end_the_training_with_a_reason(tmp_path: Path, monkeypatch):
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tifffile.imwrite", full)
    *_, last = run(labelled(), strokes_of_a_viewer(tmp_path))
    assert isinstance(last.error, OutputError)
    assert "labels.tif cannot be written (No space left on device)" in str(last.error)


def test_one_slice_of_near_strokes_keeps_averaged_weights_and_says_so(tmp_path: Path):
    inputs = painted(1)
    events = run(labelled(), TrainInputs(tmp_path, inputs.images, inputs.labels))
    assert any(isinstance(e, Warned) and "no held-out data" in e.message for e in events)
    epochs = [e for e in events if isinstance(e, EpochEnded)]
    assert [(e.validation_dice, e.is_best) for e in epochs] == [(None, True), (None, True)]
    assert "no held-out data" in load_network(tmp_path).card.trained_on


def test_labels_without_paint_fail_in_words_before_anything_is_trained(tmp_path: Path):
    inputs = painted(1)
    *_, last = run(labelled(), TrainInputs(tmp_path, inputs.images, (np.zeros_like(inputs.labels[0]),)))
    assert isinstance(last.error, LabelsError)


def test_an_image_with_nan_fails_in_words(tmp_path: Path):
    inputs = painted(1)
    data = inputs.images[0].data.copy()
    data[0, 0, 0] = np.nan
    *_, last = run(labelled(), TrainInputs(tmp_path, (ImageStack(data, None, "squares"),), inputs.labels))
    assert isinstance(last.error, ImageError)


def test_atom_tables_among_the_label_files_become_masks(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((16, 20)))
    (tmp_path / "a.csv").write_text("image,frame,layer,species,y_px,x_px,y_A,x_A\na,0,0,W,5,7,,\n")
    data = {
        "source": "labels",
        "images": ["a.npy"],
        "labels": ["a.csv"],
        "classes": ["W"],
        "image_pixel_size": 0.5,
    }
    config = TrainConfig.parse({"model": TINY | {"architecture": "unet", "layers": 1}, "data": data})
    (labels,) = read_inputs(with_absolute_paths(config, tmp_path), out=tmp_path / "run").labels
    assert np.bincount(labels.ravel()).tolist() == [0, 315, 5]
    assert labels[0, 0, 5, 7] == 2


def test_a_training_that_gets_no_better_ends_early_and_says_so(tmp_path: Path, monkeypatch):
    scores_of(monkeypatch, 1.0, 2.0, 2.0)
    *_, last = run(simulated(epochs=100, steps_per_epoch=1, patience=2), TrainInputs(tmp_path))
    assert last.reason is FinishReason.COMPLETED
    assert (last.result.figures["steps"], last.result.figures["ended_by"]) == (3, "no better score for 2 epochs")


def scores_with_swa(out: Path, seed: int) -> tuple[float, float]:
    """Return the loss and the Dice on held-out crystals of a short training at a high rate."""
    config = simulated(
        seed=seed,
        epochs=4,
        steps_per_epoch=4,
        schedule={"kind": "constant"},
        averaging={"kind": "swa", "swa_start": 0.2},
        optimizer={"name": "adam", "learning_rate": 0.3},
    )
    *_, last = run(config, TrainInputs(out))
    return last.result.figures["validation_loss"], last.result.figures["validation_dice"]


@pytest.mark.parametrize("seed", range(4))
def test_swa_is_better_with_batch_norm_statistics_of_its_own_than_without(tmp_path: Path, monkeypatch, seed: int):
    loss, dice = scores_with_swa(tmp_path / "with", seed)
    monkeypatch.setattr("napari_strata.training.engine.averaging.AveragedWeights.settle", lambda *_args: None)
    loss_without, dice_without = scores_with_swa(tmp_path / "without", seed)
    assert loss < loss_without
    assert dice > dice_without
    assert dice > 0.45
