import struct
import zipfile

import numpy as np
import pytest
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.imagej import FORMAT
from napari_strata.io.labels.shapes import Box, Ellipse, Points, Polygon, Polyline
from tests.io.labels.round_trips import SHAPES, pixels, set_of, square, written_and_read

CORNERS = [(5, 5), (15, 5), (15, 15), (5, 15)]


def roi_of(points=CORNERS, kind=ROI_TYPE.POLYGON, name="grain", **settings):
    roi = ImagejRoi.frompoints(np.asarray(points))
    roi.roitype, roi.name = kind, name
    for key, value in settings.items():
        setattr(roi, key, value)
    return roi


def bounded(kind, top, left, bottom, right, name="grain"):
    roi = ImagejRoi()
    roi.roitype, roi.name = kind, name
    roi.top, roi.left, roi.bottom, roi.right = top, left, bottom, right
    return roi


def composite(*rings):
    roi = bounded(ROI_TYPE.RECT, 0, 0, 40, 40)
    path = []
    for ring in rings:
        for place, point in enumerate(ring):
            path += [0.0 if place == 0 else 1.0, *point]
        path += [4.0]
    roi.multi_coordinates = np.array(path, np.float32)
    roi.shape_roi_size = len(path)
    return roi


def ring(low, high):
    return [(low, low), (high, low), (high, high), (low, high)]


@pytest.fixture
def save(tmp_path):
    def save(*rois, name="RoiSet_cells.zip"):
        path = tmp_path / name
        if path.suffix == ".roi":
            path.write_bytes(rois[0].tobytes())
        else:
            with zipfile.ZipFile(path, "w") as archive:
                for number, roi in enumerate(rois):
                    archive.writestr(f"{roi.name or number}.roi", roi.tobytes())
        return path

    return save


def read_one(path):
    (image,) = FORMAT.read(path, {}).images
    return image


@pytest.mark.parametrize("kind", [ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED])
@pytest.mark.parametrize("dtype", [int, float])
def test_an_area_counts_from_the_corner_of_the_first_pixel(save, kind, dtype):
    image = read_one(save(roi_of(np.array(CORNERS, dtype), kind), name="cells.roi"))
    assert image.name == "cells"
    assert np.array_equal(pixels(image), square(5, 5, 15, 15))


def test_a_rectangle_and_an_oval_keep_their_kind(save):
    box, oval = read_one(
        save(bounded(ROI_TYPE.RECT, 5, 6, 15, 26), bounded(ROI_TYPE.OVAL, 10, 20, 20, 34, name="hole"))
    ).annotations
    assert box.shape == Box(4.5, 5.5, 14.5, 25.5)
    assert oval.shape == Ellipse(14.5, 26.5, 5.0, 7.0)


def test_a_rectangle_with_sub_pixel_resolution_is_read_to_its_fraction(save):
    roi = bounded(ROI_TYPE.RECT, 5, 6, 15, 26)
    roi.options = ROI_OPTIONS.SUB_PIXEL_RESOLUTION
    roi.xd, roi.yd, roi.widthd, roi.heightd = 6.25, 5.5, 10.0, 4.0
    assert read_one(save(roi)).annotations[0].shape == Box(5.0, 5.75, 9.0, 15.75)


def test_a_composite_of_no_area_outlines_nothing(save):
    assert read_one(save(composite([(2, 3), (9, 3)]))).annotations == ()


def test_a_turned_ellipse_is_read_from_the_ends_of_its_longer_axis(save):
    roi = roi_of(kind=ROI_TYPE.FREEHAND, subtype=ROI_SUBTYPE.ELLIPSE, x1=10.0, y1=10.0, x2=26.0, y2=22.0)
    style, head, arc = struct.unpack(">BBh", struct.pack(">f", 0.5))
    roi.arrow_style_or_aspect_ratio, roi.arrow_head_size, roi.rounded_rect_arc_size = style, head, arc
    ellipse = read_one(save(roi)).annotations[0].shape
    assert (ellipse.y, ellipse.x, ellipse.radius_y, ellipse.radius_x) == (15.5, 17.5, 5.0, 10.0)
    assert ellipse.angle == pytest.approx(np.rad2deg(np.arctan2(12, 16)))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ROI_TYPE.POINT, Points),
        (ROI_TYPE.POLYLINE, Polyline),
        (ROI_TYPE.FREELINE, Polyline),
        (ROI_TYPE.ANGLE, Polyline),
    ],
)
@pytest.mark.parametrize("dtype", [int, float])
def test_lines_and_points_count_from_the_centre_of_the_first_pixel(save, kind, expected, dtype):
    shape = read_one(save(roi_of(np.array([(5, 6), (7, 8), (9, 3)], dtype), kind))).annotations[0].shape
    assert isinstance(shape, expected)
    assert shape.vertices.tolist() == [[6, 5], [8, 7], [3, 9]]


def test_a_straight_line_is_read_from_its_ends(save):
    roi = bounded(ROI_TYPE.LINE, 0, 0, 9, 9)
    roi.x1, roi.y1, roi.x2, roi.y2 = 1.0, 2.0, 8.5, 7.0
    assert read_one(save(roi)).annotations[0].shape.vertices.tolist() == [[2, 1], [7, 8.5]]


def test_a_composite_has_holes_islands_and_parts(save):
    image = read_one(save(composite(ring(2, 22), ring(6, 18), ring(10, 14), ring(30, 35))))
    expected = square(2, 2, 22, 22) & ~square(6, 6, 18, 18) | square(10, 10, 14, 14) | square(30, 30, 35, 35)
    assert np.array_equal(pixels(image), expected)
    assert len({one.instance for one in image.annotations}) == 1
    assert all(isinstance(one.shape, Polygon) for one in image.annotations)


@pytest.mark.parametrize(
    ("name", "group", "label"),
    [
        ("grain", 0, "grain"),
        ("grain-12", 3, "grain"),
        ("class 1-2", 0, "class 1"),
        ("cell_3", 0, "cell_3"),
        ("0001-0123-0456", 0, "object"),
        ("0123-0456-1", 7, "group 7"),
    ],
)
def test_the_class_is_the_name_less_its_number_or_the_group(save, name, group, label):
    assert read_one(save(roi_of(name=name, group=group))).annotations[0].label == label


def test_positions_are_frames(save):
    first, third = roi_of(position=1), roi_of(name="hole", position=3)
    images = FORMAT.read(save(first, third), {}).images
    assert [(image.name, image.frame, image.annotations[0].label) for image in images] == [
        ("cells", 0, "grain"),
        ("cells", 2, "hole"),
    ]


@pytest.mark.parametrize("axis", ["t_position", "z_position"])
def test_of_a_hyperstack_the_axis_that_moves_is_the_frame(save, axis):
    rois = [
        roi_of(name=f"a-{n}", c_position=1, **({"t_position": 1, "z_position": 1} | {axis: n})) for n in (1, 4)
    ]
    assert [image.frame for image in FORMAT.read(save(*rois), {}).images] == [0, 3]


def test_a_hyperstack_that_moves_along_two_axes_is_refused(save):
    with pytest.raises(LabelsError, match="hyperstack"):
        FORMAT.read(save(roi_of(t_position=2, z_position=1), roi_of(name="b", t_position=1, z_position=2)), {})


def test_a_text_is_passed_over_with_a_warning(save):
    text = bounded(ROI_TYPE.RECT, 0, 0, 5, 5, name="note")
    text.subtype, text.text = ROI_SUBTYPE.TEXT, "hello"
    read = FORMAT.read(save(text, roi_of()), {})
    assert len(read.images[0].annotations) == 1
    assert "note" in read.warnings[0]


def test_an_unzipped_set_belongs_to_the_image_that_its_folder_is_named_after(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    for name in ("0001-0010-0010", "0001-0020-0020"):
        (folder / f"{name}.roi").write_bytes(roi_of(name=name).tobytes())
    assert FORMAT.recognises(folder)
    image = read_one(folder)
    assert (image.name, len(image.annotations)) == ("cells", 2)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_comes_back_with_its_pixels(kind, tmp_path):
    drawn = set_of(Annotation(SHAPES[kind], "class 1"), size=(48, 64))
    (image,) = written_and_read(FORMAT, drawn, tmp_path).images
    assert image.name == "micrograph"
    assert {one.label for one in image.annotations} == {"class 1"}
    assert np.array_equal(pixels(image), pixels(drawn.images[0]))


@pytest.mark.parametrize(
    "kind", ["box", "box of any size", "circle", "ellipse", "turned ellipse", "points", "path"]
)
def test_shapes_keep_their_kind(kind, tmp_path):
    drawn = set_of(Annotation(SHAPES[kind], "grain"))
    (image,) = written_and_read(FORMAT, drawn, tmp_path).images
    assert type(image.annotations[0].shape) is type(SHAPES[kind])


def test_frames_of_a_stack_share_a_file(tmp_path):
    frames = tuple(
        AnnotatedImage("stack.tif", (48, 64), (Annotation(SHAPES["box"], label),), frame)
        for frame, label in ((4, "hole"), (0, "grain"))
    )
    (file,) = FORMAT.write(AnnotationSet(classes_of(frames), frames), tmp_path)
    images = FORMAT.read(file, {}).images
    assert [(image.frame, image.annotations[0].label) for image in images] == [(0, "grain"), (4, "hole")]


def test_a_class_with_slashes_stays_inside_the_zip(tmp_path):
    (file,) = FORMAT.write(set_of(Annotation(SHAPES["box"], "../../a/b")), tmp_path)
    assert FORMAT.read(file, {}).images[0].annotations[0].label == "../../a/b"


def test_what_imagej_has_no_room_for_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(LabelsError, match="all that ImageJ knows"):
        FORMAT.write(set_of(Annotation(Box(0, 0, 5, 70_000), "grain")), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.roi", roi_of().tobytes())
    with pytest.raises(LabelsError, match="leads out"):
        FORMAT.read(path, {})


def test_a_selection_that_claims_more_vertices_than_it_holds_is_refused(save):
    path = save(roi_of(), name="a.roi")
    data = bytearray(path.read_bytes())
    data[16:18] = b"\x7f\xff"
    path.write_bytes(data)
    with pytest.raises(LabelsError, match="no selection of ImageJ"):
        FORMAT.read(path, {})


def test_nan_coordinates_are_refused(save):
    roi = roi_of(np.array(CORNERS, float))
    roi.subpixel_coordinates = roi.subpixel_coordinates * np.nan
    with pytest.raises(LabelsError, match="no place"):
        FORMAT.read(save(roi), {})


@pytest.mark.parametrize(
    ("kind", "settings", "word"),
    [
        (ROI_TYPE.POLYLINE, {"stroke_width": 5}, "widths of lines"),
        (ROI_TYPE.POINT, {"counters": np.array([0, 1, 1, 2], np.uint8)}, "counters of multi-points"),
        (
            ROI_TYPE.POINT,
            {"counters": np.zeros(4, np.uint8), "counter_positions": np.array([1, 1, 2, 3], np.uint32)},
            "frames of multi-points",
        ),
    ],
)
def test_what_a_selection_says_besides_its_shape_is_told_once_per_kind(save, kind, settings, word):
    path = save(roi_of(kind=kind, name="grain-1", **settings), roi_of(kind=kind, name="grain-2", **settings))
    (warning,) = FORMAT.read(path, {}).warnings
    assert warning.startswith(f"2 {word}")


def test_a_rounded_rectangle_is_read_with_square_corners_and_told(save):
    roi = bounded(ROI_TYPE.RECT, 5, 5, 15, 15)
    roi.rounded_rect_arc_size = 6
    read = FORMAT.read(save(roi), {})
    assert np.array_equal(pixels(read.images[0]), square(5, 5, 15, 15))
    assert read.warnings == ("1 rounded corner of rectangles (grain) was passed over.",)


def test_plain_selections_are_read_without_a_warning(save):
    kinds = (ROI_TYPE.POLYGON, ROI_TYPE.POLYLINE, ROI_TYPE.POINT)
    rois = [roi_of(kind=kind, name=f"grain-{number}") for number, kind in enumerate(kinds)]
    assert FORMAT.read(save(*rois, bounded(ROI_TYPE.RECT, 5, 5, 15, 15)), {}).warnings == ()
