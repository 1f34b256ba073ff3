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


def test_every_kind_of_setting_is_written_with_what_was_drawn(tmp_path: Path):
    settings = {
        "material": "WSSe-alloy",
        "stacking": {"strain": (0.01, 0.01), "strain_field": (0.01, 0.01), "relaxation": (0.1, 0.1)},
        "defects": {
            "dopants": ["Mo for W 0.1"],
            "adatoms": ["Au 0.5"],
            "grain_boundaries": 1,
            "holes": (20, 20),
            "edges": 1,
            "vacuum": 1,
        },
        "probe": {"preset": "60 kV corrected"},
        "scan": {"drift": (0.1, 0.1)},
        "contamination": {"amorphous": (5, 5)},
        "detector": {"gain": (3, 3), "offset": (10, 10), "read_noise": (1, 1), "background": (0.1, 0.1)},
    }
    config = SimulationConfig.parse(settings)
    *_, last = simulate(JobControl(), config, count=1, size=64, pixel_size=0.2, seed=1, out=tmp_path)
    assert last.error is None
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert SimulationConfig.parse(truth["simulation"]) == config
    assert truth["classes"] == ["W", "Mo", "S", "Se/S", "Se", "Au"]
    (drawn,) = truth["images"]
    assert drawn["strain"][0] == [[pytest.approx(0.01), pytest.approx(0)], [pytest.approx(0), pytest.approx(0.01)]]
    assert drawn["dopants"] == {"Mo for W": 0.1}
    assert drawn["probe"]["voltage"] == 60
    assert np.linalg.norm(drawn["drift"]) == pytest.approx(0.1)
    assert drawn["detector"] == {"background": 0.1, "gain": 3, "offset": 10, "read_noise": 1}


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


def test_images_that_are_there_are_replaced_only_where_that_is_asked_for(tmp_path: Path):
    (tmp_path / "atoms.csv").write_text("mine")
    last = run(tmp_path)
    assert isinstance(last.error, OutputError)
    assert str(last.error) == (
        f"{tmp_path} holds atoms.csv already. Choose another folder, or allow to overwrite (--overwrite)."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["atoms.csv"]
    assert run(tmp_path, overwrite=True, count=1).error is None
    assert (tmp_path / "atoms.csv").read_text() != "mine"
