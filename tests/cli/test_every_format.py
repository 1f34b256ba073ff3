"""Every format through the command line: what goes out comes in again, pixel by pixel."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_strata.io.labels.formats import FORMATS
from napari_strata.io.tif import write_tif
from napari_strata.types import BACKGROUND, NOT_LABELLED

Strata = Callable[..., Any]

SIZE = (40, 48)
SINGLE = {"coco", "labelbox", "labelme", "voc", "voc-devkit", "via", "via-csv", "yolo"}
"""Formats that know single pictures, and refuse stacks."""
IMAGE = """<image id="0" name="a.tif" width="48" height="40">
<box label="grain" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>
<polygon label="void" points="10,10;30,12;20,30.5" z_order="1"/>
<ellipse label="grain" cx="30" cy="25" rx="9" ry="5" rotation="30" z_order="2"/>
<polyline label="rim" points="2,35;40,37" z_order="0"/>
<points label="rim" points="44.5,3.5" z_order="0"/>
<mask label="void" rle="2, 3, 1" left="40" top="30" width="3" height="2" z_order="0"/>
</image>"""
TRACK = """<track id="0" label="grain">
<box frame="0" outside="0" keyframe="1" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>
<box frame="1" outside="0" keyframe="1" xtl="6" ytl="5" xbr="16" ybr="15" z_order="0"/>
<box frame="2" outside="1" keyframe="1" xtl="6" ytl="5" xbr="16" ybr="15" z_order="0"/></track>"""
CLASSES = "grain,void,rim"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    write_tif(tmp_path / "images" / "a.tif", np.zeros(SIZE, np.uint16), "YX")
    return tmp_path / "images"


@pytest.fixture
def cvat(tmp_path: Path) -> Path:
    file = tmp_path / "cvat.xml"
    file.write_text(f"<annotations><version>1.1</version>{IMAGE}</annotations>")
    return file


def imported(strata: Strata, source: Path, images: Path, out: Path, form: str) -> np.ndarray[Any, Any]:
    words = ("--images", images, "--format", form, "--classes", CLASSES, "--out", out, "--json")
    call = strata("labels", "import", source, *words)
    assert call.code == 0, call.err
    return tifffile.imread(out / "a.tif")


@pytest.mark.parametrize("form", FORMATS)
def test_mask_codes_that_are_exported_come_back(strata: Strata, images: Path, tmp_path: Path, form: str) -> None:
    codes = np.ones(SIZE, np.uint8)
    codes[3:20, 4:30], codes[8:12, 8:14] = 2, 1  # a hole
    codes[15:30, 20:40] = 3
    codes[35, 2], codes[36, 3] = 4, 4  # touching at a corner
    (tmp_path / "labels").mkdir()
    write_tif(tmp_path / "labels" / "a.tif", codes, "YX")
    words = ("--images", images, "--classes", CLASSES, "--to", form, "--out", tmp_path / "out", "--json")
    call = strata("labels", "export", tmp_path / "labels", *words)
    assert call.code == 0, call.err
    again = imported(strata, tmp_path / "out", images, tmp_path / "again", form)
    assert np.array_equal(again, codes)


@pytest.mark.parametrize("form", FORMATS)
def test_shapes_that_are_converted_draw_the_same_pixels(
    strata: Strata, cvat: Path, images: Path, tmp_path: Path, form: str
) -> None:
    codes = imported(strata, cvat, images, tmp_path / "one", "cvat")
    assert np.unique(codes).tolist() == [1, 2, 3, 4]
    if form == "mask-codes":  # where nothing is drawn, nothing is labelled there
        codes[codes == BACKGROUND] = NOT_LABELLED
    call = strata("labels", "convert", cvat, "--images", images, "--to", form, "--out", tmp_path / "out", "--json")
    assert call.code == 0, call.err
    again = imported(strata, tmp_path / "out", images, tmp_path / "two", form)
    assert np.array_equal(again, codes)


@pytest.mark.parametrize("form", FORMATS)
def test_stacks_are_converted_or_refused_by_name(strata: Strata, tmp_path: Path, form: str) -> None:
    task = "<task><size>3</size><mode>interpolation</mode><original_size><width>48</width><height>40</height>"
    meta = f"<meta>{task}</original_size><source>a.mp4</source></task></meta>"
    (tmp_path / "video.xml").write_text(f"<annotations><version>1.1</version>{meta}{TRACK}</annotations>")
    (tmp_path / "images").mkdir()
    write_tif(tmp_path / "images" / "a.tif", np.zeros((3, *SIZE), np.uint16), "TYX")
    words = ("--images", tmp_path / "images", "--to", form, "--out", tmp_path / "out", "--json")
    call = strata("labels", "convert", tmp_path / "video.xml", *words)
    if form in SINGLE:
        assert (call.code, call.report["error"]["type"]) == (1, "LabelsError")
        assert "a.mp4 is a stack" in call.report["error"]["message"]
        assert not (tmp_path / "out").exists()
        return
    assert call.code == 0, call.err
    codes = imported(strata, tmp_path / "out", tmp_path / "images", tmp_path / "two", form)
    assert [int((frame == 2).sum()) for frame in codes] == [100, 100, 0]
    assert (codes[1, 5:15, 6:16] == 2).all()
