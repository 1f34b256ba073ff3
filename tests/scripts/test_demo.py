import sys

import numpy as np
import pytest
from napari.utils.notifications import show_error
from PIL import Image as Picture

from napari_strata.config import TrainConfig
from napari_strata.errors import CalibrationError, ImageError
from napari_strata.io.images import write_images
from scripts import demo
from scripts.demo import RECIPE, Demo, DemoError, set_recipe
from scripts.driving import show_dock
from scripts.images import check_image, open_file

PICTURE = np.random.default_rng(0).integers(0, 200, (48, 40), dtype=np.uint8)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the demo's command without ever opening a viewer; return exit code and complaint."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["demo", *map(str, arguments)])
        monkeypatch.setattr(demo, "open_viewer", None)
        return demo.main(), capsys.readouterr().err

    return run


def test_an_image_without_a_pixel_size_ends_the_demo_at_once_in_one_line(run, tmp_path):
    write_images(PICTURE, tmp_path / "a.tif")
    code, complaint = run("--image", tmp_path / "a.tif")
    assert code == 1
    assert complaint.count("\n") == 1
    assert "a.tif does not state its pixel size. Give it in Å: make demo IMAGE=" in complaint


@pytest.mark.parametrize("shape", [(2, 48, 40), (1, 48, 40), (48, 40, 3)])
def test_an_image_that_is_not_2d_grey_ends_the_demo_at_once_in_one_line(run, tmp_path, shape):
    np.save(tmp_path / "a.npy", np.resize(PICTURE, shape))
    code, complaint = run("--image", tmp_path / "a.npy", "--pixel-size", 0.1)
    assert code == 1
    assert complaint.count("\n") == 1
    assert f"a.npy has the shape {shape}. The demo takes one grey image" in complaint


def test_a_missing_file_ends_the_demo_at_once(run, tmp_path):
    assert "No such file" in run("--image", tmp_path / "a.tif")[1]


def test_values_that_no_network_can_use_are_found_before_the_training(tmp_path):
    np.save(tmp_path / "a.npy", np.where(PICTURE > 100, np.nan, 1.0))
    with pytest.raises(ImageError, match="not finite"):
        check_image(tmp_path / "a.npy", 0.1)


def test_a_pixel_size_that_is_not_positive_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", PICTURE)
    with pytest.raises(CalibrationError, match="not positive"):
        check_image(tmp_path / "a.npy", 0.0)


def test_calibrated_files_open_with_the_plugins_reader_and_others_with_that_of_napari(viewer, tmp_path):
    write_images(PICTURE, tmp_path / "a.tif", pixel_size=0.25)
    np.savez(tmp_path / "b.npz", im_array=PICTURE, pixel_size=2.5e-11)
    np.save(tmp_path / "c.npy", PICTURE)
    Picture.fromarray(PICTURE).save(tmp_path / "d.png")
    for name, scale in (("a.tif", 0.25), ("b.npz", 0.25), ("c.npy", 1), ("d.png", 1)):
        check_image(tmp_path / name, 0.25)
        image = open_file(viewer, tmp_path / name)
        assert image.data.shape == PICTURE.shape
        assert image.scale.tolist() == pytest.approx([scale, scale])


def test_the_train_dock_is_set_to_the_whole_recipe(viewer):
    recipe = TrainConfig.read(RECIPE)
    simulation = recipe.data.simulation.model_copy(update={"material": "WS2", "dose": (7.0, 9.0), "layers": 3})
    data = recipe.data.model_copy(update={"simulation": simulation})
    model = recipe.model.model_copy(update={"layers": 3})
    config = recipe.model_copy(update={"data": data, "model": model})
    viewer.add_image(PICTURE, scale=(0.1, 0.1), units=("angstrom", "angstrom"))
    settings = show_dock(viewer, "Train").settings
    set_recipe(settings, config, minutes=2)
    training = config.training.model_copy(update={"time_limit": 2.0})
    assert settings.take().config == config.model_copy(update={"training": training})


def test_a_training_that_cannot_start_ends_the_demo_with_what_the_viewer_shows(viewer):
    show_error("of an earlier session")
    viewer.add_image(np.ones((48, 40)), scale=(0.1, 0.1), units=("angstrom", "angstrom"))
    viewer.window.show()
    session = Demo(viewer)
    with pytest.raises(DemoError, match="lower bound 9 is above the upper bound 7"):
        session.train(bad_recipe(), minutes=1)


def bad_recipe():
    """Return a recipe whose dose was put in without validation."""
    recipe = TrainConfig.read(RECIPE)
    simulation = recipe.data.simulation.model_copy(update={"dose": (9.0, 7.0)})
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"simulation": simulation})})
