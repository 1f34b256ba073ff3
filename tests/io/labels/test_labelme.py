import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import Annotation
from napari_strata.io.labels.labelme import FORMAT
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Points, Polygon, Polyline
from tests.io.labels.round_trips import SHAPES, SIZE, pixels, set_of, square, written_and_read


def png(pixels, **settings):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", **settings)
    return base64.b64encode(data.getvalue()).decode()


def shape(points, kind="polygon", label="grain", **others):
    fixed = {
        "label": label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
    }
    return fixed | {"mask": None} | others


@pytest.fixture
def write(tmp_path):
    def write(*shapes, **others):
        document = {"version": "5.4.1", "flags": {}, "shapes": list(shapes), "imagePath": "..\\images\\a 1.tif"}
        document |= {"imageData": "AAAA", "imageHeight": SIZE[0], "imageWidth": SIZE[1]} | others
        path = tmp_path / "a 1.json"
        path.write_text(json.dumps(document), "utf-8")
        return path

    return write


def read_one(path):
    (image,) = FORMAT.read(path, {}).images
    return image


def test_an_image_is_named_by_its_file_name_without_folders(write):
    image = read_one(write(shape([[5, 5], [15, 5], [15, 15]])))
    assert (image.name, image.size) == ("a 1.tif", SIZE)


def test_a_square_from_corner_5_to_15_has_a_hundred_pixels(write):
    image = read_one(write(shape([[5, 5], [15, 5], [15, 15], [5, 15]])))
    assert np.array_equal(pixels(image), square(5, 5, 15, 15))


def test_every_kind_of_shape_is_read(write):
    image = read_one(
        write(
            shape([[15.0, 15.0], [5.0, 5.0]], "rectangle"),
            shape([[20.0, 10.0], [23.0, 14.0]], "circle"),
            shape([[1, 2], [3, 4]], "line"),
            shape([[1, 2], [3, 4], [5, 6]], "linestrip"),
            shape([[1.5, 2.5]], "point"),
            shape([[1.5, 2.5], [3.5, 4.5]], "points"),
            shape([[1, 2], [3, 2], [3, 4], [1, 4]], "rotation"),
        )
    )
    box, circle, line, strip, point, points, turned = (one.shape for one in image.annotations)
    assert box == Box(4.5, 4.5, 14.5, 14.5)
    assert circle == Ellipse(9.5, 19.5, 5.0, 5.0)
    assert isinstance(line, Polyline)
    assert strip.vertices.tolist() == [[1.5, 0.5], [3.5, 2.5], [5.5, 4.5]]
    assert point.vertices.tolist() == [[2.0, 1.0]]
    assert isinstance(points, Points)
    assert isinstance(turned, Polygon)


@pytest.mark.parametrize("scale", [1, 255])
def test_a_mask_starts_at_the_first_of_its_points(write, scale):
    area = np.array([[0, 1, 1], [1, 1, 0]], np.uint8) * scale
    image = read_one(write(shape([[10, 20], [12, 21]], "mask", mask=png(area))))
    mask = image.annotations[0].shape
    assert (mask.top, mask.left) == (20, 10)
    assert np.array_equal(mask.pixels, area > 0)


def test_group_flags_and_description_are_kept(write):
    one = shape([[1, 1], [9, 1], [9, 9]], group_id=4, flags={"hidden": True}, description="dark")
    (annotation,) = read_one(write(one)).annotations
    assert (annotation.instance, annotation.label) == (4, "grain")
    assert annotation.attributes == {"hidden": "True", "description": "dark"}


def test_the_picture_itself_is_never_written(tmp_path):
    (file,) = FORMAT.write(set_of(Annotation(SHAPES["box"], "grain")), tmp_path)
    document = json.loads(file.read_text("utf-8"))
    assert file.name == "micrograph.json"
    assert document["imageData"] is None
    assert document["shapes"][0]["points"] == [[6, 5], [16, 15]]


@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_comes_back_with_its_pixels(kind, tmp_path):
    drawn = set_of(Annotation(SHAPES[kind], "grain", instance=2))
    (image,) = written_and_read(FORMAT, drawn, tmp_path).images
    assert (image.name, image.size) == ("micrograph.tif", SIZE)
    assert {one.instance for one in image.annotations} == {2}
    assert np.array_equal(pixels(image), pixels(drawn.images[0]))


def test_a_folder_holds_one_file_per_image(tmp_path):
    both = set_of(name="a.tif").images + set_of(Annotation(SHAPES["box"], "grain"), name="b.tif").images
    FORMAT.write(type(set_of())((), both), tmp_path)
    assert FORMAT.recognises(tmp_path)
    assert [image.name for image in FORMAT.read(tmp_path, {}).images] == ["a.tif", "b.tif"]


def test_images_that_would_share_a_file_are_refused_before_anything_is_written(tmp_path):
    both = set_of(name="x/a.tif").images + set_of(name="y/A.png").images
    with pytest.raises(LabelsError, match=r"x/a\.tif and y/A\.png"):
        FORMAT.write(type(set_of())((), both), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../../evil.tif", "/etc/evil.tif", "C:\\evil.tif", "..\\evil.tif"])
def test_nothing_is_written_outside_the_folder(name, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (file,) = FORMAT.write(set_of(name=name), folder)
    assert file == folder / "evil.json"
    assert list(tmp_path.rglob("*.json")) == [file]


@pytest.mark.parametrize("name", ["", "..", "a/..", "a\0b.tif", "a?.tif", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(name, tmp_path):
    with pytest.raises(LabelsError, match="named after"):
        FORMAT.write(set_of(name=name), tmp_path)


def test_frames_of_a_stack_are_refused(tmp_path):
    with pytest.raises(LabelsError, match="single pictures"):
        FORMAT.write(set_of(frame=1), tmp_path)


def test_a_mask_that_claims_ten_gigabytes_is_refused_before_it_is_decoded(write):
    data = bytearray(base64.b64decode(png(np.zeros((1, 1), np.uint8))))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path = write(shape([[0, 0], [1, 1]], "mask", mask=base64.b64encode(data).decode()))
    with pytest.raises(LabelsError, match=r"pixels|bomb"):
        FORMAT.read(path, {})


@pytest.mark.parametrize(
    "spoiled",
    [
        shape([[0, float("nan")], [1, 1], [2, 0]]),
        shape([[0, 1e300], [1, 1], [2, 0]]),
        shape([[0, 1], [1], [2, 0]]),
        shape([[1, 1], [2, 2]], "mask"),
        shape([[1, 1], [2, 2]], "mask", mask="no base64!"),
        shape([[1, 1], [2, 2]], "mask", mask="AAAA"),
        shape([[1, 1], [2, 2]], "spiral"),
        shape([[1, 1], [2, 2]], ["mask"]),
        shape([[1, 1], [2, 2]], "line", label={}),
        shape([[1, 1], [2, 2]], "line", group_id="one"),
        "no shape",
    ],
)
def test_a_shape_that_makes_no_sense_is_refused(write, spoiled):
    with pytest.raises(LabelsError):
        FORMAT.read(write(spoiled), {})


def test_an_empty_polygon_is_left_out_with_a_warning(write):
    read = FORMAT.read(write(shape([[1, 1], [2, 2]])), {})
    assert read.images[0].annotations == ()
    assert "shape 1 is empty" in read.warnings[0]


def test_a_mask_of_pixels_keeps_its_kind(tmp_path):
    (image,) = written_and_read(FORMAT, set_of(Annotation(SHAPES["mask"], "grain")), tmp_path).images
    assert isinstance(image.annotations[0].shape, PixelMask)
