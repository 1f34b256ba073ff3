import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl
from napari_strata.errors import ConfigError, OutputError
from napari_strata.events import FinishReason, JobEnded, Progress, StateChanged
from napari_strata.io.images import read_image
from napari_strata.jobs.simulate import simulate


def run(out: Path, **changes: object) -> JobEnded:
    options = {"count": 2, "size": 48, "pixel_size": 0.2, "seed": 1, "out": out} | changes
    *_, last = simulate(JobControl(), SimulationConfig(material="WS2"), **options)
    return last


def test_images_labels_atoms_and_truth_agree(tmp_path: Path):
    last = run(tmp_path)
    images, labels = tifffile.imread(tmp_path / "images.tif"), tifffile.imread(tmp_path / "labels.tif")
    assert (images.shape, images.dtype) == ((2, 48, 48), np.float32)
    assert (labels.shape, labels.dtype) == ((2, 2, 48, 48), np.uint8)
    atoms = pd.read_csv(tmp_path / "atoms.csv")
    assert list(atoms) == ["image", "frame", "layer", "species", "y_px", "x_px", "y_A", "x_A"]
    assert len(atoms) == last.result.figures["atoms"]
    assert set(atoms["species"]) == {"W", "S"}
    assert atoms["y_A"].to_numpy() == pytest.approx(0.2 * atoms["y_px"].to_numpy(), abs=1e-6)
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert [image["pixel_size"] for image in truth["images"]] == [0.2, 0.2]
    assert {"twist", "dose"} <= set(truth["images"][0])


def test_the_images_carry_their_calibration(tmp_path: Path):
    run(tmp_path)
    assert read_image(tmp_path / "images.tif").stack.pixel_size == pytest.approx(0.2)


def test_an_image_depends_on_the_seed_and_its_index_alone(tmp_path: Path):
    run(tmp_path / "a", count=1)
    run(tmp_path / "b", count=3)
    a, b = (tifffile.imread(tmp_path / name / "images.tif") for name in "ab")
    assert np.array_equal(a.reshape(48, 48), b[0])
    assert not np.array_equal(b[0], b[1])


def test_a_stop_keeps_the_images_that_are_done(tmp_path: Path):
    run(tmp_path / "whole", count=3)
    control = JobControl()
    options = {"count": 3, "size": 48, "pixel_size": 0.2, "seed": 1, "out": tmp_path / "part"}
    for event in simulate(control, SimulationConfig(material="WS2"), **options):
        if isinstance(event, Progress) and "image 2" in event.message:
            control.request_stop()
        last = event
    assert last.reason is FinishReason.CANCELED
    assert last.result.figures["images"] == 2
    for name in ("images.tif", "labels.tif"):
        part, whole = (tifffile.imread(tmp_path / folder / name) for folder in ("part", "whole"))
        assert np.array_equal(part, whole[:2])
    assert set(pd.read_csv(tmp_path / "part" / "atoms.csv")["frame"]) == {0, 1}
    assert len(json.loads((tmp_path / "part" / "truth.json").read_text())["images"]) == 2


def test_a_stop_before_the_first_image_leaves_nothing(tmp_path: Path):
    control = JobControl()
    options = {"count": 3, "size": 48, "pixel_size": 0.2, "seed": 1, "out": tmp_path}
    for event in simulate(control, SimulationConfig(), **options):
        if isinstance(event, StateChanged):
            control.request_stop()
    assert (event.reason, event.result) == (FinishReason.CANCELED, None)
    assert not list(tmp_path.glob("*.*"))


@pytest.mark.parametrize("changes", [{"count": 0}, {"size": 4}, {"pixel_size": 0.0}, {"seed": -1}])
def test_numbers_out_of_range_are_refused_in_words(tmp_path: Path, changes: dict[str, object]):
    last = run(tmp_path, **changes)
    assert (last.reason, type(last.error)) == (FinishReason.FAILED, ConfigError)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    assert isinstance(run(tmp_path / "file").error, OutputError)
