"""``napari-strata explain`` from words to maps, scores and pictures, and what is wrong in words."""

import json

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from bright_network import save_bright
from napari_strata.config.card import Seen
from napari_strata.explain.heatmap import Heatmap, read_heatmap, write_heatmap
from napari_strata.io.bundle import load_bundle, save_bundle
from napari_strata.io.images import write_images
from two_faced import save_two_faced

BRIGHT, DARK = [(10, 20), (30, 12), (30, 40)], [(20, 30), (10, 45), (31, 25)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    data = np.zeros((1, 40, 50), np.float32)
    for sign, positions in ((1, BRIGHT), (-1, DARK)):
        for y, x in positions:
            data[:, y - 1 : y + 2, x - 1 : x + 2] = sign
    write_images(data, folder / "spots.tif", pixel_size=0.2)
    save_two_faced(folder / "model", names=("C", "N"))
    numbers = np.zeros((40, 50), np.uint16)
    numbers[9:11, 19:21], numbers[29:31, 11:13] = 7, 300
    np.save(folder / "numbers.npy", numbers)
    np.save(folder / "nothing.npy", np.zeros((40, 50), np.uint8))
    np.save(folder / "corrected.npy", np.ones((2, 40, 50), np.uint8))  # all is background
    return folder


@pytest.fixture
def explain(strata, folder):
    def call(*words):
        return strata("explain", folder / "model", folder / "spots.tif", *words, "--device", "cpu", "--json")

    return call


PIXEL = ("--target", "pixel", "--at", "10,20")


def test_several_methods_write_maps_scores_and_a_picture(explain, tmp_path):
    files = ("--out", tmp_path / "heat.tif", "--scores", tmp_path / "s.json", "--picture", tmp_path / "p.png")
    call = explain(*PIXEL, *files, "--method", "input-gradient,grad-cam", "--method", "gradient-x-input")
    assert call.code == 0, call.err
    methods = ["input-gradient", "grad-cam", "gradient-x-input"]
    assert call.report["paths"] == {
        **{name: str(tmp_path / f"heat-{name}.tif") for name in methods},
        "scores": str(tmp_path / "s.json"),
        "picture": str(tmp_path / "p.png"),
    }
    # the log-odds are 20 (I - 1), up to the 1e-5 in each of four batch norms
    assert read_heatmap(tmp_path / "heat-input-gradient.tif").data[10, 20] == pytest.approx(20, rel=1e-4)
    told = json.loads((tmp_path / "s.json").read_text())
    assert list(told["maps"]) == methods
    assert told["maps"]["input-gradient"]["maximum"] == pytest.approx(20, rel=1e-4)
    assert told["metadata"]["grad-cam"]["target"] == {"kind": "pixel", "y_px": 10, "x_px": 20}
    assert told["maps"]["grad-cam"]["feature_map"] == told["metadata"]["grad-cam"]["feature_map"]
    assert "feature_map" not in told["maps"]["input-gradient"]
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.height > 0.85 * picture.width  # three rows


def test_a_zarr_is_written_with_its_settings(explain, tmp_path):
    call = explain(*PIXEL, "--out", tmp_path / "heat.zarr", "--method", "integrated-gradients", "--set", "steps=7")
    assert call.code == 0, call.err
    found = zarr.open_group(tmp_path / "heat.zarr", mode="r")
    assert found.attrs["heatmap"]["parameters"]["steps"] == 7
    assert found["0"].shape == (40, 50)


def test_an_instance_is_the_pixels_of_its_number(explain, folder, tmp_path):
    words = ("--target", "instance", "--region", folder / "numbers.npy", "--out", tmp_path / "heat.tif")
    assert explain(*words, "--label", 300).code == 0
    found = read_heatmap(tmp_path / "heat.tif")
    assert found.metadata["target"]["kind"] == "instance"
    assert list(zip(*np.nonzero(found.data), strict=True)) == [(29, 11), (29, 12), (30, 11), (30, 12)]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((), "rather than background, at y = 10.0"),
        (("--rather-than", "class:N"), "rather than N, at y = 10.0"),
        (("--rather-than", "layer:1"), "rather than in layer 1, at y = 10.0"),
        (("--rather-than", "labels:corrected.npy"), "rather than what the labels say, at y = "),
    ],
    ids=["background", "class", "layer", "labels"],
)
def test_people_read_rather_than_what_a_class_is_explained(strata, folder, tmp_path, asked, said, monkeypatch):
    monkeypatch.chdir(folder)
    call = strata(
        "explain", "model", "spots.tif", *PIXEL, *asked, "--scores", tmp_path / "s.json", "--device", "cpu"
    )
    assert call.code == 0, call.err
    assert said in call.out


def test_a_class_over_the_slice_rather_than_another(explain, tmp_path):
    words = ("--target", "slice", "--class", "C", "--rather-than", "class:N", "--out", tmp_path / "heat.tif")
    assert explain(*words).code == 0
    told = read_heatmap(tmp_path / "heat.tif").metadata
    assert (told["target"]["kind"], told["class"], told["against"]) == (
        "slice",
        "C",
        {"kind": "class", "class": "N"},
    )


def test_a_layer_rather_than_another_and_a_prediction_rather_than_what_is_right(explain, folder, tmp_path):
    assert explain(*PIXEL, "--rather-than", "layer:1", "--out", tmp_path / "a.tif").code == 0
    assert read_heatmap(tmp_path / "a.tif").metadata["against"] == {"kind": "layer", "layer": 1}
    call = explain(*PIXEL, "--rather-than", f"labels:{folder / 'corrected.npy'}", "--out", tmp_path / "b.tif")
    assert call.code == 0, call.err
    assert read_heatmap(tmp_path / "b.tif").metadata["against"]["kind"] == "correction"


@pytest.mark.parametrize("name", ["heat.tif", "heat.zarr"])
def test_a_written_map_is_asked_again_and_comes_out_the_same(explain, folder, tmp_path, name):
    asked = ("--target", "region", "--region", folder / "numbers.npy", "--class", "C", "--set", "samples=3")
    assert explain(*asked, "--out", tmp_path / name, "--method", "smooth-grad").code == 0
    call = explain("--again", tmp_path / name, "--out", tmp_path / "again.tif")
    assert call.code == 0, call.err
    assert call.report["figures"]["off_earlier"] == 0
    first, second = read_heatmap(tmp_path / name), read_heatmap(tmp_path / "again.tif")
    np.testing.assert_array_equal(first.data, second.data)
    assert first.metadata == second.metadata


def test_a_map_of_another_image_is_asked_again_with_a_warning(strata, explain, folder, tmp_path):
    assert explain(*PIXEL, "--out", tmp_path / "heat.tif").code == 0
    write_images(np.random.default_rng(0).random((1, 40, 50), np.float32), tmp_path / "other.tif", pixel_size=0.2)
    words = ("explain", folder / "model", tmp_path / "other.tif", "--again", tmp_path / "heat.tif", "--json")
    call = strata(*words, "--scores", tmp_path / "s.json", "--device", "cpu")
    assert call.code == 0
    assert "The map is of the image spots, this is other" in call.err
    assert "Å per pixel" not in call.err


@pytest.mark.parametrize(
    ("change", "warns"), [("none", False), ("renamed", False), ("other pixels", True), ("older map", False)]
)
def test_an_image_is_known_by_its_pixels_and_without_them_by_its_name(
    strata, explain, folder, tmp_path, change, warns
):
    heat, image = tmp_path / "heat.tif", tmp_path / ("new.tif" if change == "renamed" else "spots.tif")
    assert explain(*PIXEL, "--out", heat).code == 0
    data = tifffile.imread(folder / "spots.tif").astype(np.float64)
    if change in ("other pixels", "older map"):
        data[..., 0, 0] += 0.5
    write_images(data.reshape(1, 40, 50).astype(np.float32), image, pixel_size=0.2)
    if change == "older map":
        map_ = read_heatmap(heat)
        write_heatmap(Heatmap(map_.data, {**map_.metadata, "image_sha256": None}), heat)
    words = ("explain", folder / "model", image, "--again", heat, "--scores", tmp_path / "s.json", "--json")
    call = strata(*words, "--device", "cpu")
    assert call.code == 0, call.err
    assert ("The map is of another image of the same name." in call.err) == warns
    assert ("The map is of" in call.err) == warns


def test_a_map_of_another_shape_is_not_asked_again(strata, explain, folder, tmp_path):
    assert explain(*PIXEL, "--out", tmp_path / "heat.tif").code == 0
    write_images(np.random.default_rng(0).random((1, 32, 50), np.float32), tmp_path / "spots.tif", pixel_size=0.2)
    words = ("explain", folder / "model", tmp_path / "spots.tif", "--again", tmp_path / "heat.tif", "--json")
    call = strata(*words, "--scores", tmp_path / "s.json", "--device", "cpu")
    assert call.code == 1
    error = call.report["error"]
    assert error["message"] == "The map has 40 x 50 px, and spots has 32 x 50 px (y, x)."
    assert error["remedy"] == "Give the image that it was made of, then called spots."
    assert not (tmp_path / "s.json").exists()


def test_a_map_that_another_model_cannot_answer_names_its_own_and_that_of_the_same_model_does_not(
    strata, explain, folder, tmp_path
):
    again = ("--again", tmp_path / "heat.tif", "--scores", tmp_path / "s.json", "--json")
    assert explain(*PIXEL, "--layer", "1", "--out", tmp_path / "heat.tif").code == 0
    save_bright(tmp_path / "model", architecture="unet", layers=1, pixel_size=None)
    call = strata("explain", tmp_path / "model", folder / "spots.tif", *again)
    assert "bright has no layer 1" in call.report["error"]["message"]
    assert call.report["error"]["remedy"] == "The map was made with two-faced: take that model."
    write_images(np.eye(16, dtype=np.float32)[None], tmp_path / "small.tif", pixel_size=0.2)
    call = strata("explain", folder / "model", tmp_path / "small.tif", *again)
    assert call.code == 1
    assert "two-faced" not in call.report["error"]["remedy"]


def test_a_map_made_at_another_pixel_size_is_asked_again_with_a_warning(explain, tmp_path):
    assert explain(*PIXEL, "--out", tmp_path / "heat.tif").code == 0
    call = explain("--again", tmp_path / "heat.tif", "--scores", tmp_path / "s.json", "--pixel-size", "0.25")
    assert "The map was made at 0.2 Å per pixel, this is 0.25 Å. Maps will differ." in call.err


def test_an_image_that_the_model_has_not_seen_is_explained_with_a_warning(strata, tmp_path):
    bundle = load_bundle(save_bright(tmp_path / "model"))
    seen = Seen(window=64, spacing=(9, 13), order=(1, 2), noise=(0.001, 1), skewness=(-1, 1))
    save_bundle(tmp_path / "model", bundle.state, bundle.card.model_copy(update={"seen": seen}))
    data = np.zeros((1, 70, 80), np.float32)
    data[0, 9:12, 19:22] = 1
    write_images(data, tmp_path / "spot.tif", pixel_size=bundle.card.model.pixel_size)
    words = ("explain", tmp_path / "model", tmp_path / "spot.tif", *PIXEL, "--device", "cpu")
    call = strata(*words, "--scores", tmp_path / "s.json", "--json")
    assert call.code == 0, call.err
    assert "spot is outside what the model bright has seen, because" in call.err


def test_maps_are_judged_where_that_is_asked_for(strata, folder, tmp_path):
    (tmp_path / "a.yaml").write_text("judge: {measures: [curves], points: 3, orders: 1}\n")
    words = ("explain", folder / "model", folder / "spots.tif", *PIXEL, "--judge", "--scores", tmp_path / "s.json")
    call = strata(*words, "--config", tmp_path / "a.yaml", "--device", "cpu")
    assert call.code == 0, call.err
    found = json.loads((tmp_path / "s.json").read_text())["maps"]["input-gradient"]
    assert list(found["measures"]) == ["curves"]
    assert found["verdict"] in call.out


def test_maps_before_one_that_fails_are_written(explain, tmp_path):
    call = explain(*PIXEL, "--out", tmp_path / "heat.tif", "--method", "input-gradient,attention,grad-cam")
    assert call.code == 1
    assert call.report["error"]["type"] == "MethodError"
    assert [path.name for path in tmp_path.iterdir()] == ["heat-input-gradient.tif"]


def test_a_map_proposes_a_mask(explain, tmp_path):
    words = ("--target", "atom", "--at", "10,20", "--set", "target_radius=1", "--propose", tmp_path / "mask.tif")
    assert explain(*words, "--out", tmp_path / "heat.tif", "--part", 0.5).code == 0
    heat, mask = read_heatmap(tmp_path / "heat.tif").data, tifffile.imread(tmp_path / "mask.tif")
    np.testing.assert_array_equal(mask, heat >= 0.5 * heat.max())
    assert mask[10, 20] == 1
    call = explain(*words, "--how", "graph-cut", "--method", "input-gradient,gradient-x-input")
    assert set(call.report["paths"]) == {"mask input-gradient", "mask gradient-x-input"}
    assert tifffile.imread(tmp_path / "mask-input-gradient.tif")[10, 20] == 1


def test_a_map_that_proposes_nothing_is_written_and_says_so(explain, tmp_path):
    files = ("--out", tmp_path / "heat.tif", "--propose", tmp_path / "mask.tif")
    call = explain(*PIXEL, *files, "--side", "against")  # of a map without sign
    assert (call.code, call.report["error"]["type"]) == (1, "TargetError")
    assert "0 everywhere on the side that counts" in call.report["error"]["message"]
    assert (tmp_path / "heat.tif").exists()
    assert not (tmp_path / "mask.tif").exists()


def test_how_a_mask_is_made_is_wrong_usage_without_one(explain, tmp_path):
    assert explain(*PIXEL, "--out", tmp_path / "heat.tif", "--part", "0.5").code == 2


@pytest.fixture
def moving(folder, tmp_path):
    """Write a stack of three frames in which the spots move by one pixel, and then far away."""
    first = np.zeros((40, 50), np.float32)
    for sign, positions in ((1, BRIGHT), (-1, DARK)):
        for y, x in positions:
            first[y - 1 : y + 2, x - 1 : x + 2] = sign
    far = np.roll(first, 20, axis=0)
    write_images(np.stack([first, np.roll(first, 1, axis=1), far]), tmp_path / "moving.tif", pixel_size=0.2)
    return folder / "model", tmp_path / "moving.tif"


@pytest.mark.parametrize("ending", ["tif", "zarr"])
def test_every_frame_gets_the_map_that_it_gets_alone(strata, moving, tmp_path, ending):
    words = ("explain", *moving, "--at", "10,20", "--device", "cpu", "--json")
    out = tmp_path / f"all.{ending}"
    call = strata(*words, "--all-frames", "--out", out, "--scores", tmp_path / "s.json")
    assert call.code == 0, call.err
    assert {name: call.report["figures"][name] for name in ("frames", "computed", "kept", "empty")} == {
        "frames": 3,
        "computed": 2,
        "kept": 0,
        "empty": 1,
    }
    maps = tifffile.imread(out) if ending == "tif" else zarr.open_group(out, mode="r")["0"][...]
    assert maps.shape == (3, 40, 50)
    assert not maps[2].any()
    told = json.loads((tmp_path / "s.json").read_text())
    for frame in (0, 1):
        assert strata(*words, "--frame", frame, "--out", tmp_path / f"one{frame}.tif").code == 0
        alone = read_heatmap(tmp_path / f"one{frame}.tif")
        np.testing.assert_array_equal(maps[frame], alone.data)
        assert told["metadata"][str(frame)] == dict(alone.metadata)
        assert told["maps"][str(frame)]["score"] == alone.metadata["score"]
    assert np.argwhere(maps[1] == maps[1].max()).tolist() == [[10, 21]]
    assert "no atom" in told["maps"]["2"]["no_map"].lower()
    again = strata(*words, "--all-frames", "--out", out, "--overwrite")
    assert again.report["figures"]["kept"] == 2  # on disk, from the first time
    refused = strata("explain", *moving, "--again", out, "--out", tmp_path / "x.tif", "--json")
    assert "several frames" in refused.report["error"]["message"]


def test_a_failure_of_all_frames_has_its_remedy(strata, moving, folder, tmp_path):
    words = (
        "explain",
        *moving,
        *PIXEL,
        "--all-frames",
        "--out",
        tmp_path / "all.tif",
        "--device",
        "cpu",
        "--json",
    )
    call = strata(*words, "--rather-than", f"labels:{folder / 'corrected.npy'}")
    assert (call.code, call.report["error"]["type"]) == (1, "TargetError")
    assert "belongs to one slice" in call.report["error"]["message"]
    assert not (tmp_path / "all.tif").exists()
    call = strata(*words, "--method", "attention")
    assert "no attention gates" in call.report["error"]["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("--frame", 1),
        ("--judge",),
        ("--again", "a.tif"),
        ("--picture", "p.png"),
        ("--propose", "m.tif"),
        ("--method", "lime,occlusion"),
    ],
    ids=lambda words: words[0],
)
def test_what_is_of_one_frame_is_wrong_usage_for_all(explain, words):
    target = () if words[0] == "--again" else PIXEL
    assert explain(*target, "--all-frames", "--out", "all.tif", *words).code == 2


REGION = ("--target", "region", "--region")
BAD = {
    "a target outside the image": (("--target", "pixel", "--at", "40,3"), "outside the image", "y from 0 to 39"),
    "an atom where there is none": (("--at", "20,5"), "No atom of layer 0", "larger tolerance"),
    "a class that the model lacks": ((*PIXEL, "--class", "S"), "knows no class S", "C, N"),
    "a class against one it lacks": ((*PIXEL, "--rather-than", "class:S"), "knows no class S", "C, N"),
    "a layer that does not exist": ((*PIXEL, "--layer", "2"), "has no layer 2", "from 0 to 1"),
    "a layer against one that does not": ((*PIXEL, "--rather-than", "layer:5"), "has no layer 5", "from 0 to 1"),
    "a feature map that does not exist": (
        (*PIXEL, "--method", "grad-cam", "--set", "feature_map=top"),
        "no feature map 'top'",
        "decoder 0, level 1",
    ),
    "a channel that does not exist": (
        (*PIXEL, "--method", "layer-activation", "--set", "channel=99"),
        "no channel 99",
        "from 0 to",
    ),
    "a mask without a pixel": ((*REGION, "nothing.npy"), "nothing.npy holds no pixel", "at least one"),
    "a mask of another shape": ((*REGION, "other.npy"), "other.npy has the shape (3, 3)", "of this image"),
    "a mask of no numbers": ((*REGION, "no_numbers.npy"), "no_numbers.npy holds no pixel", "at least one"),
    "an instance of none": (
        ("--target", "instance", "--region", "nothing.npy", "--label", "8"),
        "has no label 8",
        "numbered instances",
    ),
    "an instance that is not there": (
        ("--target", "instance", "--region", "numbers.npy", "--label", "8"),
        "has no label 8",
        "7, 300",
    ),
    "labels of another layer": (
        (*PIXEL, "--layer", "1", "--rather-than", "labels:one.npy"),
        "no layer 1",
        "(y, x)",
    ),
    "labels of another frame": (
        (*PIXEL, "--rather-than", "labels:none.npy"),
        "no frame 0",
        "(frame, layer, y, x)",
    ),
    "labels that number objects": ((*PIXEL, "--rather-than", "labels:numbers.npy"), "from 0 to 300", "0 to 255"),
    "labels that are no codes": ((*PIXEL, "--rather-than", "labels:sure.npy"), "no integer codes", "0 to 255"),
    "a file that is not there": ((*REGION, "no.npy"), "no.npy", ""),
    "a map that is not there": (("--again", "no.tif"), "no.tif does not exist", "Check the path"),
    "a map that is none": (("--again", "spots.tif"), "is no heatmap", "explain wrote"),
    "a format that is none": ((*PIXEL, "--scores", "scores.txt"), "no .json file", "end in .json"),
}


@pytest.mark.parametrize(("words", "said", "remedy"), BAD.values(), ids=BAD)
def test_bad_input_fails_with_the_remedy(explain, folder, tmp_path, monkeypatch, words, said, remedy):
    monkeypatch.chdir(folder)
    np.save("other.npy", np.ones((3, 3), np.uint8))
    np.save("one.npy", np.ones((1, 40, 50), np.uint8))
    np.save("none.npy", np.ones((0, 2, 40, 50), np.uint8))
    np.save("no_numbers.npy", np.full((40, 50), np.nan, np.float32))
    np.save("sure.npy", np.full((40, 50), 1.5, np.float32))
    call = explain(*words, "--out", tmp_path / "heat.tif")
    assert call.code == 1
    assert said in call.report["error"]["message"]
    assert remedy in call.report["error"]["remedy"]
    assert not list(tmp_path.iterdir())
