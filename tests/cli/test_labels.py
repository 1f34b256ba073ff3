import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_strata.io.labels.class_file import read_class_file
from napari_strata.io.tif import write_tif

Strata = Callable[..., Any]

BOX = '<box label="{label}" occluded="0" source="manual" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>'
PLAIN = '<image id="0" name="a.png" width="24" height="20">' + BOX.format(label="grain") + "</image>"


def cvat(path: Path, images: str = PLAIN, labels: tuple[str, ...] = ("grain", "void")) -> Path:
    declared = "".join(f"<label><name>{name}</name><color>#112233</color></label>" for name in labels)
    meta = f"<meta><task><labels>{declared}</labels></task></meta>"
    path.write_text(f"<annotations><version>1.1</version>{meta}{images}</annotations>")
    return path


def image(path: Path, shape: tuple[int, ...] = (20, 24), pixel_size: float | None = None) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_tif(path, np.zeros(shape, np.uint16), "TYX"[-len(shape) :], pixel_size=pixel_size)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return cvat(tmp_path / "a.xml")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return image(tmp_path / "images" / "a.tif").parent


def test_a_box_of_10_by_10_gives_exactly_100_pixels_of_the_first_class(
    strata: Strata, file: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("--images", images, "--format", "auto", "--kind", "semantic", "--out", out, "--json")
    call = strata("labels", "import", file, *words)
    assert call.code == 0
    codes = tifffile.imread(out / "a.tif")
    assert (codes.dtype, codes.shape) == (np.uint8, (20, 24))
    assert (codes[5:15, 5:15] == 2).all()
    assert call.report["figures"]["pixels"] == {"grain": 100, "background": 380}
    assert call.report["paths"] == {"a": str(out / "a.tif"), "classes": str(out / "classes.json")}
    assert sorted(path.name for path in out.iterdir()) == ["a.tif", "classes.json"]


def test_the_report_tells_how_each_image_was_found(strata: Strata, file: Path, images: Path) -> None:
    image(images / "b.tif")
    figures = strata("labels", "import", file, "--images", images, "--dry-run", "--json").report["figures"]
    found = {"image": "a.png", "file": "a.tif", "how": "same name, other ending", "confidence": 0.95}
    assert figures["matched"] == [found]
    assert figures["images_without_annotations"] == ["b.tif"]
    assert figures["ready"] is True


def test_classes_json_tells_what_the_codes_mean(strata: Strata, file: Path, images: Path, tmp_path: Path) -> None:
    strata("labels", "import", file, "--images", images, "--out", tmp_path / "out")
    content = json.loads((tmp_path / "out" / "classes.json").read_text())
    assert content["classes"] == [
        {"name": "grain", "color": "#112233", "code": 2},
        {"name": "void", "color": "#112233", "code": 3},
    ]
    assert (content["kind"], content["outside"]) == ("semantic", "background")
    (entry,) = content["images"]
    assert (entry["file"], entry["image"], entry["source"]) == ("a.tif", str(images / "a.tif"), str(file))
    classes = read_class_file(tmp_path / "out")
    assert classes is not None
    assert classes.names == ("grain", "void")


def test_instances_are_numbered_and_listed(strata: Strata, images: Path, tmp_path: Path) -> None:
    other = BOX.format(label="void").replace('xtl="5"', 'xtl="10"')
    file = cvat(tmp_path / "a.xml", PLAIN.replace("</image>", other + "</image>"))
    call = strata("labels", "import", file, "--kind", "instance", "--out", tmp_path / "out", "--json")
    numbers = tifffile.imread(tmp_path / "out" / "a.tif")
    assert numbers.dtype == np.uint16
    assert np.unique(numbers, return_counts=True)[1].tolist() == [380, 50, 50]
    assert call.report["figures"]["objects"] == 2
    content = json.loads((tmp_path / "out" / "classes.json").read_text())
    assert [(one["number"], one["class"], one["pixels"]) for one in content["images"][0]["objects"]] == [
        (1, "grain", 50),
        (2, "void", 50),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "<annotations><image",
        '<!DOCTYPE a [<!ENTITY b "c">]><annotations><version>1.1</version>&b;</annotations>',
        "no annotations at all",
    ],
    ids=["damaged", "entities", "other"],
)
def test_a_refused_file_leaves_nothing(strata: Strata, images: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.xml").write_text(content)
    good = cvat(tmp_path / "good.xml")
    words = ("--images", images, "--out", tmp_path / "out" / "deep", "--json")
    call = strata("labels", "import", good, tmp_path / "bad.xml", *words)
    assert call.code == 1
    assert call.report["finish_reason"] == "failed"
    assert call.report["error"]["type"] == "LabelsError"
    assert "bad.xml" in call.report["error"]["message"]
    assert call.report["error"]["remedy"]
    assert call.report["paths"] == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.xml", "good.xml", "images"]


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("a.tif", (20, 20), "1 image is of another size: a.png (20 x 24 px in the file, 20 x 20 px in the image)"),
        ("b.tif", (20, 24), "1 image is not there: a.png (no image of this name)"),
    ],
)
def test_an_image_that_does_not_fit_stops_the_import_and_is_named(
    strata: Strata, file: Path, tmp_path: Path, name: str, shape: tuple[int, int], words: str
) -> None:
    images = image(tmp_path / "images" / name, shape).parent
    call = strata("labels", "import", file, "--images", images, "--out", tmp_path / "out", "--json")
    assert call.code == 1
    assert words in call.report["error"]["message"]
    assert not (tmp_path / "out").exists()


def test_what_does_not_fit_may_be_left_out(strata: Strata, images: Path, tmp_path: Path) -> None:
    file = cvat(tmp_path / "a.xml", PLAIN + PLAIN.replace("a.png", "b.png"))
    words = ("labels", "import", file, "--images", images, "--out", tmp_path / "out", "--skip-unmatched", "--json")
    call = strata(*words)
    assert call.code == 0
    assert call.report["figures"]["missing_images"] == [{"image": "b.png", "reason": "no image of this name"}]
    assert "Warning: 1 image is not there: b.png" in call.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.tif", "classes.json"]


def test_nothing_is_overwritten_unless_asked(strata: Strata, file: Path, tmp_path: Path) -> None:
    words = ("labels", "import", file, "--out", tmp_path / "out", "--json")
    assert strata(*words).code == 0
    written = (tmp_path / "out" / "a.tif").read_bytes()
    call = strata(*words, "--outside", "not-labelled")
    assert call.code == 1
    assert call.report["error"]["type"] == "OutputError"
    assert (tmp_path / "out" / "a.tif").read_bytes() == written
    assert strata(*words, "--outside", "not-labelled", "--overwrite").report["figures"]["pixels"] == {
        "not labelled": 380,
        "grain": 100,
    }


def test_classes_that_were_not_asked_for_stop_the_import_until_they_mean_something(
    strata: Strata, file: Path, tmp_path: Path
) -> None:
    words = ("labels", "import", file, "--out", tmp_path / "out", "--classes", "matter", "--json")
    call = strata(*words)
    assert call.code == 1
    assert "Classes that were not asked for: grain, void." in call.report["error"]["message"]
    call = strata(*words, "--map", "grain=matter", "--map", "void=skip")
    assert call.report["figures"]["classes"] == ["matter"]
    assert call.report["figures"]["pixels"]["matter"] == 100


def test_frames_of_a_stack_go_into_one_file_with_its_pixel_size(strata: Strata, tmp_path: Path) -> None:
    images = image(tmp_path / "images" / "movie.tif", (4, 20, 24), pixel_size=0.5).parent
    track = '<track id="0" label="grain" source="manual">{}</track>'
    box = '<box frame="{}" outside="{}" occluded="0" keyframe="1" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>'
    size = "<original_size><width>24</width><height>20</height></original_size>"
    task = f"<task><size>4</size><mode>interpolation</mode>{size}<source>movie.mp4</source></task>"
    tracks = track.format(box.format(1, 0) + box.format(2, 0) + box.format(3, 1))
    file = tmp_path / "video.xml"
    file.write_text(f"<annotations><version>1.1</version><meta>{task}</meta>{tracks}</annotations>")
    call = strata("labels", "import", file, "--images", images, "--out", tmp_path / "out", "--json")
    assert call.code == 0, call.err
    codes = tifffile.imread(tmp_path / "out" / "movie.tif")
    assert codes.shape == (4, 20, 24)
    assert [int((frame == 2).sum()) for frame in codes] == [0, 100, 100, 0]
    with tifffile.TiffFile(tmp_path / "out" / "movie.tif") as tif:
        assert tif.shaped_metadata is not None
        assert tif.shaped_metadata[0]["pixel_size_A"] == 0.5


def test_one_hot_files_hold_a_plane_per_class(strata: Strata, file: Path, tmp_path: Path) -> None:
    strata("labels", "import", file, "--one-hot", "--out", tmp_path / "out")
    planes = tifffile.imread(tmp_path / "out" / "a.tif")
    assert planes.shape == (2, 20, 24)
    assert planes.sum(axis=(1, 2)).tolist() == [100, 0]


@pytest.mark.parametrize("words", [(), ("--outlines",), ("--whole-classes",)])
def test_what_is_exported_is_imported_again_pixel_by_pixel(
    strata: Strata, images: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = cvat(tmp_path / "a.xml", PLAIN.replace("</image>", BOX.format(label="void") + "</image>"))
    strata("labels", "import", file, "--images", images, "--out", tmp_path / "one")
    options = ("--format", "cvat", "--images", images, "--out", tmp_path / "two", *words, "--json")
    call = strata("labels", "export", tmp_path / "one", *options)
    assert call.code == 0
    assert call.report["figures"]["annotations"] == {"void": 1}
    again = list(call.report["paths"].values())
    strata("labels", "import", *again, "--images", images, "--out", tmp_path / "three")
    first, last = (tifffile.imread(tmp_path / name / "a.tif") for name in ("one", "three"))
    assert (first == last).all()
    classes = [read_class_file(tmp_path / name) for name in ("one", "three")]
    assert classes[0] is not None
    assert classes[1] is not None
    assert classes[0].classes == classes[1].classes


def test_objects_are_exported_one_by_one_with_their_class(strata: Strata, file: Path, tmp_path: Path) -> None:
    strata("labels", "import", file, "--kind", "instance", "--out", tmp_path / "one")
    words = ("--format", "cvat", "--out", tmp_path / "two", "--json")
    assert strata("labels", "export", tmp_path / "one" / "a.tif", *words).report["figures"]["annotations"] == {
        "grain": 1
    }


def test_labels_from_elsewhere_are_exported_under_the_names_that_are_given(strata: Strata, tmp_path: Path) -> None:
    codes = np.ones((6, 6), np.uint8)
    codes[1:3, 1:3], codes[4, 4] = 2, 3
    tifffile.imwrite(tmp_path / "mask.tif", codes)
    words = ("--format", "cvat", "--classes", "grain,void", "--out", tmp_path / "out", "--json")
    call = strata("labels", "export", tmp_path / "mask.tif", *words)
    assert call.report["figures"]["annotations"] == {"grain": 1, "void": 1}


def test_numbers_that_are_no_mask_codes_are_refused_without_a_kind(strata: Strata, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "mask.tif", np.array([[0, 300], [5, 5]], np.uint16))
    words = ("labels", "export", tmp_path / "mask.tif", "--format", "cvat", "--out", tmp_path / "out", "--json")
    call = strata(*words)
    assert call.code == 1
    assert "--kind instance" in call.report["error"]["remedy"]
    assert not (tmp_path / "out").exists()
    call = strata(*words, "--kind", "instance", "--classes", "grain")
    assert call.report["figures"]["annotations"] == {"grain": 2}


def test_converting_keeps_shapes_and_renames_classes(strata: Strata, file: Path, tmp_path: Path) -> None:
    words = ("--to", "cvat", "--map", "grain=matter", "--out", tmp_path / "out", "--json")
    call = strata("labels", "convert", file, *words)
    assert call.code == 0
    assert call.report["figures"]["annotations"] == {"matter": 1}
    (written,) = call.report["paths"].values()
    assert '<box label="matter"' in Path(written).read_text()


@pytest.mark.parametrize("flag", ["--format", "--to"])
def test_the_format_of_an_export_goes_by_the_names_of_import_and_of_convert(
    strata: Strata, file: Path, tmp_path: Path, flag: str
) -> None:
    strata("labels", "import", file, "--out", tmp_path / "one")
    call = strata("labels", "export", tmp_path / "one", flag, "cvat", "--out", tmp_path / "two", "--json")
    assert (call.code, call.report["figures"]["format"]) == (0, "cvat")


def test_several_files_are_imported_as_one(strata: Strata, file: Path, tmp_path: Path) -> None:
    other = cvat(tmp_path / "b.xml", PLAIN.replace("a.png", "b.png").replace('"grain"', '"rim"'), ("rim",))
    call = strata("labels", "import", file, other, "--out", tmp_path / "out", "--json")
    assert call.report["figures"]["classes"] == ["grain", "void", "rim"]
    codes = {name: tifffile.imread(tmp_path / "out" / f"{name}.tif") for name in "ab"}
    assert [np.bincount(codes[name].ravel()).tolist() for name in "ab"] == [[0, 380, 100], [0, 380, 0, 0, 100]]


def test_the_formats_are_listed(strata: Strata) -> None:
    assert "cvat" in strata("labels", "formats", "--json").report["figures"]["formats"]


@pytest.mark.parametrize(
    "words",
    [
        ("labels",),
        ("labels", "import", "a.xml"),
        ("labels", "import", "a.xml", "--out", "o", "--format", "tea-leaves"),
        ("labels", "import", "a.xml", "--out", "o", "--kind", "panoptic"),
        ("labels", "import", "a.xml", "--out", "o", "--map", "grain"),
        ("labels", "import", "a.xml", "--out", "o", "--kind", "instance", "--one-hot"),
        ("labels", "export", "a.tif", "--out", "o"),
        ("labels", "export", "a.tif", "--out", "o", "--format", "auto"),
        ("labels", "convert", "a.xml", "--out", "o"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(strata: Strata, words: tuple[str, ...]) -> None:
    call = strata(*words, "--json")
    assert call.code == 2
    assert call.report["error"]["type"] == "UsageError"


def test_people_read_the_report(strata: Strata, file: Path, tmp_path: Path) -> None:
    out = strata("labels", "import", file, "--out", tmp_path / "out").out
    assert "  matched                     a.png (not compared with an image)" in out.splitlines()
    assert "  pixels grain                100" in out.splitlines()


def test_people_read_which_image_is_meant_and_each_warning_once(
    strata: Strata, images: Path, tmp_path: Path
) -> None:
    tag = '<image id="0" name="a.png" width="24" height="20"><tag label="grain" source="manual"></tag></image>'
    file = cvat(tmp_path / "a.xml", tag)
    call = strata("labels", "import", file, "--images", images, "--out", tmp_path / "out")
    assert "a.png -> a.tif (same name, other ending, sure 0.95)" in call.out
    told = "1 tag (grain) was passed over: tags mark no pixels."
    assert ((call.out + call.err).count(told), told in call.err) == (1, True)
    dry = strata("labels", "import", file, "--images", images, "--dry-run")
    assert (dry.out + dry.err).count(told) == 1


def test_a_format_that_states_no_sizes_takes_them_from_the_images(
    strata: Strata, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo" / "a.txt").write_text(f"0 {10 / 24} {10 / 20} {10 / 24} {10 / 20}\n")
    words = ("labels", "import", tmp_path / "yolo", "--out", tmp_path / "out", "--json")
    call = strata(*words)
    assert call.code == 1
    assert not (tmp_path / "out").exists()
    call = strata(*words, "--images", images)
    assert call.code == 0, call.err
    codes = tifffile.imread(tmp_path / "out" / "a.tif")
    assert (codes[5:15, 5:15] == 2).all()
    assert (codes == 2).sum() == 100


def test_values_of_index_masks_mean_what_is_said(strata: Strata, images: Path, tmp_path: Path) -> None:
    codes = np.zeros((20, 24), np.uint8)
    codes[0], codes[1], codes[2] = 255, 1, 2
    (tmp_path / "masks").mkdir()
    tifffile.imwrite(tmp_path / "masks" / "a.tif", codes)
    words = ("labels", "import", tmp_path / "masks", "--images", images, "--json", "--out")
    assert strata(*words, tmp_path / "one").report["figures"]["pixels"] == {
        "background": 408,
        "not labelled": 24,
        "class 1": 24,
        "class 2": 24,
    }
    meanings = ("0=not labelled", "255=background", "class 1=grain", "2=grain")
    options = [word for meaning in meanings for word in ("--map", meaning)]
    assert strata(*words, tmp_path / "two", *options).report["figures"]["pixels"] == {
        "not labelled": 408,
        "background": 24,
        "grain": 48,
    }


def test_what_an_import_wrote_is_read_again_as_index_masks(strata: Strata, file: Path, tmp_path: Path) -> None:
    strata("labels", "import", file, "--outside", "not-labelled", "--out", tmp_path / "one")
    strata("labels", "import", tmp_path / "one", "--out", tmp_path / "two")
    first, second = (tifffile.imread(tmp_path / name / "a.tif") for name in ("one", "two"))
    assert (first == second).all()


def test_masks_of_another_program_are_not_taken_for_mask_codes(strata: Strata, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 4), np.uint8))
    (tmp_path / "classes.json").write_text('{"background": 0, "grain": 1}')
    call = strata("labels", "export", tmp_path, "--format", "cvat", "--out", tmp_path / "out", "--json")
    assert call.code == 1
    assert "import or convert them" in call.report["error"]["remedy"]


def test_labels_of_which_no_image_is_found_are_not_exported(strata: Strata, images: Path, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "b.tif", np.ones((4, 4), np.uint8))
    words = ("--images", images, "--format", "cvat", "--out", tmp_path / "out", "--json")
    call = strata("labels", "export", tmp_path / "b.tif", *words)
    assert call.code == 1
    assert "no image of this name" in call.report["error"]["message"]
    assert not (tmp_path / "out").exists()


def test_images_are_not_overwritten_by_their_labels_even_if_asked(
    strata: Strata, file: Path, images: Path
) -> None:
    before = (images / "a.tif").read_bytes()
    call = strata("labels", "import", file, "--images", images, "--out", images, "--overwrite", "--json")
    assert call.code == 1
    assert "a.tif" in call.report["error"]["message"]
    assert (images / "a.tif").read_bytes() == before
    assert [path.name for path in images.iterdir()] == ["a.tif"]


def test_an_export_does_not_replace_what_the_labels_mean(strata: Strata, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    strata("labels", "import", file, "--out", out)
    call = strata("labels", "export", out, "--format", "index-masks", "--out", out, "--overwrite", "--json")
    assert call.code == 1
    assert read_class_file(out) is not None
