import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_strata.io.images import write_images
from napari_strata.io.labels.class_file import ClassEntry, ClassFile, ImageEntry, write_class_file
from napari_strata.io.tif import write_tif

Strata = Callable[..., Any]

CONFIG = """
model: {{architecture: unet, layers: 1, pixel_size: {pixel_size}}}
data: {{source: labels, images: [images/a.tif], labels: [labels/a.tif], classes: [atom]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of an image of 3 slices, and its labels of the same name."""
    image = np.random.default_rng(0).random((3, 32, 32), np.float32)
    labels = np.ones(image.shape, np.uint8)
    labels[:, 5:20, 5:20] = 2
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    write_images(image, tmp_path / "images" / "a.tif", pixel_size=0.2)
    write_tif(tmp_path / "labels" / "a.tif", labels, "TYX")
    (tmp_path / "train.yaml").write_text(CONFIG.format(pixel_size=0.2))
    return tmp_path


def labels_of(folder: Path, *words: object) -> tuple[object, ...]:
    return ("doctor", folder / "labels" / "a.tif", "--images", folder / "images", *words)


def checks(call: Any) -> list[str]:
    return [finding["check"] for finding in call.report["figures"]["findings"]]


def test_a_sane_configuration_gives_no_finding(strata: Strata, folder: Path) -> None:
    call = strata("doctor", folder / "train.yaml", "--json")
    assert call.code == 0
    assert call.report["figures"] == {
        "errors": 0, "warnings": 0, "infos": 0, "images": 1, "slices": 3, "findings": []
    }  # fmt: skip


def test_people_are_told_that_all_is_well(strata: Strata, folder: Path) -> None:
    assert "All is well: nothing was found" in strata(*labels_of(folder)).out


def test_people_read_place_message_and_remedy(strata: Strata, folder: Path) -> None:
    write_tif(folder / "labels" / "a.tif", np.ones((3, 32, 31), np.uint8), "TYX")
    out = strata(*labels_of(folder)).out
    assert "error 1" in out
    assert "a.tif: Its shape is (3, 32, 31), that of its image (3, 32, 32). Choose the image" in out


def test_errors_are_counted_and_only_strict_makes_them_the_exit_code(strata: Strata, folder: Path) -> None:
    write_tif(folder / "labels" / "a.tif", np.ones((3, 32, 32), np.uint8), "TYX")
    call = strata("doctor", folder / "train.yaml", "--json")
    assert (call.code, call.report["figures"]["errors"], checks(call)) == (0, 1, ["one-class", "empty-class"])
    call = strata("doctor", folder / "train.yaml", "--json", "--strict")
    assert (call.code, call.report["finish_reason"]) == (1, "completed")


def test_strict_minds_no_warnings(strata: Strata, folder: Path) -> None:
    call = strata(*labels_of(folder, "--classes", "atom, vacancy", "--strict", "--json"))
    assert (call.code, call.report["figures"]["warnings"], checks(call)) == (0, 1, ["empty-class"])


@pytest.mark.parametrize("text", ['classes: [{name: atom, color: "#ff0000"}]', "classes: [atom]"])
def test_classes_in_a_file_are_understood(strata: Strata, folder: Path, text: str) -> None:
    (folder / "classes.yaml").write_text(text)
    assert checks(strata(*labels_of(folder, "--classes", folder / "classes.yaml", "--json"))) == []


@pytest.mark.parametrize(("kind", "found"), [("semantic", ["empty-class"]), ("instance", ["label-type"])])
def test_what_an_import_wrote_is_understood(strata: Strata, folder: Path, kind: str, found: list[str]) -> None:
    classes = tuple(ClassEntry(name=name, color="#ff0000", code=2 + k) for k, name in enumerate(("atom", "void")))
    entry = ImageEntry(file="renamed.tif", image="a.tif", name="a", source="cvat.xml", pixels={})
    content = ClassFile(kind=kind, outside="background", classes=classes, images=(entry,))
    write_class_file(content, folder / "labels")
    (folder / "labels" / "a.tif").rename(folder / "labels" / "renamed.tif")
    call = strata("doctor", folder / "labels", "--images", folder / "images", "--json")
    assert [check for check in checks(call) if check != "unmatched-file"] == found


def test_labels_without_an_image_and_images_without_labels_are_listed(strata: Strata, folder: Path) -> None:
    (folder / "labels" / "a.tif").rename(folder / "labels" / "b.tif")
    call = strata("doctor", folder / "labels" / "b.tif", "--images", folder / "images", "--json")
    assert call.code == 0
    findings = call.report["figures"]["findings"]
    assert [f["severity"] for f in findings] == ["error", "info"]
    assert [f["place"]["labels"] or f["place"]["image"] for f in findings] == ["b.tif", "a.tif"]


def test_labels_in_the_folder_of_the_images_are_no_images(strata: Strata, folder: Path) -> None:
    assert checks(strata("doctor", folder / "labels", "--images", folder, "--json")) == []


def test_a_damaged_file_is_a_finding_and_the_others_are_examined(strata: Strata, folder: Path) -> None:
    (folder / "images" / "b.tif").write_bytes(b"no tif")
    (folder / "labels" / "b.tif").write_bytes(b"no tif")
    words = ("doctor", *sorted((folder / "labels").iterdir()), "--images", folder / "images", "--json")
    call = strata(*words)
    assert (call.code, checks(call), call.report["figures"]["images"]) == (0, ["unreadable"], 1)


def test_float_labels_are_examined_where_training_would_only_refuse_them(strata: Strata, folder: Path) -> None:
    labels = np.ones((3, 32, 32), np.float32)
    labels[:, 5:20, 5:20] = 2
    write_tif(folder / "labels" / "a.tif", labels, "TYX")
    (finding,) = strata("doctor", folder / "train.yaml", "--json").report["figures"]["findings"]
    assert (finding["check"], finding["fix"]) == ("label-type", "whole numbers")


def test_mended_copies_are_examined_without_a_finding(strata: Strata, folder: Path) -> None:
    image = np.random.default_rng(0).random((3, 32, 40), np.float32)
    labels = np.ones((3, 40, 32), np.float32)
    labels[:, 5:20, 5:20], labels[0, 0, 0] = 2, 255
    write_images(image, folder / "images" / "a.tif", pixel_size=0.2)
    write_tif(folder / "labels" / "a.tif", labels, "TYX", pixel_size=0.2)
    before = (folder / "labels" / "a.tif").read_bytes()
    call = strata(*labels_of(folder, "--mend", folder / "mended", "--classes", "atom", "--json"))
    assert sorted(checks(call)) == ["axis-order", "label-type", "unknown-code"]
    assert call.report["paths"] == {"mended a.tif": str(folder / "mended" / "a.tif")}
    assert (folder / "labels" / "a.tif").read_bytes() == before
    words = ("doctor", folder / "mended", "--images", folder / "images", "--classes", "atom", "--json")
    assert checks(strata(*words)) == []


def test_mending_overwrites_nothing(strata: Strata, folder: Path) -> None:
    write_tif(folder / "labels" / "a.tif", np.ones((3, 32, 32), np.float32), "TYX")
    call = strata(*labels_of(folder, "--mend", folder / "labels", "--json"))
    assert (call.code, call.report["error"]["type"]) == (1, "OutputError")


def test_nothing_to_mend_writes_nothing(strata: Strata, folder: Path) -> None:
    assert strata(*labels_of(folder, "--mend", folder / "mended", "--json")).report["paths"] == {}
    assert not (folder / "mended").exists()


def test_labels_of_several_crystal_layers_are_compared_layer_by_layer(strata: Strata, folder: Path) -> None:
    labels = np.ones((3, 2, 32, 32), np.uint8)
    labels[:, 0, 5:20, 5:20] = 2
    write_tif(folder / "labels" / "a.tif", labels, "TZYX")
    (finding,) = strata(*labels_of(folder, "--json")).report["figures"]["findings"]
    assert (finding["check"], finding["place"]["layer"]) == ("one-class", 1)


ATOMS = "image,frame,layer,species,y_px,x_px,y_A,x_A\n"


def with_atom_table(folder: Path, *, species: str = "atom", pixel_size: float | None = 0.2) -> Path:
    """Make the configuration learn from a table of 9 atoms in each of the 3 slices."""
    places = [(frame, y, x) for frame in range(3) for y in (6, 16, 26) for x in (6, 16, 26)]
    rows = "".join(f"a,{frame},0,{species},{y},{x},,\n" for frame, y, x in places)
    (folder / "labels" / "a.csv").write_text(ATOMS + rows)
    image = np.random.default_rng(0).random((3, 32, 32), np.float32)
    write_images(image, folder / "images" / "a.tif", pixel_size=pixel_size)
    config = CONFIG.format(pixel_size=0.2).replace("labels/a.tif", "labels/a.csv")
    (folder / "train.yaml").write_text(config)
    return folder / "train.yaml"


def test_an_atom_table_is_examined_as_training_draws_it(strata: Strata, folder: Path) -> None:
    call = strata("doctor", with_atom_table(folder), "--json")
    assert (call.code, checks(call), call.report["figures"]["slices"]) == (0, [], 3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"species": "W"}, "a.csv has the species W."),
        ({"pixel_size": None}, "The pixel size of a is not known, and the radius of an atom is in Å."),
    ],
)
def test_what_keeps_an_atom_table_from_being_drawn_is_a_finding(
    strata: Strata, folder: Path, wrong: dict[str, Any], words: str
) -> None:
    (finding,) = strata("doctor", with_atom_table(folder, **wrong), "--json").report["figures"]["findings"]
    assert finding["check"] == "unreadable"
    assert finding["message"].endswith(words)


def test_a_network_with_a_grid_needs_the_pixel_size(strata: Strata, folder: Path) -> None:
    write_images(np.random.default_rng(0).random((3, 32, 32), np.float32), folder / "images" / "a.tif")
    assert checks(strata("doctor", folder / "train.yaml", "--json")) == ["missing-pixel-size"]
    assert checks(strata("doctor", folder / "train.yaml", "--pixel-size", 0.2, "--json")) == []
    (folder / "train.yaml").write_text(CONFIG.format(pixel_size="null"))
    assert checks(strata("doctor", folder / "train.yaml", "--json")) == []


def test_pixel_sizes_of_image_and_labels_are_compared(strata: Strata, folder: Path) -> None:
    labels = np.ones((3, 32, 32), np.uint8)
    labels[:, 5:20, 5:20] = 2
    for pixel_size, found in ((0.2, []), (0.1, ["scale-mismatch"])):
        write_tif(folder / "labels" / "a.tif", labels, "TYX", pixel_size=pixel_size)
        assert checks(strata(*labels_of(folder, "--json"))) == found


BOX = '<box label="{label}" occluded="0" xtl="{left}" ytl="5" xbr="{right}" ybr="15" z_order="0"/>'


def annotations(folder: Path, *, name: str = "a.png", width: int = 32) -> Path:
    """Write boxes of two classes, 100 px each, on a single image, and that image."""
    write_images(
        np.random.default_rng(0).random((32, 32), np.float32), folder / "images" / "a.tif", pixel_size=0.2
    )
    boxes = BOX.format(label="grain", left=5, right=15) + BOX.format(label="void", left=15, right=25)
    image = f'<image id="0" name="{name}" width="{width}" height="32">{boxes}</image>'
    (folder / "cvat.xml").write_text(f"<annotations><version>1.1</version>{image}</annotations>")
    return folder / "cvat.xml"


def test_annotation_files_are_examined_as_an_import_draws_them(strata: Strata, folder: Path) -> None:
    words = ("doctor", annotations(folder), "--images", folder / "images", "--format", "auto")
    call = strata(*words, "--kind", "semantic", "--out", folder / "report", "--json")
    assert (call.code, checks(call), call.report["figures"]["slices"]) == (0, [], 1)
    assert [path.name for path in (folder / "report").iterdir()] == ["report.json"]
    call = strata(*words, "--classes", "grain,void,rim", "--json")
    assert checks(call) == ["empty-class"]


def test_classes_of_annotation_files_that_were_not_asked_for_are_found(strata: Strata, folder: Path) -> None:
    words = ("doctor", annotations(folder), "--images", folder / "images", "--classes", "grain", "--json")
    (finding,) = strata(*words).report["figures"]["findings"]
    assert (finding["check"], finding["severity"]) == ("unknown-class", "error")
    assert checks(strata(*words, "--map", "void=grain")) == []


@pytest.mark.parametrize("wrong", [{"name": "b.png"}, {"width": 40}])
def test_annotations_that_fit_no_image_are_found(strata: Strata, folder: Path, wrong: dict[str, Any]) -> None:
    call = strata("doctor", annotations(folder, **wrong), "--images", folder / "images", "--json")
    assert (call.code, checks(call)[0], call.report["figures"]["errors"]) == (0, "unmatched-file", 1)


@pytest.mark.parametrize(
    ("name", "words"), [("", ()), ("data.yaml", ()), ("data.yaml", ("--format", "yolo"))], ids=str
)
def test_a_folder_or_a_list_of_annotation_files_is_no_configuration(
    strata: Strata, folder: Path, name: str, words: tuple[str, ...]
) -> None:
    annotations(folder)
    (folder / "yolo" / "labels").mkdir(parents=True)
    (folder / "yolo" / "data.yaml").write_text("names: [grain, void]")
    (folder / "yolo" / "labels" / "a.txt").write_text("0 .5 .5 .5 .5\n")
    call = strata("doctor", folder / "yolo" / name, "--images", folder / "images", *words, "--json")
    assert (call.code, checks(call)) == (0, ["empty-class"])


def test_a_refused_annotation_file_fails(strata: Strata, folder: Path) -> None:
    (folder / "bad.xml").write_text("<annotations><image")
    call = strata("doctor", folder / "bad.xml", "--images", folder / "images", "--json")
    assert (call.code, call.report["error"]["type"]) == (1, "LabelsError")


def test_what_is_not_for_annotation_files_or_only_for_them_is_wrong_usage(strata: Strata, folder: Path) -> None:
    words = ("doctor", annotations(folder), "--images", folder / "images")
    assert strata(*words, "--mend", folder / "mended").code == 2
    assert strata(*words, "--kind", "instance").code == 2
    assert strata(*words[:2], folder / "labels" / "a.tif", *words[2:]).code == 2
    assert strata(*labels_of(folder, "--map", "a=b")).code == 2
    assert strata("doctor", folder / "train.yaml", "--format", "cvat").code == 2


def test_the_report_goes_to_a_file(strata: Strata, folder: Path) -> None:
    call = strata(*labels_of(folder, "--out", folder / "report.json", "--json"))
    assert call.report["paths"] == {"report": str(folder / "report.json")}
    assert json.loads((folder / "report.json").read_text()) == call.report["figures"]


@pytest.mark.parametrize("text", ["data: {source: simulated}", "data: {source: labels}"])
def test_a_configuration_without_labels_fails(strata: Strata, tmp_path: Path, text: str) -> None:
    (tmp_path / "train.yaml").write_text(text)
    call = strata("doctor", tmp_path / "train.yaml", "--json")
    assert (call.code, call.report["error"]["type"]) == (1, "ConfigError")


def test_labels_or_images_that_are_not_there_fail(strata: Strata, folder: Path) -> None:
    call = strata("doctor", folder / "labels" / "b.tif", "--images", folder / "images", "--json")
    assert (call.code, call.report["error"]["type"]) == (1, "LabelsError")
    call = strata("doctor", folder / "labels" / "a.tif", "--images", folder / "pictures", "--json")
    assert (call.code, call.report["error"]["type"]) == (1, "ImageError")


def test_labels_without_a_folder_of_images_are_wrong_usage(strata: Strata, folder: Path) -> None:
    assert strata("doctor", folder / "labels" / "a.tif").code == 2
    assert strata("doctor", folder / "train.yaml", folder / "labels" / "a.tif").code == 2
