import numpy as np
import pytest
from PIL import Image

from napari_strata.annotation.candidates import Candidate, SizesByStem
from napari_strata.errors import LabelsError
from napari_strata.io.image_folder import find_images
from napari_strata.io.labels.annotations import Annotation, AnnotationSet
from napari_strata.io.labels.shapes import Box, Points, Polygon
from napari_strata.io.labels.yolo import FORMAT
from tests.io.labels.round_trips import SHAPES, SIZE, pixels, set_of, square, written_and_read

STEM = "cells_jpg.rf.0123456789abcdef"
SQUARE = "0 0.15625 0.2083333333333333 0.15625 0.2083333333333333\n"  # x 5 to 15 of 64, y 5 to 15 of 48
NAMES = (
    "train: ../train/images\nval: ../valid/images\n\nnc: 2\nnames: ['grain', 'no']\n\nroboflow:\n  version: 1\n"
)


@pytest.fixture
def export(tmp_path):
    """Make an export as Roboflow makes it."""

    def export(text, yaml=NAMES, size=SIZE, split="train"):
        for folder in ("images", "labels"):
            (tmp_path / split / folder).mkdir(parents=True)
        if size:
            Image.new("L", size[::-1]).save(tmp_path / split / "images" / f"{STEM}.jpg")
        (tmp_path / split / "labels" / f"{STEM}.txt").write_text(text)
        (tmp_path / "README.roboflow.txt").write_text("Exported on a day\n")
        if yaml:
            (tmp_path / "data.yaml").write_text(yaml)
        return tmp_path

    return export


def read_one(path, sizes=None):
    (image,) = FORMAT.read(path, sizes or {}).images
    return image


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_box_of_a_roboflow_export_has_a_hundred_pixels(export, split):
    path = export(SQUARE, split=split)
    assert FORMAT.recognises(path)
    assert FORMAT.recognises(path / "data.yaml")
    image = read_one(path)
    assert (image.name, image.size) == (STEM, SIZE)
    assert image.annotations[0].label == "grain"
    assert np.array_equal(pixels(image), square(5, 5, 15, 15))


def test_a_polygon_is_placed_by_the_corner_of_the_first_pixel(export):
    image = read_one(export("1 0.0 0.0 0.5 0 0.5 0.25 0 0.25\n"))
    (annotation,) = image.annotations
    assert (annotation.label, isinstance(annotation.shape, Polygon)) == ("no", True)
    assert np.array_equal(pixels(image), square(0, 0, 12, 32))


@pytest.mark.parametrize(
    "yaml", ["names:\n  0: grain\n  1: no\n", "nc: 2\nnames:\n- grain\n- no\n", "names: {'0': grain, '1': no}\n"]
)
def test_class_names_are_a_list_or_a_mapping(export, yaml):
    assert [one.name for one in FORMAT.read(export(SQUARE, yaml), {}).classes] == ["grain", "no"]


def test_without_names_classes_are_numbered(export):
    assert read_one(export(SQUARE, yaml="")).annotations[0].label == "class 0"


def test_a_confidence_after_a_box_is_kept(export):
    (annotation,) = read_one(export(SQUARE.strip() + " 0.93\n")).annotations
    assert annotation.attributes == {"confidence": "0.93"}
    assert isinstance(annotation.shape, Box)


def test_a_flat_folder_takes_its_names_from_classes_txt(tmp_path):
    (tmp_path / "a.txt").write_text(SQUARE)
    (tmp_path / "classes.txt").write_text("grain\nhole\n")
    assert FORMAT.recognises(tmp_path)
    image = read_one(tmp_path, {"a": SIZE})
    assert (image.name, image.annotations[0].label) == ("a", "grain")
    assert read_one(tmp_path / "a.txt", {"a": SIZE}).annotations[0].label == "grain"


def test_the_image_at_hand_tells_the_size_before_that_of_the_export(export):
    path = export(SQUARE)
    assert read_one(path, {STEM: (96, 128)}).size == (96, 128)
    assert read_one(path, {"cells": (24, 32)}).size == (24, 32)


def test_an_image_without_a_label_file_has_nothing_drawn_on_it(export):
    path = export(SQUARE)
    Image.new("L", (7, 5)).save(path / "train" / "images" / "empty.jpg")
    empty = FORMAT.read(path, {}).images[1]
    assert (empty.name, empty.size, empty.annotations) == ("empty", (5, 7), ())


def test_a_size_that_nobody_knows_is_asked_for(export):
    with pytest.raises(LabelsError, match=r"whose size nobody knows.*folder of the images"):
        FORMAT.read(export(SQUARE, size=None), {})


@pytest.mark.parametrize(
    "row",
    [
        "0 0.1 0.1 0.1",
        "0 0.1 nan 0.1 0.1",
        "0.5 0.1 0.1 0.1 0.1",
        "-1 0.1 0.1 0.1 0.1",
        "cell 0.1 0.1 0.1 0.1",
        "0 120 80 30 20",
        "0 inf 0.1 0.1 0.1",
        "1e99 0.1 0.1 0.1 0.1",
    ],
)
def test_a_row_that_makes_no_sense_is_refused(export, row):
    with pytest.raises(LabelsError, match=r"row 2|number"):
        FORMAT.read(export(f"{SQUARE}{row}\n"), {})


@pytest.mark.parametrize(
    "yaml",
    [
        "names: [&a [x], *a]\n",
        "names: " + "[" * 5000 + "\n",
        "names: {x: y}\n",
        "names: [[1]]\n",
        "names: [\n",
        "names: [x]\n" + "#" * 300_000,
    ],
)
def test_strange_yaml_is_refused(export, yaml):
    with pytest.raises(LabelsError):
        FORMAT.read(export(SQUARE, yaml), {})


def test_upright_boxes_alone_are_written_as_detections(tmp_path):
    boxes = set_of(Annotation(SHAPES["box"], "grain"), Annotation(SHAPES["box of any size"], "hole"))
    yaml, file = FORMAT.write(boxes, tmp_path)
    assert (yaml.name, file.relative_to(tmp_path).as_posix()) == ("data.yaml", "labels/micrograph.txt")
    assert [len(line.split()) for line in file.read_text().splitlines()] == [5, 5]
    assert file.read_text().splitlines()[0] == "0 0.171875 0.20833333333333334 0.15625 0.20833333333333334"


@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_comes_back_with_its_pixels(kind, tmp_path):
    drawn = set_of(Annotation(SHAPES[kind], "grain"))
    (image,) = written_and_read(FORMAT, drawn, tmp_path, {"micrograph": SIZE}).images
    assert np.array_equal(pixels(image), pixels(drawn.images[0]))
    assert len(image.annotations) == 1


@pytest.mark.parametrize("kind", SHAPES)
def test_nothing_written_lies_beyond_the_image(kind, tmp_path):
    _, file = FORMAT.write(set_of(Annotation(SHAPES[kind], "grain"), Annotation(SHAPES["line"], "x")), tmp_path)
    places = np.array([float(word) for line in file.read_text().splitlines() for word in line.split()[1:]])
    assert places.min() >= 0
    assert places.max() <= 1


def test_what_lies_outside_the_image_is_left_out(tmp_path):
    _, file = FORMAT.write(set_of(Annotation(Points(np.array([(-5.0, 3.0)])), "grain")), tmp_path)
    assert file.read_text() == ""


def test_an_image_of_unknown_size_is_refused_before_anything_is_written(tmp_path):
    known = set_of(Annotation(SHAPES["box"], "grain"), name="a.tif")
    unknown = set_of(Annotation(SHAPES["box"], "grain"), name="b.tif", size=None)
    with pytest.raises(LabelsError, match=r"b\.tif"):
        FORMAT.write(AnnotationSet(known.classes, known.images + unknown.images), tmp_path)
    assert not list(tmp_path.iterdir())


def test_images_of_one_name_and_different_sizes_do_not_hinder_others(export, tmp_path):
    images = tmp_path / "images"
    for name, size in (("a/x.png", (10, 10)), ("b/x.png", (20, 10)), (f"{STEM}.png", SIZE[::-1])):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size).save(images / name)
    sizes = SizesByStem(map(Candidate.of_file, find_images(images)))
    assert read_one(export(SQUARE, size=None), sizes).size == SIZE
