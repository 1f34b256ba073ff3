"""How words become the arguments of a job; the jobs are replaced by one that remembers them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image

from microscope_files import write_dm
from napari_strata.config import AtomsConfig, ExplainConfig, InferenceConfig, TrainConfig
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.io.images import write_images
from napari_strata.jobs.explanation_files import ExplanationFiles
from recorder import Recorder

Strata = Callable[..., Any]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "moire.tif"
    write_images(np.random.default_rng(0).random((3, 16, 16), np.float32), path, pixel_size=0.2)
    return path


def test_train_options_win_over_the_configuration(strata: Strata, recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("name: mine\ntraining: {time_limit: 9, seed: 5}\n")
    strata("train", tmp_path / "train.yaml", "--out", tmp_path / "run", "--device", "cpu", "--time-limit", 0.5)
    config, inputs = recorder.args
    assert isinstance(config, TrainConfig)
    assert (config.name, config.training.seed) == ("mine", 5)
    assert (config.training.device, config.training.time_limit) == ("cpu", 0.5)
    assert inputs.out == tmp_path / "run"


def test_train_without_options_keeps_the_configuration(strata: Strata, recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("training: {time_limit: 9}\n")
    strata("train", tmp_path / "train.yaml", "--out", tmp_path / "run")
    assert recorder.args[0].training.time_limit == 9


def test_epochs_given_as_an_option_are_not_ended_by_a_time_limit_that_nobody_named(
    strata: Strata, recorder: Recorder, tmp_path: Path
) -> None:
    (tmp_path / "train.yaml").write_text("training: {seed: 5}\n")
    strata("train", tmp_path / "train.yaml", "--out", tmp_path / "run", "--epochs", 30)
    training = recorder.args[0].training
    assert (training.seed, training.epochs, training.time_limit) == (5, 30, None)


def test_train_reads_labels_relative_to_the_configuration(
    strata: Strata, recorder: Recorder, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(image.parent / "labels.tif", np.ones((3, 16, 16), np.uint8), photometric="minisblack")
    data = {"source": "labels", "images": ["moire.tif"], "labels": ["labels.tif"], "classes": ["C"]}
    model = {"architecture": "unet", "layers": 1}
    (image.parent / "train.yaml").write_text(yaml.safe_dump({"data": data, "model": model}))
    monkeypatch.chdir("/")
    assert strata("train", image.parent / "train.yaml", "--out", image.parent / "run").code == 0
    inputs = recorder.args[1]
    assert inputs.images[0].pixel_size == 0.2
    assert inputs.labels[0].shape == (3, 1, 16, 16)


def test_predict_reads_every_frame_of_every_image(strata: Strata, recorder: Recorder, image: Path) -> None:
    np.save(image.parent / "other.npy", np.ones((8, 9)))
    call = strata("predict", "MODEL", image, image.parent / "other.npy", "--out", "DIR", "--tile-size", 128)
    assert call.code == 0
    model, stacks, config = recorder.args
    assert model == Path("MODEL")
    assert [(s.name, s.data.shape, s.pixel_size) for s in stacks] == [
        ("moire", (3, 16, 16), 0.2),
        ("other", (1, 8, 9), None),
    ]
    assert config == InferenceConfig(tile_size=128)
    assert recorder.kwargs == {"out": Path("DIR"), "overwrite": False}


def test_a_typed_pixel_size_wins_with_a_warning(strata: Strata, recorder: Recorder, image: Path) -> None:
    call = strata("predict", "MODEL", image, "--out", "DIR", "--pixel-size", 0.3, "--json")
    assert recorder.args[1][0].pixel_size == 0.3
    assert call.err == "Warning: moire.tif: the pixel size given, 0.3 Å, is used; the file says 0.2 Å.\n"
    assert call.report["finish_reason"] == "completed"


def test_a_colour_picture_fails_unless_grey_is_asked_for(
    strata: Strata, recorder: Recorder, tmp_path: Path
) -> None:
    np.save(tmp_path / "rgb.npy", np.zeros((8, 9, 3), np.uint8))
    call = strata("predict", "MODEL", tmp_path / "rgb.npy", "--out", "DIR")
    assert call.code == 1
    assert "--to-grey" in call.err
    assert strata("predict", "MODEL", tmp_path / "rgb.npy", "--out", "DIR", "--to-grey").code == 0


def test_atoms_pass_on_what_to_fit_them_to(strata: Strata, recorder: Recorder, image: Path) -> None:
    strata("atoms", "MODEL", image, "--refine", "image", "--pixel-size", 0.2)
    assert recorder.args[3] == AtomsConfig(refine="image")
    assert strata("atoms", "MODEL", image, "--refine", "guess", "--pixel-size", 0.2).code == 2


def test_atoms_pass_on_their_thresholds(strata: Strata, recorder: Recorder, image: Path) -> None:
    options = ("--min-distance", 1.1, "--min-probability", 0.7, "--device", "cpu", "--pixel-size", 0.2)
    call = strata("atoms", "MODEL", image, "--out", "atoms.csv", *options, "--json")
    assert recorder.args[2:] == (
        InferenceConfig(device="cpu"),
        AtomsConfig(min_distance=1.1, min_probability=0.7),
    )
    assert recorder.kwargs == {"out": Path("atoms.csv"), "overwrite": False}
    assert call.report["figures"] == {"atoms": 3}


def test_atoms_pass_on_what_tells_species_apart_and_need_no_file(
    strata: Strata, recorder: Recorder, image: Path
) -> None:
    options = ("--species", "intensity", "--components", 2, "--candidates", "--pixel-size", 0.2)
    call = strata("atoms", "MODEL", image, *options)
    assert call.code == 0
    assert recorder.args[3] == AtomsConfig(species="intensity", components=2, candidates=True)
    assert recorder.kwargs == {"out": None, "overwrite": False}


def test_explain_looks_at_the_nearest_atom_unless_told_otherwise(
    strata: Strata, recorder: Recorder, image: Path
) -> None:
    options = ("--at", "3.5, 4", "--layer", 1, "--frame", 2, "--method", "input-gradient", "--tolerance", 0.7)
    assert strata("explain", "MODEL", image, "--out", "heat.tif", *options).code == 0
    (inquiry,) = recorder.args
    assert (inquiry.image.name, inquiry.frame) == ("moire", 2)
    assert (inquiry.question.target, inquiry.question.layer) == (AtomTarget(3.5, 4.0), 1)
    assert (inquiry.question.species, inquiry.question.against) == (None, None)
    assert inquiry.config == ExplainConfig(tolerance=0.7)
    assert (inquiry.inference, inquiry.locating) == (InferenceConfig(), AtomsConfig())
    assert recorder.kwargs == {
        "methods": ["input-gradient"],
        "files": ExplanationFiles(Path("heat.tif")),
        "judging": None,
        "earlier": None,
    }


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    path = tmp_path / "analysis.yaml"
    path.write_text(
        "inference: {align_layers: false, tile_size: 1024}\n"
        "atoms: {refinement_radius: 0.4, min_distance: 2}\n"
        "explain: {target_radius: 0.8, method: input-gradient}\n"
    )
    return path


def test_one_file_configures_predict_atoms_and_explain_and_options_win(
    strata: Strata, recorder: Recorder, image: Path, analysis: Path
) -> None:
    words = ("MODEL", image, "--out", "OUT", "--config", analysis)
    assert strata("predict", *words, "--device", "cpu").code == 0
    assert recorder.args[2] == InferenceConfig(align_layers=False, tile_size=1024, device="cpu")
    assert strata("atoms", *words, "--min-distance", 1.1, "--peaks", "elliptical", "--tile-size", 128).code == 0
    assert recorder.args[2:] == (
        InferenceConfig(align_layers=False, tile_size=128),
        AtomsConfig(refinement_radius=0.4, min_distance=1.1, peaks="elliptical"),
    )
    assert strata("explain", *words, "--at", "3,4", "--method", "grad-cam").code == 0
    assert recorder.kwargs["methods"] == ["grad-cam"]
    assert recorder.args[0].config == ExplainConfig(target_radius=0.8, method="input-gradient")
    assert recorder.args[0].locating == AtomsConfig(refinement_radius=0.4, min_distance=2)


@pytest.mark.parametrize("command", ["predict", "atoms", "explain"])
def test_an_unknown_section_fails_with_its_name(
    strata: Strata, recorder: Recorder, image: Path, command: str
) -> None:
    (image.parent / "wrong.yaml").write_text("tiles: 3\n")
    position = ("--at", "1,2") if command == "explain" else ()
    words = (command, "MODEL", image, "--out", "OUT", *position, "--config", image.parent / "wrong.yaml")
    call = strata(*words, "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "ConfigError"
    assert "tiles" in call.err
    assert "inference, atoms, explain" in call.err


def test_explain_takes_a_pixel(strata: Strata, recorder: Recorder, image: Path) -> None:
    strata("explain", "MODEL", image, "--out", "heat.tif", "--at", "3.6,4", "--target", "pixel")
    assert recorder.args[0].question.target == PixelTarget(4, 4)


def test_explain_takes_a_region_from_a_mask_of_any_type(strata: Strata, recorder: Recorder, image: Path) -> None:
    mask = np.zeros((16, 16), bool)
    mask[3:5] = True
    np.save(image.parent / "region.npy", mask)
    words = ("explain", "MODEL", image, "--out", "heat.tif", "--target", "region")
    assert strata(*words, "--region", image.parent / "region.npy").code == 0
    np.testing.assert_array_equal(recorder.args[0].question.target.mask, mask)
    picture = Image.fromarray(mask.astype(np.uint8)).convert("P")
    picture.putpalette([9, 9, 9, 128, 0, 0])
    picture.save(image.parent / "region.png")
    assert strata(*words, "--region", image.parent / "region.png").code == 0
    np.testing.assert_array_equal(recorder.args[0].question.target.mask, mask)
    call = strata(*words, "--region", image.parent / "no.npy", "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "TargetError"


def test_a_configuration_with_an_unknown_field_fails_with_its_name(strata: Strata, tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("zeal: 1\n")
    call = strata("train", tmp_path / "train.yaml", "--out", tmp_path / "run", "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "ConfigError"
    assert "zeal" in call.report["error"]["message"]
    assert "Known fields here are name, model, data, training." in call.err
    assert not (tmp_path / "run").exists()


def test_a_configuration_that_is_not_there_fails_with_its_path(strata: Strata, tmp_path: Path) -> None:
    call = strata("train", tmp_path / "no.yaml", "--out", tmp_path / "run")
    assert call.code == 1
    assert "no.yaml cannot be read" in call.err


def test_a_missing_image_fails_with_its_path(strata: Strata, tmp_path: Path) -> None:
    call = strata("predict", "MODEL", tmp_path / "no.tif", "--out", tmp_path, "--json")
    assert call.code == 1
    assert "no.tif" in call.report["error"]["message"]


def test_one_of_several_images_in_a_file_is_named(strata: Strata, recorder: Recorder, tmp_path: Path) -> None:
    two = {name: np.full((12, 20), value, np.uint16) for name, value in (("HAADF", 1), ("BF", 2))}
    path = write_dm(tmp_path / "a.dm4", two)
    assert strata("predict", "MODEL", path, "--out", "DIR", "--signal", "BF").code == 0
    (stack,) = recorder.args[1]
    assert (stack.name, stack.pixel_size, stack.data.max()) == ("a", 0.2, 2)
    asked = strata("atoms", "MODEL", path, "--out", "atoms.csv")
    assert asked.code == 1
    assert "holds 2 images: HAADF (12 x 20), BF (12 x 20)" in " ".join(asked.err.split())
    assert "--signal NAME" in asked.err
