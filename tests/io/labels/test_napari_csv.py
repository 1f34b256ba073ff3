import napari_builtins.io as builtin
import numpy as np
import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.napari_csv import FORMAT
from napari_strata.io.labels.shapes import Box, Ellipse, Points, Polygon, Polyline
from tests.io.labels.round_trips import SHAPES, pixels, set_of, square, written_and_read

SQUARE = np.array([(4.5, 4.5), (4.5, 14.5), (14.5, 14.5), (14.5, 4.5)])


@pytest.fixture
def save(tmp_path):
    """Save a layer as napari itself does."""

    def save(data, kinds=None, properties=None, name="cells.csv"):
        path = str(tmp_path / name)
        if kinds is None:
            assert builtin.napari_write_points(path, data, {"properties": properties or {}})
        else:
            assert builtin.napari_write_shapes(path, data, {"shape_type": kinds})
        return tmp_path / name

    return save


def read_one(path):
    (image,) = FORMAT.read(path, {}).images
    return image


def test_coordinates_are_those_of_pixel_centres(save):
    path = save([SQUARE], ["polygon"])
    assert FORMAT.recognises(path)
    image = read_one(path)
    assert (image.name, image.size, image.annotations[0].label) == ("cells", None, "object")
    assert np.array_equal(pixels(image), square(5, 5, 15, 15))


def test_every_kind_of_shape_is_read(save):
    triangle = SQUARE[:3]
    kinds = ["rectangle", "ellipse", "line", "path", "polygon"]
    box, oval, line, path, polygon = (
        one.shape for one in read_one(save([SQUARE, SQUARE, SQUARE[:2], triangle, triangle], kinds)).annotations
    )
    assert box == Box(4.5, 4.5, 14.5, 14.5)
    assert oval == Ellipse(9.5, 9.5, 5.0, 5.0)
    assert [type(one) for one in (line, path, polygon)] == [Polyline, Polyline, Polygon]
    assert line.vertices.tolist() == [[4.5, 4.5], [4.5, 14.5]]


def test_a_sheared_ellipse_keeps_its_area(save):
    corners = np.array([(0, 0), (0, 30), (20, 40), (20, 10)], float)
    ellipse = read_one(save([corners], ["ellipse"])).annotations[0].shape
    assert (ellipse.y, ellipse.x) == (10, 20)
    assert ellipse.radius_y * ellipse.radius_x == pytest.approx(10 * 15)
    middles = (corners + np.roll(corners, -1, axis=0)) / 2  # where the ellipse touches its box
    angle = np.deg2rad(ellipse.angle)
    y, x = (middles - (10, 20)).T
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    assert (along / ellipse.radius_x) ** 2 + (across / ellipse.radius_y) ** 2 == pytest.approx(np.ones(4))


def test_the_first_of_three_axes_is_the_frame(save):
    shapes = [np.insert(SQUARE, 0, frame, axis=1) for frame in (2.0, 0.0)]
    assert [image.frame for image in FORMAT.read(save(shapes, ["polygon"] * 2), {}).images] == [0, 2]


def test_a_shape_across_frames_is_passed_over(save):
    tilted = np.column_stack([(0, 1, 2, 3), SQUARE])
    read = FORMAT.read(save([tilted], ["polygon"]), {})
    assert "span several frames" in read.warnings[0]


def test_every_point_is_an_object(save):
    annotations = read_one(save(np.array([(3.0, 4.0), (7.25, 8.5)]))).annotations
    assert [one.shape.vertices.tolist() for one in annotations] == [[[3, 4]], [[7.25, 8.5]]]
    assert all(isinstance(one.shape, Points) and one.instance is None for one in annotations)


@pytest.mark.parametrize(
    ("properties", "labels"),
    [
        ({"species": ["Mo", "S"]}, ["Mo", "S"]),
        ({"Label": ["a", "b"], "confidence": [0.5, 0.25]}, ["a", "b"]),
        ({"kind": ["a", "b"]}, ["a", "b"]),
        ({"confidence": [0.5, 0.25]}, ["object", "object"]),
        ({"kind": ["a", "b"], "twin": ["y", "n"]}, ["object", "object"]),
    ],
)
def test_the_class_of_points_is_the_feature_named_so_or_the_only_one_of_words(save, properties, labels):
    path = save(np.array([(3.0, 4.0), (7.0, 8.0)]), properties={k: np.array(v) for k, v in properties.items()})
    assert [one.label for one in read_one(path).annotations] == labels


def test_other_features_are_kept(save):
    properties = {"class": np.array(["a"]), "sigma": np.array([0.25])}
    assert read_one(save(np.array([(3.0, 4.0)]), properties=properties)).annotations[0].attributes == {
        "sigma": "0.25"
    }


@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_comes_back_with_its_pixels(kind, tmp_path):
    drawn = set_of(Annotation(SHAPES[kind], "grain"))
    (image,) = written_and_read(FORMAT, drawn, tmp_path).images
    assert (image.name, {one.label for one in image.annotations}) == ("micrograph", {"grain"})
    assert np.array_equal(pixels(image), pixels(drawn.images[0]))


@pytest.mark.parametrize("kind", ["box", "turned box", "circle", "turned ellipse", "points", "path", "line"])
def test_shapes_keep_their_kind(kind, tmp_path):
    (image,) = written_and_read(FORMAT, set_of(Annotation(SHAPES[kind], "grain")), tmp_path).images
    assert type(image.annotations[0].shape) is type(SHAPES[kind])


def test_napari_opens_what_was_written(tmp_path):
    frame = AnnotatedImage("s.tif", (48, 64), tuple(Annotation(shape, "grain") for shape in SHAPES.values()), 1)
    shapes, points = FORMAT.write(AnnotationSet(classes_of([frame]), (frame,)), tmp_path)
    data, settings, kind = builtin.csv_to_layer_data(str(shapes), require_type="shapes")
    assert (kind, len(data), data[0].shape[1]) == ("shapes", len(SHAPES) - 2, 3)
    assert {"rectangle", "ellipse", "polygon", "line", "path"} == set(settings["shape_type"])
    data, settings, kind = builtin.csv_to_layer_data(str(points), require_type="points")
    assert (kind, data.tolist()) == ("points", [[1, 3, 4], [1, 3, 4], [1, 7.25, 8.5]])
    assert list(settings["properties"]["class"]) == ["grain"] * 3


def test_shapes_and_points_of_an_image_are_read_as_one(tmp_path):
    FORMAT.write(set_of(Annotation(SHAPES["box"], "grain"), Annotation(SHAPES["point"], "atom")), tmp_path)
    assert [one.label for one in read_one(tmp_path).annotations] == ["grain", "atom"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "index,axis-0\n0,1\n",
        "index,axis-0,axis-1\n0,1\n",
        "index,axis-0,axis-1\n0,1,x\n",
        "index,axis-0,axis-1\n0,1,nan\n",
        "index,axis-0,axis-1\n0,1,1e300\n",
        "index,axis-0,axis-1,axis-2\n0,-3,1,1\n",
        "index,axis-0,axis-1,axis-1\n0,3,1,1\n",
        'index,axis-0,axis-1\n0,"1,1\n',
        "index,axis-0,axis-1,axis-2,axis-3\n0,0,0,1,1\n1,1,1,1,1\n",
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(LabelsError):
        FORMAT.read(path, {})
