import json

import numpy as np
import pytest
from PIL import Image

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet
from napari_strata.io.labels.drawing import draw_codes
from napari_strata.io.labels.labelbox import FORMAT
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Points, Polyline
from tests.io.labels.fuzzing import SAMPLE, SIZE

BOX = {
    "feature_id": "clrf5csvi6ofm07lsf9pygwvi",
    "feature_schema_id": "clrf5ck4a0b9b071paa9ncu15",
    "name": "atom",
    "annotation_kind": "ImageBoundingBox",
    "classifications": [],
    "bounding_box": {"top": 5.0, "left": 5.0, "height": 10.0, "width": 10.0},
}
SQUARE = [{"x": 5, "y": 5}, {"x": 15, "y": 5}, {"x": 15, "y": 15}, {"x": 5, "y": 15}, {"x": 5, "y": 5}]
SERVER = "https://api.labelbox.com/api/v1"


def row(*objects, name="first.png", **others):
    label = {
        "label_kind": "Default",
        "version": "1.0.0",
        "id": "clr0x0ok13tvd07ea",
        "label_details": {"created_at": "2024-01-15T14:26:49.000+00:00", "created_by": "a@b.c"},
        "annotations": {"objects": list(objects), "classifications": [], "relationships": []},
    }
    return {
        "data_row": {"id": "clr0w", "global_key": "gk", "external_id": name, "row_data": "https://x/y.png"},
        "media_attributes": {"height": 24, "width": 32, "asset_type": "image", "mime_type": "image/png"},
        "projects": {"clpk2": {"name": "Lattice", "labels": [label], "project_details": {}}},
    } | others


@pytest.fixture
def read(tmp_path):
    def read_rows(*rows):
        path = tmp_path / "export.ndjson"
        path.write_text("\n".join(json.dumps(one) for one in rows) + "\n", encoding="utf-8")
        assert FORMAT.recognises(path)
        return FORMAT.read(path, {})

    return read_rows


def drawn(annotations):
    codes = {one.label: code for code, one in enumerate(annotations, start=2)}
    return draw_codes(annotations, SIZE, codes, outside=0)


def test_a_box_of_ten_by_ten_has_a_hundred_pixels(read):
    found = read(row(BOX))
    (one,) = found.images[0].annotations
    assert one.shape == Box(4.5, 4.5, 14.5, 14.5)
    assert (drawn([one]) == 2).sum() == 100
    assert (found.images[0].name, found.images[0].size) == ("first.png", SIZE)


def test_a_polygon_that_ends_where_it_began_has_a_hundred_pixels(read):
    stated = {"name": "atom", "annotation_kind": "ImagePolygon", "polygon": SQUARE}
    (one,) = read(row(stated)).images[0].annotations
    assert len(one.shape.rings[0]) == 4
    assert (drawn([one]) == 2).sum() == 100


def test_lines_and_points_are_read(read):
    line = {"name": "grain", "line": [{"x": 0.5, "y": 0.5}, {"x": 4.5, "y": 0.5}]}
    point = {"name": "atom", "annotation_kind": "ImagePoint", "point": {"x": 5.99, "y": 4.0}}
    first, second = read(row(line, point)).images[0].annotations
    assert isinstance(first.shape, Polyline)
    assert isinstance(second.shape, Points)
    assert np.argwhere(drawn([second])).tolist() == [[4, 5]]


def test_answers_to_questions_are_attributes(read):
    asked = [
        {"name": "element", "radio_answer": {"name": "Mo", "classifications": []}},
        {"name": "damage", "checklist_answers": [{"name": "bent"}, {"name": "holed"}]},
        {"name": "note", "text_answer": {"content": "look"}},
    ]
    (one,) = read(row(BOX | {"classifications": asked})).images[0].annotations
    assert one.attributes == {"element": "Mo", "damage": "bent, holed", "note": "look"}


@pytest.mark.parametrize("place", ["feature_id", "address"])
def test_masks_are_looked_for_beside_the_export(read, tmp_path, place):
    pixels = np.zeros(SIZE, np.uint8)
    pixels[5:15, 5:15] = 255
    (tmp_path / "masks").mkdir()
    if place == "feature_id":
        Image.fromarray(pixels).save(tmp_path / "masks" / "cl1.png")
        address = f"{SERVER}/projects/p/annotations/cl1/index/1/mask"
    else:
        Image.fromarray(np.stack([pixels] * 3, axis=-1)).save(tmp_path / "m 1.png")
        address = "https://storage.labelbox.com/a/m%201.png?Expires=99"
    stated = {
        "feature_id": "cl1",
        "name": "atom",
        "annotation_kind": "ImageSegmentationMask",
        "mask": {"url": address},
    }
    (one,) = read(row(stated)).images[0].annotations
    assert isinstance(one.shape, PixelMask)
    assert (one.shape.top, one.shape.left, one.shape.pixels.sum()) == (5, 5, 100)


def test_objects_of_a_composite_mask_are_told_by_their_colour(read, tmp_path):
    pixels = np.zeros((*SIZE, 3), np.uint8)
    pixels[:2], pixels[4] = (142, 220, 196), (1, 2, 3)
    Image.fromarray(pixels).save(tmp_path / "all.png")
    stated = [
        {"name": name, "composite_mask": {"url": f"{SERVER}/all.png", "color_rgb": color}}
        for name, color in (("atom", [142, 220, 196]), ("grain", [1, 2, 3]))
    ]
    first, second = read(row(*stated)).images[0].annotations
    assert (drawn([first]) == 2).sum() == 64
    assert (drawn([second]) == 2).sum() == 32


def test_masks_without_a_file_are_told_by_name(read):
    stated = {
        "feature_id": "cl7",
        "name": "atom",
        "mask": {"url": f"{SERVER}/projects/p/annotations/cl7/index/1/mask"},
    }
    found = read(row(stated, BOX))
    assert len(found.images[0].annotations) == 1
    assert found.warnings == ("1 mask without a file beside the export (cl7.png) was passed over.",)


def test_masks_outside_the_folder_are_never_read(read, tmp_path):
    Image.fromarray(np.ones(SIZE, np.uint8)).save(tmp_path.parent / "secret.png")
    stated = {"name": "atom", "mask": {"url": "../secret.png"}, "feature_id": "../secret"}
    assert read(row(stated)).images[0].annotations == ()


def test_a_mask_of_another_size_than_its_image_is_refused(read, tmp_path):
    Image.fromarray(np.ones((3, 3), np.uint8)).save(tmp_path / "cl1.png")
    with pytest.raises(LabelsError, match="another size"):
        read(row({"feature_id": "cl1", "name": "atom", "mask": {"url": ""}}))


def test_what_has_no_place_here_is_passed_over_and_told(read):
    twice = row(BOX)
    twice["projects"]["clpk2"]["labels"] *= 2
    video = row(name="film.mp4")
    video["projects"]["clpk2"]["labels"][0]["annotations"] = {"frames": {"1": {"objects": {}}}, "segments": {}}
    found = read(
        twice, video, row({"name": "a", "annotation_kind": "ImageRelation"}, {"name": "a", "polygon": SQUARE[:2]})
    )
    assert [len(one.annotations) for one in found.images] == [1, 0, 0]
    assert found.warnings == (
        "1 further label of an image (first.png) was passed over.",
        "1 video (film.mp4) was passed over.",
        "1 object without a shape (ImageRelation) was passed over.",
        "1 polygon of less than 3 vertices was passed over.",
    )


def test_a_list_of_rows_in_the_older_format_is_read(tmp_path):
    path = tmp_path / "export.json"
    objects = [{"featureId": "f", "title": "atom", "value": "atom", "bbox": BOX["bounding_box"]}]
    old = {"ID": "c", "External ID": "old.png", "Labeled Data": "https://x", "Label": {"objects": objects}}
    path.write_text(json.dumps([old]))
    assert FORMAT.recognises(path)
    (image,) = FORMAT.read(tmp_path, {}).images
    assert (image.name, image.size, len(image.annotations)) == ("old.png", None, 1)


@pytest.mark.parametrize(
    "one",
    [
        BOX | {"bounding_box": [1, 2, 3, 4]},
        BOX | {"bounding_box": {"top": 1}},
        BOX | {"name": None},
        {"name": "atom", "polygon": [{"x": 1}] * 3},
        {"name": "atom", "polygon": {"x": 1}},
        {"name": "atom", "point": [1, 2]},
        {"name": "atom", "line": [{"x": 1e300, "y": 0}] * 2},
        3,
    ],
)
def test_what_cannot_be_is_refused(read, one):
    with pytest.raises(LabelsError, match="is refused"):
        read(row(one))


def test_ten_million_rows_are_refused(tmp_path):
    path = tmp_path / "export.ndjson"
    path.write_bytes(b'{"data_row":1}\n' * 2_000_000)
    with pytest.raises(LabelsError, match="100,000 rows"):
        FORMAT.read(path, {})


def test_every_shape_comes_back_as_it_was_or_as_the_same_pixels(tmp_path):
    FORMAT.write(SAMPLE, tmp_path)
    back = FORMAT.read(tmp_path, {})
    assert back.warnings == ()
    for was, found in zip(SAMPLE.images, back.images, strict=True):
        assert (found.name, found.size) == (was.name, was.size)
        for before, after in zip(was.annotations, found.annotations, strict=True):
            assert type(after.shape) is (PixelMask if isinstance(before.shape, Ellipse) else type(before.shape))
            assert np.array_equal(drawn([after]), drawn([before]))


def test_turned_boxes_and_several_points_come_back_as_the_same_pixels(tmp_path):
    points = Points(np.array([(1.0, 1.0), (5.0, 6.0)]))
    annotations = (Annotation(Box(4, 4, 12, 20, 33.0), "atom"), Annotation(points, "grain"))
    FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, annotations),)), tmp_path)
    back = FORMAT.read(tmp_path, {}).images[0].annotations
    codes = {"atom": 2, "grain": 3}
    assert np.array_equal(
        draw_codes(back, SIZE, codes, outside=0), draw_codes(annotations, SIZE, codes, outside=0)
    )


def test_what_is_said_of_an_object_comes_back(tmp_path):
    one = Annotation(Box(0, 0, 3, 3), "ä", 0, 5, True, "auto", {"element": "Mo"})
    FORMAT.write(AnnotationSet((), (AnnotatedImage("b/ü.png", SIZE, (one,)),)), tmp_path)
    (back,) = FORMAT.read(tmp_path, {}).images
    assert (back.name, back.annotations) == ("b/ü.png", (one,))


def test_masks_of_images_with_odd_names_come_back(tmp_path):
    image = AnnotatedImage("a #1 50%41.png", SIZE, (Annotation(Ellipse(5, 5, 3, 3), "atom"),))
    FORMAT.write(AnnotationSet((), (image,)), tmp_path)
    (back,) = FORMAT.read(tmp_path, {}).images
    assert np.array_equal(drawn(back.annotations), drawn(image.annotations))


def test_what_labelbox_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    ellipse = Annotation(Ellipse(5, 5, 3, 3), "atom")
    for image in (AnnotatedImage("a.tif", SIZE, (), 1), AnnotatedImage("a.png", None, (ellipse,))):
        with pytest.raises(LabelsError):
            FORMAT.write(AnnotationSet((), (image,)), tmp_path / "new")
    assert not (tmp_path / "new").exists()
