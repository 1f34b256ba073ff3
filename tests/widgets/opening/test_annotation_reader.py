import json

import numpy as np
import pytest
from cvat_files import BOX, write_cvat
from napari.layers import Layer

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import Annotation
from napari_strata.io.labels.raster import fill_rings
from napari_strata.io.labels.shapes import Ellipse, PixelMask, Polygon, Polyline
from napari_strata.io.tif import write_tif
from napari_strata.widgets.layers.outline_layers import outline_layers
from napari_strata.widgets.opening.annotation_reader import MOST_IMAGES, get_reader


def read(path):
    reader = get_reader(str(path))
    assert reader is not None
    return [Layer.create(*data) for data in reader(str(path))]


def test_a_file_of_cvat_opens_as_shapes_in_the_colours_of_its_classes(tmp_path):
    (shapes,) = read(write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    assert shapes.name == "a outlines"
    assert shapes.data[0].tolist() == [[4.5, 4.5], [4.5, 14.5], [14.5, 14.5], [14.5, 4.5]]
    assert shapes.edge_color[0].tolist() == pytest.approx([0x11 / 255, 0x22 / 255, 0x33 / 255, 1])
    assert shapes.features["class"].tolist() == ["grain"]


def test_a_file_of_coco_opens_as_shapes(tmp_path):
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 24, "height": 20}],
        "categories": [{"id": 1, "name": "grain"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "segmentation": [[5, 5, 15, 5, 15, 15]],
                "bbox": [5, 5, 10, 10],
            }
        ],
    }
    (tmp_path / "x.json").write_text(json.dumps(document))
    (shapes,) = read(tmp_path / "x.json")
    assert shapes.shape_type == ["polygon"]
    assert shapes.data[0].min(axis=0).tolist() == [4.5, 4.5]


@pytest.mark.parametrize(
    ("name", "content"),
    [("package.json", '{"name": "some package"}'), ("page.xml", "<html/>"), ("a.zip", "no zip"), ("a.roi", "")],
)
def test_files_that_no_format_knows_are_left_to_others(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert get_reader(str(tmp_path / name)) is None


def test_several_files_and_files_that_are_not_there_are_left_to_others(tmp_path):
    assert get_reader([str(tmp_path / "a.xml"), str(tmp_path / "b.xml")]) is None
    assert get_reader(str(tmp_path / "absent.xml")) is None


def test_masks_are_images_and_not_opened_as_shapes(tmp_path):
    write_tif(tmp_path / "mask.tif", np.zeros((8, 8), np.uint8), "YX")
    assert get_reader(str(tmp_path / "mask.tif")) is None


def test_more_images_than_a_layer_list_bears_are_refused_in_words(tmp_path):
    images = {f"i{number}": BOX.format("grain") for number in range(MOST_IMAGES + 1)}
    with pytest.raises(LabelsError, match="21 images, not 1 to 20"):
        read(write_cvat(tmp_path / "x.xml", **images))


def outlines(*shapes, is_stack=False):
    frames = {2: [Annotation(shape, "grain") for shape in shapes]}
    layers = outline_layers(frames, (20, 20), name="a", colors={"grain": "#ff0000"}, is_stack=is_stack)
    return [Layer.create(*data) for data in layers]


def test_each_shape_becomes_the_one_that_napari_draws():
    mask = PixelMask(3, 4, np.array([[True, True], [True, True]]))
    line = Polyline(np.array([(0.0, 0.0), (3.0, 4.0)]))
    (shapes,) = outlines(Ellipse(8, 9, 2, 3), line, mask)
    assert shapes.shape_type == ["ellipse", "path", "polygon"]
    assert shapes.data[0].tolist() == [[6, 6], [6, 12], [10, 12], [10, 6]]


def test_shapes_of_a_stack_lie_in_their_frame():
    (shapes,) = outlines(Polyline(np.array([(0.0, 0.0), (3.0, 4.0)])), is_stack=True)
    assert shapes.data[0].tolist() == [[2, 0, 0], [2, 3, 4]]


def square(low, high):
    return np.array([(low, low), (low, high), (high, high), (high, low)])


def test_a_hole_becomes_a_polygon_of_background_above_the_area():
    (shapes,) = outlines(Polygon((square(1.5, 10.5),), (square(4.5, 6.5),)))
    assert shapes.features["class"].tolist() == ["grain", "background"]
    assert [one.min(axis=0).tolist() for one in shapes.data] == [[1.5, 1.5], [4.5, 4.5]]


@pytest.mark.parametrize(
    "ring",
    [
        np.array([(2.0, 2.0), (12.0, 12.0), (2.0, 12.0), (12.0, 2.0)]),
        np.array([(2.0, 2.0), (2.0, 9.0), (5.0, 9.0), (2.0, 9.0), (9.0, 9.0), (9.0, 2.0)]),
        np.array([(2.0, 2.0), (2.0, 9.0), (9.0, 9.0), (2.0, 2.0), (9.0, 2.0)]),
    ],
    ids=["crossing", "there and back", "touching"],
)
def test_a_tangled_polygon_becomes_the_outline_of_its_pixels(ring):
    (shapes,) = outlines(Polygon((ring,)))
    assert (fill_rings(tuple(shapes.data), (20, 20)) == fill_rings((ring,), (20, 20))).all()


def test_a_shape_outside_the_image_is_left_out():
    assert outlines(PixelMask(30, 30, np.ones((2, 2), bool))) == []
