import csv
import json

import numpy as np
import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet
from napari_strata.io.labels.shapes import Box, Ellipse, Points, Polyline
from napari_strata.io.labels.via import FORMAT
from napari_strata.io.labels.via_csv import FORMAT as TABLE
from tests.io.labels.round_trips import SHAPES, SIZE, pixels, set_of, square, written_and_read

SQUARE = {"name": "polygon", "all_points_x": [5, 15, 15, 5], "all_points_y": [5, 5, 15, 15]}
KINDS = (
    {"name": "rect", "x": 5, "y": 6, "width": 10, "height": 20},
    {"name": "circle", "cx": 20, "cy": 10, "r": 4.5},
    {"name": "ellipse", "cx": 20, "cy": 10, "rx": 8, "ry": 4, "theta": np.pi / 6},
    {"name": "polyline", "all_points_x": [1, 3], "all_points_y": [2, 4]},
    {"name": "point", "cx": 7, "cy": 9},
)


def picture(*shapes, name="a.jpg", attributes=None):
    regions = [{"shape_attributes": shape, "region_attributes": attributes or {}} for shape in shapes]
    return {f"{name}1234": {"filename": name, "size": 1234, "regions": regions, "file_attributes": {}}}


@pytest.fixture
def write(tmp_path):
    def write(document, name="via.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document), "utf-8")
        return path

    return write


@pytest.fixture
def write_table(tmp_path):
    def write_table(*rows, first="filename"):
        path = tmp_path / "via.csv"
        header = (
            f"{first} file_size file_attributes region_count region_id region_shape_attributes region_attributes"
        )
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header.split(), *rows])
        return path

    return write_table


def labels(read):
    return [one.label for image in read.images for one in image.annotations]


def test_a_project_and_its_annotations_alone_are_read_alike(write):
    alone = picture(SQUARE, attributes={"kind": "grain"})
    project = {"_via_settings": {}, "_via_img_metadata": alone, "_via_attributes": {"region": {}, "file": {}}}
    for document in (alone, project):
        path = write(document)
        assert FORMAT.recognises(path)
        read = FORMAT.read(path, {})
        assert read.images[0].name == "a.jpg"
        assert labels(read) == ["grain"]
        assert np.array_equal(pixels(read.images[0]), square(5, 5, 15, 15))


def test_regions_by_number_as_version_1_has_them_are_read(write):
    document = picture(SQUARE)
    document["a.jpg1234"]["regions"] = dict(enumerate(document["a.jpg1234"]["regions"]))
    assert len(FORMAT.read(write(document), {}).images[0].annotations) == 1


def test_every_kind_of_shape_is_read(write):
    box, circle, ellipse, line, point = (
        one.shape for one in FORMAT.read(write(picture(*KINDS)), {}).images[0].annotations
    )
    assert box == Box(5.5, 4.5, 25.5, 14.5)
    assert circle == Ellipse(9.5, 19.5, 4.5, 4.5)
    assert (ellipse.y, ellipse.x, ellipse.radius_y, ellipse.radius_x) == (9.5, 19.5, 4, 8)
    assert ellipse.angle == pytest.approx(30)
    assert isinstance(line, Polyline)
    assert isinstance(point, Points)
    assert point.vertices.tolist() == [[8.5, 6.5]]


def test_a_table_holds_several_images_with_and_without_regions(write_table):
    path = write_table(
        ["a.jpg", 10, "{}", 2, 0, json.dumps(SQUARE), '{"class": "grain", "quality": "good"}'],
        ["a.jpg", 10, "{}", 2, 1, json.dumps(KINDS[0]), '{"class": "hole"}'],
        ["b.jpg", 10, "{}", 0, 0, "{}", "{}"],
        first="#filename",
    )
    assert FORMAT.recognises(path)
    read = FORMAT.read(path, {})
    assert [(image.name, len(image.annotations)) for image in read.images] == [("a.jpg", 2), ("b.jpg", 0)]
    assert labels(read) == ["grain", "hole"]
    assert read.images[0].annotations[0].attributes == {"quality": "good"}


@pytest.mark.parametrize(
    ("attributes", "label"),
    [
        ({"phase": "beta"}, "beta"),
        ({"phase": "beta", "Type": "void"}, "void"),
        ({"phase": "beta", "name": "n", "class": "c"}, "c"),
        ({"kind": {"grain": True, "edge": False, "dark": True}}, "grain+dark"),
        ({"phase": 7}, "7"),
        ({"phase": ""}, "object"),
        ({}, "object"),
    ],
)
def test_the_class_is_the_attribute_named_so_or_the_only_one(write, attributes, label):
    assert labels(FORMAT.read(write(picture(SQUARE, attributes=attributes)), {})) == [label]


def test_attributes_none_of_which_is_the_class_give_one_class_and_a_warning(write):
    read = FORMAT.read(write(picture(SQUARE, attributes={"phase": "beta", "twin": "no"})), {})
    assert labels(read) == ["object"]
    assert "phase, twin" in read.warnings[0]


def test_options_of_the_class_attribute_are_its_classes(write):
    stated = {"region": {"class": {"type": "dropdown", "options": {"grain": "", "hole": ""}}}, "file": {}}
    document = {"_via_img_metadata": picture(SQUARE, attributes={"class": "hole"}), "_via_attributes": stated}
    assert [one.name for one in FORMAT.read(write(document), {}).classes] == ["grain", "hole"]


@pytest.mark.parametrize("label_format", [FORMAT, TABLE], ids=["project", "table"])
@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_comes_back_with_its_pixels(kind, label_format, tmp_path):
    drawn = set_of(Annotation(SHAPES[kind], "grain", instance=5), name="x/micrograph.tif")
    (image,) = written_and_read(label_format, drawn, tmp_path).images
    assert (image.name, image.size) == ("x/micrograph.tif", SIZE)
    assert {one.instance for one in image.annotations} == {5}
    assert np.array_equal(pixels(image), pixels(drawn.images[0]))


def test_images_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(LabelsError, match="occurs twice"):
        FORMAT.write(AnnotationSet((), set_of().images * 2), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "shape",
    [
        {"name": "spiral"},
        {},
        {"name": "rect", "x": 5, "y": 6, "width": 10},
        {"name": "rect", "x": "NaN", "y": 6, "width": 10, "height": 3},
        {"name": "ellipse", "cx": 1, "cy": 1, "rx": 1e12, "ry": 1},
        {"name": "polygon", "all_points_x": [1, 2], "all_points_y": [1, 2, 3]},
        {"name": "polygon", "all_points_x": 5, "all_points_y": [1, 2, 3]},
        {"name": "polygon", "all_points_x": [1, None, 3], "all_points_y": [1, 2, 3]},
        {"name": ["rect"]},
    ],
)
def test_a_region_that_makes_no_sense_is_refused(write, shape):
    with pytest.raises(LabelsError):
        FORMAT.read(write(picture(shape)), {})


def test_a_table_without_its_columns_is_refused(tmp_path):
    path = tmp_path / "via.csv"
    path.write_text("filename,region_shape_attributes\na.jpg,{}\n")
    with pytest.raises(LabelsError, match="no column region_attributes"):
        FORMAT.read(path, {})


def test_a_folder_of_files_is_recognised_and_read(write, tmp_path):
    write(picture(SQUARE), "one.json")
    write(picture(SQUARE, name="b.jpg"), "two.json")
    (tmp_path / "notes.json").write_text("{}")
    assert FORMAT.recognises(tmp_path)
    assert [image.name for image in FORMAT.read(tmp_path, {}).images] == ["a.jpg", "b.jpg"]


def test_a_folder_that_was_written_here_is_recognised(tmp_path):
    FORMAT.write(set_of(Annotation(SHAPES["box"], "a")), tmp_path)
    assert FORMAT.recognises(tmp_path)


def test_a_folder_without_files_of_via_is_refused(tmp_path):
    assert not FORMAT.recognises(tmp_path)
    with pytest.raises(LabelsError, match="no file of VIA"):
        FORMAT.read(tmp_path, {})


def test_a_table_is_written_as_via_has_it(tmp_path):
    drawn = set_of(Annotation(Box(4.5, 5.5, 14.5, 15.5), 'a, "b"', attributes={"quality": "good"}))
    empty = AnnotatedImage("b.tif", None, ())
    (file,) = TABLE.write(AnnotationSet(drawn.classes, (*drawn.images, empty)), tmp_path)
    with file.open(newline="", encoding="utf-8") as text:
        first, second = csv.DictReader(text)
    assert json.loads(first["region_shape_attributes"]) == {
        "name": "rect", "x": 6.0, "y": 5.0, "width": 10.0, "height": 10.0
    }  # fmt: skip
    assert json.loads(first["region_attributes"]) == {"quality": "good", "class": 'a, "b"'}
    assert (first["region_count"], second["region_count"], second["region_shape_attributes"]) == ("1", "0", "{}")
    read = TABLE.read(file, {})
    assert [(one.name, one.size, len(one.annotations)) for one in read.images] == [
        ("micrograph.tif", SIZE, 1),
        ("b.tif", None, 0),
    ]
    assert (read.format, labels(read)) == ("via-csv", ['a, "b"'])


def test_a_folder_of_tables_is_one_unless_a_project_lies_in_it(write, tmp_path):
    assert not TABLE.recognises(tmp_path)
    TABLE.write(set_of(Annotation(SHAPES["box"], "a")), tmp_path)
    assert TABLE.recognises(tmp_path)
    write(picture(SQUARE))
    assert not TABLE.recognises(tmp_path)


@pytest.mark.parametrize("label_format", [FORMAT, TABLE], ids=["project", "table"])
def test_stacks_are_not_written(label_format, tmp_path):
    with pytest.raises(LabelsError, match="single pictures"):
        label_format.write(set_of(Annotation(SHAPES["box"], "a"), frame=1), tmp_path)
    assert not list(tmp_path.iterdir())
