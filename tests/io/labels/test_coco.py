import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from napari_strata.errors import LabelsError
from napari_strata.io.labels import coco
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass
from napari_strata.io.labels.coco import FORMAT
from napari_strata.io.labels.drawing import draw_codes, draw_objects
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Polygon
from tests.io.labels.fuzzing import SAMPLE, SIZE

IMAGE = {
    "id": 1,
    "width": 32,
    "height": 24,
    "file_name": "first.png",
    "license": 0,
    "coco_url": "",
    "date_captured": 0,
}
SQUARE = [5, 5, 15, 5, 15, 15, 5, 15]


def document(*annotations, images=(IMAGE,), categories=({"id": 7, "name": "atom", "supercategory": ""},)):
    listed = [
        {"id": number, "image_id": 1, "category_id": 7, "iscrowd": 0, "area": 0.0} | one
        for number, one in enumerate(annotations, start=1)
    ]
    return {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "description": "", "url": "", "version": "", "year": ""},
        "categories": list(categories),
        "images": list(images),
        "annotations": listed,
    }


@pytest.fixture
def read(tmp_path):
    def read_document(content):
        path = tmp_path / "instances_default.json"
        path.write_text(json.dumps(content))
        assert FORMAT.recognises(path)
        return FORMAT.read(path, {})

    return read_document


def drawn(annotations, size=SIZE):
    codes = {one.label: code for code, one in enumerate(annotations, start=2)}
    return draw_codes(annotations, size, codes, outside=0)


def test_a_bbox_alone_of_ten_by_ten_has_a_hundred_pixels(read):
    for nothing in ({}, {"segmentation": []}, {"segmentation": None}):
        (one,) = read(document({"bbox": [5.0, 5.0, 10.0, 10.0]} | nothing)).images[0].annotations
        assert one.shape == Box(4.5, 4.5, 14.5, 14.5)
        assert (one.label, (drawn([one]) == 2).sum()) == ("atom", 100)


def test_a_polygon_of_the_same_corners_has_a_hundred_pixels(read):
    (one,) = read(document({"segmentation": [SQUARE], "bbox": [5, 5, 10, 10]})).images[0].annotations
    assert isinstance(one.shape, Polygon)
    assert (drawn([one]) == 2).sum() == 100


def test_several_polygons_are_one_object(read):
    two = {"segmentation": [SQUARE, [20, 0, 22, 0, 22, 2, 20, 2], [10, 10, 20, 10, 20, 20, 10, 20]]}
    annotations = read(document(two)).images[0].annotations
    _, objects = draw_objects(annotations, SIZE, ["atom"])
    assert [one.pixels for one in objects] == [100 + 4 + 100 - 25]


@pytest.mark.parametrize("counts", [[25, 2, 22, 2, 717], "i02f00ge0"])
def test_run_lengths_go_down_the_columns_compressed_or_not(read, counts):
    (one,) = (
        read(document({"segmentation": {"size": [24, 32], "counts": counts}, "iscrowd": 1})).images[0].annotations
    )
    assert np.argwhere(drawn([one])).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert one.attributes == {"iscrowd": "1"}


def test_ids_may_be_names_and_classes_keep_their_colours(read):
    images = [IMAGE | {"id": "b/2", "file_name": "second.png"}, IMAGE]
    classes = [
        {"id": "a", "name": "atom", "color": "#FF8000"},
        {"id": 3, "name": "grain", "color": [0, 128, 255]},
        {"id": 0, "name": "hole", "color": "red"},
    ]
    content = document(
        {"image_id": "b/2", "category_id": "a", "bbox": [0, 0, 1, 1]}, images=images, categories=classes
    )
    found = read(content)
    assert [(one.name, len(one.annotations)) for one in found.images] == [("second.png", 1), ("first.png", 0)]
    assert found.classes == (FileClass("atom", "#ff8000"), FileClass("grain", "#0080ff"), FileClass("hole"))


def test_what_is_said_of_an_annotation_is_kept(read):
    stated = {"occluded": True, "rotation": 0.0, "element": "Mo", "nested": {"a": 1}, "source": "auto"}
    (one,) = read(document({"bbox": [0, 0, 1, 1], "attributes": stated, "score": 0.5})).images[0].annotations
    assert one.attributes == {"rotation": "0.0", "element": "Mo", "score": "0.5"}
    assert (one.occluded, one.source) == (True, "auto")


def test_an_image_without_a_size_and_a_class_without_a_name_are_read(read):
    content = document({"bbox": [0, 0, 1, 1], "category_id": 99}, images=[{"id": 1, "file_name": "a.png"}])
    found = read(content)
    assert found.images[0].size is None
    assert found.images[0].annotations[0].label == "class 99"


def test_what_has_no_place_here_is_passed_over_and_told(read):
    found = read(
        document(
            {"image_id": 5, "bbox": [0, 0, 1, 1]},
            {"keypoints": [1, 2, 2], "num_keypoints": 1},
            {"segmentation": [[1, 2, 3, 4]]},
            {"segmentation": [[]]},
            {"segmentation": {"size": [24, 32], "counts": [768]}},
        )
    )
    assert found.images[0].annotations == ()
    assert found.warnings == (
        "1 annotation of images that are not listed (5) was passed over.",
        "1 annotation without a segmentation or a bbox was passed over.",
        "2 polygons of less than 3 vertices were passed over.",
        "1 empty mask was passed over.",
    )


@pytest.mark.parametrize(
    "one",
    [
        {"bbox": [0, 0, 1]},
        {"bbox": [0, 0, 1, "x"]},
        {"bbox": {"a": 1}},
        {"segmentation": [[1, 2, 3]]},
        {"segmentation": [[1, 2, 3, 4, 5, None]]},
        {"segmentation": [[1, 2, 3, 4, 5, 1e300]]},
        {"segmentation": "x"},
        {"segmentation": {"size": [24, 32], "counts": [767]}},
        {"segmentation": {"size": [24, 32], "counts": [0, 769]}},
        {"segmentation": {"size": [24, 32], "counts": "zz"}},
        {"segmentation": {"size": [32, 24], "counts": [768]}},
        {"segmentation": {"size": [100000, 100000], "counts": [10**10]}},
        {"segmentation": {"counts": [768]}},
        {"bbox": [0, 0, 1, 1], "category_id": []},
        {"bbox": [0, 0, 1, 1], "image_id": {}},
    ],
)
def test_what_cannot_be_is_refused(read, one):
    with pytest.raises(LabelsError, match="is refused"):
        read(document(one))


@pytest.mark.parametrize(
    "content", [{}, [], 3, {"images": 1}, {"images": [{"id": 1}]}, document(images=[IMAGE, IMAGE])]
)
def test_other_documents_are_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    with pytest.raises(LabelsError):
        FORMAT.read(path, {})


def test_the_files_of_a_folder_and_of_its_annotations_folder_are_read(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_train.json").write_text(json.dumps(document()))
    (tmp_path / "_annotations.coco.json").write_text(json.dumps(document(images=[IMAGE | {"file_name": "b.png"}])))
    (tmp_path / "labelme.json").write_text('{"version": "5", "shapes": []}')
    assert FORMAT.recognises(tmp_path)
    assert [one.name for one in FORMAT.read(tmp_path, {}).images] == ["b.png", "first.png"]


def test_masks_that_would_fill_the_memory_are_refused(read, monkeypatch):
    assert MaskBudget(Path()).pixels == 2**29
    monkeypatch.setattr(coco, "MaskBudget", partial(MaskBudget, pixels=2**23))
    huge = {"segmentation": {"size": [2048, 2048], "counts": [0, 2**22]}}
    image = {"id": 1, "file_name": "a.png"}
    assert len(read(document(*[huge] * 2, images=[image])).images[0].annotations) == 2
    with pytest.raises(LabelsError, match="8,388,608 pixels"):
        read(document(*[huge] * 3, images=[image]))


def test_every_shape_comes_back_as_the_same_pixels(tmp_path):
    FORMAT.write(SAMPLE, tmp_path)
    back = FORMAT.read(tmp_path, {})
    assert back.classes == SAMPLE.classes
    for was, found in zip(SAMPLE.images, back.images, strict=True):
        assert (found.name, found.size) == (was.name, was.size)
        for before, after in zip(was.annotations, found.annotations, strict=True):
            assert np.array_equal(drawn([after]), drawn([before]))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_what_is_written(tmp_path):
    (path,) = FORMAT.write(SAMPLE, tmp_path)
    coco = COCO(path)
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert len(annotations) == 6
    for stated, one in zip(annotations, SAMPLE.images[0].annotations, strict=True):
        pixels = drawn([one]) == 2
        rows, columns = np.nonzero(pixels)
        width, height = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
        assert stated["bbox"] == [columns.min(), rows.min(), width, height]
        assert stated["area"] == pixels.sum()
        if isinstance(stated["segmentation"], dict):
            assert np.array_equal(coco.annToMask(stated), pixels)


def test_the_parts_of_an_object_are_one_annotation(tmp_path):
    box, mask = Box(-0.5, -0.5, 2.5, 2.5), PixelMask(10, 10, np.ones((2, 3), bool))
    parts = (Annotation(box, "atom", instance=4), Annotation(mask, "atom", instance=4), Annotation(box, "grain"))
    (path,) = FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, parts),)), tmp_path)
    first, second = json.loads(path.read_text())["annotations"]
    assert (first["area"], first["bbox"]) == (15, [0, 0, 13, 12])
    assert (second["area"], second["segmentation"]) == (9, [[0, 0, 3, 0, 3, 3, 0, 3]])


def test_what_lies_above_is_written_later(tmp_path):
    boxes = (Annotation(Box(0, 0, 9, 9), "atom", z_order=1), Annotation(Box(5, 5, 14, 14), "grain"))
    FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, boxes),)), tmp_path)
    back = FORMAT.read(tmp_path, {}).images[0].annotations
    codes = {"atom": 2, "grain": 3}
    assert np.array_equal(draw_codes(back, SIZE, codes, outside=0), draw_codes(boxes, SIZE, codes, outside=0))


def test_what_is_said_of_an_annotation_comes_back(tmp_path):
    stated = {"iscrowd": "1", "score": "0.25", "element": "Mo"}
    one = Annotation(Ellipse(5, 5, 3, 3), "atom", occluded=True, source="auto", attributes=stated)
    FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, (one,)),)), tmp_path)
    (back,) = FORMAT.read(tmp_path, {}).images[0].annotations
    assert (back.occluded, back.source, back.attributes) == (True, "auto", stated)


def test_what_lies_outside_its_image_is_left_out(tmp_path):
    boxes = (Annotation(Box(-20, -20, -10, -10), "atom"), Annotation(Box(-5, -5, 4.5, 4.5), "atom"))
    (path,) = FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, boxes),)), tmp_path)
    (stated,) = json.loads(path.read_text())["annotations"]
    assert (stated["area"], stated["bbox"]) == (25, [0, 0, 5, 5])


def test_what_coco_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    ellipse = Annotation(Ellipse(5, 5, 3, 3), "atom")
    for image in (AnnotatedImage("a.tif", SIZE, (), 1), AnnotatedImage("a.png", None, (ellipse,))):
        with pytest.raises(LabelsError):
            FORMAT.write(AnnotationSet((), (image,)), tmp_path / "new")
    assert not (tmp_path / "new").exists()
