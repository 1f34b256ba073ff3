"""Label files of an import, taken for something else than its classes.json says."""

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
model: {{architecture: unet, layers: 1, filters: [4, 8], pixel_size: null}}
data: {{source: labels, images: [images/a.tif], labels: [labels/a.tif], classes: {classes}}}
training: {{epochs: 1, steps_per_epoch: 1, batch_size: 1, patch_size: 32, device: cpu}}
"""


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes an image, its labels as an import does, and a configuration."""

    def write(classes: str = "[coin, dirt]", *, values: tuple[int, ...] = (1, 2, 3), **stated: Any) -> Path:
        labels = np.full((32, 32), values[0], np.uint8)
        labels[4:28, 2:12], labels[4:28, 18:28] = values[1:]
        for name in ("images", "labels"):
            (tmp_path / name).mkdir(exist_ok=True)
        write_images(np.random.default_rng(0).random((32, 32), np.float32), tmp_path / "images" / "a.tif")
        write_tif(tmp_path / "labels" / "a.tif", labels, "YX")
        names = enumerate(("coin", "dirt"), start=2)
        entries = tuple(ClassEntry(name=name, color="#ff0000", code=code) for code, name in names)
        image = ImageEntry(file="a.tif", image=None, name="a.tif", source="cvat.xml", pixels={})
        kind = {"kind": "semantic", **stated}
        content = ClassFile(**kind, outside="background", classes=entries, images=(image,))
        write_class_file(content, tmp_path / "labels")
        (tmp_path / "train.yaml").write_text(CONFIG.format(classes=classes))
        return tmp_path

    return write


def findings(call: Any) -> list[tuple[str, str]]:
    return [(one["check"], one["severity"]) for one in call.report["figures"]["findings"]]


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"kind": "instance"}, "it holds numbers of objects, and no mask codes"),
        ({"one_hot": True}, "it holds a plane for each class, and no mask codes"),
    ],
)
def test_numbers_of_objects_and_planes_are_not_trained_on(
    strata: Strata, imported: Callable[..., Path], stated: dict[str, Any], words: str
) -> None:
    folder = imported(values=(0, 1, 2), **stated)
    call = strata("train", folder / "train.yaml", "--out", folder / "run", "--json")
    assert (call.code, call.report["error"]["type"]) == (1, "LabelsError")
    assert words in call.report["error"]["message"]
    assert "napari-strata labels import" in call.report["error"]["remedy"]
    assert not (folder / "run").exists()


def test_the_doctor_finds_numbers_of_objects_in_a_configuration(
    strata: Strata, imported: Callable[..., Path]
) -> None:
    folder = imported(values=(0, 1, 2), kind="instance")
    assert findings(strata("doctor", folder / "train.yaml", "--json")) == [("label-type", "error")]


def test_numbers_of_objects_in_a_folder_are_one_finding(strata: Strata, imported: Callable[..., Path]) -> None:
    folder = imported(values=(0, 1, 2), kind="instance")
    call = strata("doctor", folder / "labels", "--images", folder / "images", "--json")
    assert findings(call) == [("label-type", "error")]


def test_swapped_classes_are_not_trained_on(strata: Strata, imported: Callable[..., Path]) -> None:
    folder = imported("[dirt, coin]")
    call = strata("train", folder / "train.yaml", "--out", folder / "run", "--json")
    assert call.code == 1
    assert "coin is 2 there and 3 here, dirt is 3 there and 2 here" in call.report["error"]["message"]
    assert call.report["error"]["remedy"] == "Write classes: [coin, dirt]."


def test_the_doctor_finds_swapped_classes(strata: Strata, imported: Callable[..., Path]) -> None:
    folder = imported("[dirt, coin]")
    call = strata("doctor", folder / "train.yaml", "--json")
    assert findings(call) == [("class-order", "error")]
    assert "The names are swapped against classes.json" in call.report["figures"]["findings"][0]["message"]
    words = ("--images", folder / "images", "--classes", "dirt,coin", "--json")
    assert findings(strata("doctor", folder / "labels", *words)) == [("class-order", "error")]


def test_other_names_are_trained_on_with_a_warning(strata: Strata, imported: Callable[..., Path]) -> None:
    folder = imported("[coin, earth]")
    assert findings(strata("doctor", folder / "train.yaml", "--json")) == [("class-order", "warning")]
    call = strata("train", folder / "train.yaml", "--out", folder / "run", "--json")
    assert call.code == 0
    assert "Names differ from classes.json: 3 is dirt there and earth here." in call.err


def test_the_classes_of_an_import_are_found_well(strata: Strata, imported: Callable[..., Path]) -> None:
    assert findings(strata("doctor", imported() / "train.yaml", "--json")) == []


def test_a_list_of_another_program_says_nothing(strata: Strata, imported: Callable[..., Path]) -> None:
    folder = imported("[dirt, coin]")
    (folder / "labels" / "classes.json").write_text('{"2": "coin"}')
    assert findings(strata("doctor", folder / "train.yaml", "--json")) == []
