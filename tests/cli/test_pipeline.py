"""The whole job from the terminal, with the real jobs and a network that is too small to be good."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import yaml

from napari_strata.cli import main
from napari_strata.io.atom_tables import TRUTH_COLUMNS, read_atoms
from napari_strata.types import ATOM_COLUMNS

Strata = Callable[..., Any]
SIZE = 64
COMMAND = (sys.executable, "-c", "import sys; from napari_strata.cli import main; sys.exit(main())")


def write_config(path: Path, *, epochs: int) -> Path:
    training = {"epochs": epochs, "steps_per_epoch": 2, "batch_size": 2, "patch_size": 32, "validation_crops": 2}
    training |= {"device": "cpu", "precision": "fp32", "time_limit": 1}
    config = {"name": "tiny", "model": {"filters": [4, 8]}, "training": training}
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two simulated images in ``sim`` and a trained model in ``run``."""
    folder = tmp_path_factory.mktemp("pipeline")
    assert main(["simulate", str(folder / "sim"), "--images", "2", "--size", str(SIZE), "--seed", "3"]) == 0
    config = write_config(folder / "tiny.yaml", epochs=2)
    assert main(["train", str(config), "--out", str(folder / "run")]) == 0
    return folder


def test_simulate_writes_images_labels_atoms_and_truth(folder: Path) -> None:
    sim = folder / "sim"
    assert tifffile.imread(sim / "images.tif").shape == (2, SIZE, SIZE)
    assert tifffile.imread(sim / "images.tif").dtype == np.float32
    assert tifffile.imread(sim / "labels.tif").shape == (2, 2, SIZE, SIZE)
    assert tuple(read_atoms(sim / "atoms.csv").columns) == TRUTH_COLUMNS
    truth = json.loads((sim / "truth.json").read_text())
    assert [image["pixel_size"] for image in truth["images"]] == [0.2, 0.2]


def test_train_leaves_a_run_folder(folder: Path) -> None:
    names = {path.name for path in (folder / "run").iterdir()}
    assert {"config.yaml", "events.jsonl", "history.csv", "model"} <= names


def test_crystals_are_simulated_while_it_trains_and_never_written(folder: Path) -> None:
    written = {path.suffix for path in (folder / "run").rglob("*")}
    assert not written & {".tif", ".tiff", ".npy", ".npz", ".png", ".h5", ".zarr"}


def test_predict_takes_the_pixel_size_from_the_file(strata: Strata, folder: Path) -> None:
    call = strata("predict", folder / "run", folder / "sim/images.tif", "--out", folder / "pred", "--json")
    assert call.code == 0, call.err
    assert tifffile.imread(folder / "pred/images_masks.tif").shape == (2, 2, SIZE, SIZE)
    probabilities = tifffile.imread(folder / "pred/images_probabilities.tif")
    assert probabilities.shape == (2, 2, 2, SIZE, SIZE)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    masks = folder / "pred/images_masks.tif"
    scores = strata("evaluate", "--masks", masks, "--truth", folder / "sim/labels.tif", "--json").report
    assert 0 <= scores["figures"]["iou"] <= 1


def test_atoms_follow_the_contract_and_can_be_scored(strata: Strata, folder: Path) -> None:
    table = folder / "atoms.csv"
    call = strata("atoms", folder / "run", folder / "sim/images.tif", "--out", table, "--json")
    assert call.code == 0, call.err
    atoms = read_atoms(table)
    assert tuple(atoms.columns) == (*ATOM_COLUMNS, "flag")
    assert call.report["figures"]["flags"].get("border", 0) == (atoms["flag"] == "border").sum()
    assert set(atoms["image"]) == {"images"}
    assert set(atoms["frame"]) == {0, 1}
    np.testing.assert_allclose(atoms["y_A"], atoms["y_px"] * 0.2, atol=1e-5)
    scores = strata("evaluate", "--atoms", table, "--truth", folder / "sim/atoms.csv", "--json").report
    assert scores["figures"]["found"] == len(atoms)


@pytest.mark.parametrize("method", ["grad-cam", "input-gradient"])
def test_explain_writes_a_heatmap_on_the_image_s_grid(strata: Strata, folder: Path, method: str) -> None:
    out = folder / f"{method}.tif"
    words = ("explain", folder / "run", folder / "sim/images.tif", "--at", "30,31", "--target", "pixel")
    call = strata(*words, "--frame", 1, "--layer", 1, "--method", method, "--out", out, "--json")
    assert call.code == 0, call.err
    assert call.report["paths"] == {method: str(out)}
    heatmap = tifffile.imread(out)
    assert heatmap.shape == (SIZE, SIZE)
    assert np.isfinite(heatmap).all()


@pytest.mark.parametrize(
    "words", [("--at", "300,3"), ("--at", "3,3", "--frame", 2), ("--at", "3,3", "--layer", 2)]
)
def test_a_target_that_does_not_exist_fails(strata: Strata, folder: Path, words: tuple[object, ...]) -> None:
    paths = (folder / "run", folder / "sim/images.tif", "--out", folder / "no.tif", "--target", "pixel")
    call = strata("explain", *paths, *words, "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "TargetError"


def test_an_image_without_a_pixel_size_is_asked_for_one(strata: Strata, folder: Path) -> None:
    np.save(folder / "bare.npy", tifffile.imread(folder / "sim/images.tif")[0])
    words = ("atoms", folder / "run", folder / "bare.npy", "--out", folder / "bare.csv", "--json")
    call = strata(*words)
    assert call.code == 1
    assert call.report["error"]["type"] == "CalibrationError"
    assert "--pixel-size" in call.err
    assert strata(*words, "--pixel-size", 0.2).code == 0


def test_a_model_that_is_none_fails_with_the_remedy(strata: Strata, folder: Path) -> None:
    call = strata("predict", folder / "sim", folder / "sim/images.tif", "--out", folder / "no", "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "BundleError"


def test_a_constant_image_fails_with_its_name(strata: Strata, folder: Path) -> None:
    np.save(folder / "flat.npy", np.ones((32, 32)))
    words = ("predict", folder / "run", folder / "flat.npy", "--out", folder / "no", "--pixel-size", 0.2)
    call = strata(*words, "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "ImageError"
    assert "flat" in call.report["error"]["message"]


def test_an_output_that_cannot_be_written_fails_with_its_path(strata: Strata, folder: Path) -> None:
    out = folder / "tiny.yaml" / "pred"
    call = strata("predict", folder / "run", folder / "sim/images.tif", "--out", out, "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "OutputError"
    assert str(out) in call.report["error"]["message"]


def test_a_reached_time_limit_is_success(strata: Strata, folder: Path) -> None:
    config = write_config(folder / "long.yaml", epochs=100_000)
    call = strata("train", config, "--out", folder / "limited", "--time-limit", 0.02, "--json")
    assert call.code == 0
    assert call.report["finish_reason"] == "completed"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_training_and_keeps_its_best_weights(
    folder: Path, number: signal.Signals, code: int
) -> None:
    config = write_config(folder / "endless.yaml", epochs=100_000)
    run = folder / f"run-{code}"
    words = (*COMMAND, "train", str(config), "--out", str(run), "--json")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(run / "model" / "card.yaml", process)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == code
    report = json.loads(out.splitlines()[-1])
    assert report["finish_reason"] == "canceled"
    assert report["paths"]["model"] == str(run / "model")
    assert list((run / "model").glob("*.safetensors"))


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)
