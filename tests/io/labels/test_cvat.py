import zipfile

import numpy as np
import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass
from napari_strata.io.labels.cvat import FORMAT
from napari_strata.io.labels.drawing import draw_codes, draw_objects
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask, Points, Polygon, Polyline
from tests.io.labels.fuzzing import SAMPLE, SIZE

META = """<meta><task><id>4</id><name>lattice</name><size>2</size><mode>annotation</mode><labels>
  <label><name>atom</name><color>#FF8000</color><type>any</type><attributes></attributes></label>
  <label><name>grain</name><color>#0080ff</color><type>polygon</type><attributes></attributes></label>
  <label><name>frame</name><type>skeleton</type></label><label><name>1</name><parent>frame</parent></label>
</labels>%s</task><dumped>2024-09-25 11:38:28.799808+03:00</dumped></meta>"""


def document(content, *, meta=META % ""):
    head = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    return f"{head}{meta}{content}</annotations>"


def image(content, *, name="first.png", number=0):
    return f'<image id="{number}" name="{name}" width="32" height="24">{content}</image>'


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "annotations.xml"
        path.write_text(text, encoding="utf-8")
        assert FORMAT.recognises(path)
        return FORMAT.read(path, {})

    return read_text


@pytest.fixture
def read_shape(read):
    def read_element(element):
        (one,) = read(document(image(element))).images[0].annotations
        return one

    return read_element


def count(annotations, size=SIZE):
    codes = {one.label: 2 for one in annotations}
    return int((draw_codes(annotations, size, codes, outside=1) == 2).sum())


def test_a_box_of_ten_by_ten_has_a_hundred_pixels(read_shape):
    one = read_shape(
        '<box label="atom" source="manual" occluded="0" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>'
    )
    assert one.shape == Box(4.5, 4.5, 14.5, 14.5)
    assert count([one]) == 100


def test_a_polygon_of_the_same_corners_has_a_hundred_pixels(read_shape):
    one = read_shape(
        '<polygon label="atom" points="5.00,5.00;15.00,5.00;15.00,15.00;5.00,15.00" occluded="0"></polygon>'
    )
    assert count([one]) == 100


def test_a_box_turns_clockwise_about_its_centre(read_shape):
    one = read_shape('<box label="atom" xtl="4" ytl="8" xbr="20" ybr="12" rotation="90.00"/>')
    filled = draw_codes([one], SIZE, {"atom": 2}, outside=0)
    rows, columns = np.nonzero(filled)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 17, 10, 13)


def test_an_ellipse_is_read_with_its_rotation(read_shape):
    one = read_shape(
        '<ellipse label="atom" cx="12.50" cy="10.50" rx="6.00" ry="2.00" rotation="30.00" z_order="2"/>'
    )
    assert one.shape == Ellipse(10, 12, 2, 6, 30)
    filled = draw_codes([one], SIZE, {"atom": 2}, outside=0)
    assert filled[12, 16] == 2  # clockwise as shown: its right end points downwards
    assert filled[8, 16] == 0
    assert one.z_order == 2


def test_lines_and_points_are_read(read):
    lines = '<polyline label="grain" points="0.5,0.5;4.5,0.5"/><points label="atom" points="3.00,4.00;5.99,4.00"/>'
    line, points = read(document(image(lines))).images[0].annotations
    assert isinstance(line.shape, Polyline)
    assert isinstance(points.shape, Points)
    assert count([line]) == 5
    drawn = draw_codes([points], SIZE, {"atom": 2}, outside=0)
    assert np.argwhere(drawn == 2).tolist() == [[4, 3], [4, 5]]


def test_a_mask_is_read_along_its_rows_within_its_window(read_shape):
    one = read_shape('<mask label="atom" source="manual" rle="2, 3, 1" left="5" top="7" width="3" height="2"/>')
    drawn = draw_codes([one], SIZE, {"atom": 2}, outside=0)
    assert np.argwhere(drawn == 2).tolist() == [[7, 7], [8, 5], [8, 6]]


def test_what_cvat_says_of_a_shape_is_kept(read_shape):
    one = read_shape(
        '<box label="atom" source="auto" occluded="1" xtl="1" ytl="1" xbr="2" ybr="2" z_order="-3" group_id="7">'
        '<attribute name="element">Mo</attribute><attribute name="empty"></attribute></box>'
    )
    assert (one.source, one.occluded, one.z_order, one.instance) == ("auto", True, -3, 7)
    assert one.attributes == {"element": "Mo", "empty": ""}


def test_shapes_lie_over_each_other_by_z_order(read):
    boxes = (
        '<box label="atom" xtl="5" ytl="5" xbr="15" ybr="15" z_order="1"/>'
        '<box label="grain" xtl="0" ytl="0" xbr="10" ybr="10" z_order="0"/>'
    )
    drawn = draw_codes(
        read(document(image(boxes))).images[0].annotations, SIZE, {"atom": 2, "grain": 3}, outside=1
    )
    assert ((drawn == 2).sum(), (drawn == 3).sum()) == (100, 75)


def test_a_group_is_one_object(read):
    boxes = (
        '<box label="atom" xtl="0" ytl="0" xbr="2" ybr="2" group_id="1"/>'
        '<box label="atom" xtl="5" ytl="5" xbr="7" ybr="7" group_id="1"/>'
        '<box label="atom" xtl="9" ytl="9" xbr="10" ybr="10"/>'
    )
    _, objects = draw_objects(read(document(image(boxes))).images[0].annotations, SIZE, ["atom"])
    assert [one.pixels for one in objects] == [8, 1]


def test_several_images_and_their_classes_with_colours_are_read(read):
    content = image('<box label="new" xtl="1" ytl="1" xbr="2" ybr="2"/>') + image("", name="second.png", number=1)
    found = read(document(content))
    assert [(one.name, one.size, len(one.annotations)) for one in found.images] == [
        ("first.png", (24, 32), 1),
        ("second.png", (24, 32), 0),
    ]
    assert found.classes == (FileClass("atom", "#ff8000"), FileClass("grain", "#0080ff"), FileClass("new"))


@pytest.mark.parametrize("level", ["job", "project"])
def test_labels_of_jobs_and_projects_are_found(read, level):
    meta = (
        f"<meta><{level}><labels><label><name>atom</name><color>#00ff00</color></label></labels></{level}></meta>"
    )
    assert read(document("", meta=meta)).classes == (FileClass("atom", "#00ff00"),)


def test_a_file_without_meta_is_read(read):
    found = read(document(image('<box label="atom" xtl="1" ytl="1" xbr="2" ybr="2"/>'), meta=""))
    assert found.classes == (FileClass("atom"),)


def test_what_has_no_place_here_is_passed_over_and_told(read):
    content = image(
        '<cuboid label="atom" xtl1="1"/><tag label="good_frame" source="manual"></tag>'
        '<skeleton label="frame"><points label="1" points="1,2"/></skeleton>'
        '<polygon label="atom" points="1,1;2,2"/>'
        '<mask label="atom" rle="4" left="0" top="0" width="2" height="2"/><blob label="atom"/>'
    )
    found = read(document(content))
    assert found.images[0].annotations == ()
    assert found.warnings == (
        "1 cuboid (atom) was passed over.",
        "1 tag (good_frame) was passed over: tags mark no pixels.",
        "1 skeleton (frame) was passed over.",
        "1 polygon of less than 3 vertices was passed over.",
        "1 empty mask was passed over.",
        "1 unknown element (<blob>) was passed over.",
    )


TRACKS = """
<track id="0" label="atom" source="manual">
  <box frame="0" keyframe="1" outside="0" occluded="0" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"></box>
  <box frame="1" keyframe="0" outside="0" occluded="1" xtl="6" ytl="5" xbr="16" ybr="15" z_order="0"></box>
  <box frame="2" keyframe="1" outside="1" occluded="0" xtl="6" ytl="5" xbr="16" ybr="15" z_order="0"></box>
</track>
<track id="1" label="grain" source="auto">
  <ellipse frame="1" keyframe="1" outside="0" occluded="0" cx="5" cy="5" rx="2" ry="2" z_order="0"></ellipse>
  <ellipse frame="2" keyframe="1" outside="1" occluded="0" cx="5" cy="5" rx="2" ry="2" z_order="0"></ellipse>
</track>"""
VIDEO = META % "<original_size><width>32</width><height>24</height></original_size><source>film.tif</source>"


def test_tracks_are_read_frame_by_frame_and_not_where_their_object_is_outside(read):
    found = read(document(TRACKS, meta=VIDEO))
    assert [(one.name, one.frame, one.size, len(one.annotations)) for one in found.images] == [
        ("film.tif", 0, (24, 32), 1),
        ("film.tif", 1, (24, 32), 2),
        ("film.tif", 2, (24, 32), 0),
    ]
    first, second = found.images[1].annotations
    assert (first.occluded, first.source, first.attributes["track_id"]) == (True, "manual", "0")
    assert (second.label, second.source) == ("grain", "auto")
    assert found.warnings == ()


def test_a_track_that_skips_frames_is_told_and_nothing_is_interpolated(read):
    gap = (
        '<track id="2" label="atom"><box frame="0" xtl="1" ytl="1" xbr="2" ybr="2"/><box frame="5" xtl="1" ytl="1"'
    )
    found = read(document(TRACKS + gap + ' xbr="2" ybr="2"/></track>', meta=VIDEO))
    assert [one.frame for one in found.images] == [0, 1, 2, 5]
    assert found.warnings == (
        "Tracks that skip frames, 1: their objects are left out there, nothing is interpolated.",
    )


def test_images_that_are_frames_of_a_video_become_its_frames(read):
    content = image("", name="frame_000000") + image("", name="frame_000012", number=12)
    assert [(one.name, one.frame) for one in read(document(content, meta=VIDEO)).images] == [
        ("film.tif", 0),
        ("film.tif", 12),
    ]
    assert [one.name for one in read(document(content)).images] == ["frame_000000", "frame_000012"]


def test_the_zip_of_cvat_and_its_folder_are_read(tmp_path):
    (tmp_path / "annotations.xml").write_text(document(image("")))
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.write(tmp_path / "annotations.xml", "annotations.xml")
        archive.writestr("images/first.png", b"")
    for path in (tmp_path, tmp_path / "task.zip"):
        assert FORMAT.recognises(path)
        assert FORMAT.read(path, {}).images[0].name == "first.png"


@pytest.mark.parametrize(
    "element",
    [
        '<box label="atom" xtl="nan" ytl="5" xbr="15" ybr="15"/>',
        '<box label="atom" ytl="5" xbr="15" ybr="15"/>',
        '<box xtl="1" ytl="5" xbr="15" ybr="15"/>',
        '<polygon label="atom" points="1,2;3,inf;4,5"/>',
        '<polygon label="atom" points="1,2;3,4,5;4,5"/>',
        '<polygon label="atom" points="1;2,3,4;5,6"/>',
        '<polygon label="atom" points="5"/>',
        '<polygon label="atom" points="1,2;;3,4;5,6"/>',
        '<polygon label="atom" points="1,2;3,;5,6"/>',
        '<mask label="atom" rle="1,2" left="0" top="0" width="2" height="2"/>',
        '<mask label="atom" rle="0,4" left="x" top="0" width="2" height="2"/>',
        '<mask label="atom" rle="0,10000000000" left="0" top="0" width="100000" height="100000"/>',
        '<box label="atom" xtl="1" ytl="5" xbr="15" ybr="15" z_order="1.5"/>',
    ],
)
def test_what_cannot_be_is_refused(read_shape, element):
    with pytest.raises(LabelsError, match=r"annotations\.xml is refused"):
        read_shape(element)


def test_ten_million_vertices_are_refused(read_shape):
    with pytest.raises(LabelsError, match=r"vertices|values"):
        read_shape(f'<polygon label="atom" points="{"1,2;" * 10_000_000}"/>')


@pytest.mark.parametrize("text", ["<annotation/>", "<a><annotations/></a>", "", "{}"])
def test_other_files_are_not_of_cvat(tmp_path, text):
    path = tmp_path / "annotations.xml"
    path.write_text(text)
    with pytest.raises(LabelsError):
        FORMAT.read(path, {})


def _drawn(annotations):
    names = {one.label: code for code, one in enumerate(annotations, start=2)}
    return draw_codes(annotations, SIZE, names, outside=0)


def test_every_shape_comes_back_as_it_was(tmp_path):
    FORMAT.write(SAMPLE, tmp_path)
    back = FORMAT.read(tmp_path, {})
    assert back.classes == SAMPLE.classes
    assert back.warnings == ()
    for was, found in zip(SAMPLE.images, back.images, strict=True):
        assert (found.name, found.size) == (was.name, was.size)
        assert [type(one.shape) for one in found.annotations] == [type(one.shape) for one in was.annotations]
        for before, after in zip(was.annotations, found.annotations, strict=True):
            assert after.z_order == before.z_order
            assert np.array_equal(_drawn([after]), _drawn([before]))


def test_what_is_said_of_a_shape_comes_back(tmp_path):
    one = Annotation(Box(0, 0, 3, 3, 270.0), "ä<&>", 4, 3, True, "auto", {"élément": 'Mo "2"'})
    FORMAT.write(AnnotationSet((FileClass("ä<&>"),), (AnnotatedImage("a b/ü.png", SIZE, (one,)),)), tmp_path)
    (back,) = FORMAT.read(tmp_path, {}).images
    assert back.name == "a b/ü.png"
    assert back.annotations == (one,)


def test_holes_and_parts_come_back_as_the_same_pixels(tmp_path):
    square = np.array([(2, 2), (2, 12), (12, 12), (12, 2)], float)
    one = Annotation(Polygon((square, square + 8), (square / 2 + 3,)), "atom")
    FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, (one,)),)), tmp_path)
    (back,) = FORMAT.read(tmp_path, {}).images[0].annotations
    assert isinstance(back.shape, PixelMask)
    assert np.array_equal(_drawn([back]), _drawn([one]))


def test_objects_come_back_even_if_one_is_number_zero(tmp_path):
    boxes = [Annotation(Box(0, 0, 2, 2), "atom", instance=0), Annotation(Box(4, 4, 6, 6), "atom", instance=1)]
    FORMAT.write(AnnotationSet((), (AnnotatedImage("a.png", SIZE, tuple(boxes)),)), tmp_path)
    back = FORMAT.read(tmp_path, {}).images[0].annotations
    assert len(draw_objects(back, SIZE, ["atom"])[1]) == 2


def test_a_stack_comes_back_as_tracks(tmp_path):
    tracked = {"track_id": "3"}
    mask = PixelMask(1, 2, np.ones((2, 2), bool))
    frames = (
        AnnotatedImage("film.tif", SIZE, (Annotation(Box(0, 0, 3, 3), "atom", attributes=tracked),), 0),
        AnnotatedImage("film.tif", SIZE, (Annotation(Box(1, 0, 4, 3), "atom", attributes=tracked),), 1),
        AnnotatedImage("film.tif", SIZE, (Annotation(mask, "grain", source="auto"),), 3),
    )
    (path,) = FORMAT.write(AnnotationSet((), frames), tmp_path)
    assert path.read_text().count("<track ") == 2
    back = FORMAT.read(tmp_path, {})
    assert back.warnings == ()
    drawn = {one.frame: _drawn(one.annotations) for one in back.images if one.annotations}
    assert drawn.keys() == {0, 1, 3}
    assert all(np.array_equal(drawn[one.frame], _drawn(one.annotations)) for one in frames)


def test_images_and_each_stack_have_a_file_of_their_own(tmp_path):
    images = (
        AnnotatedImage("a.png", SIZE, ()),
        AnnotatedImage("b c.tif", SIZE, (), 0),
        AnnotatedImage("b c.tif", SIZE, (), 1),
    )
    paths = FORMAT.write(AnnotationSet((), images), tmp_path)
    assert [path.name for path in paths] == ["annotations.xml", "annotations_b_c.xml"]


def test_a_name_that_xml_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    one = Annotation(Box(0, 0, 1, 1), "a\x00b")
    with pytest.raises(LabelsError, match="cannot hold"):
        FORMAT.write(
            AnnotationSet((FileClass("a\x00b"),), (AnnotatedImage("a.png", SIZE, (one,)),)), tmp_path / "new"
        )
    assert not (tmp_path / "new").exists()


def test_stacks_of_like_names_are_written_into_files_of_their_own(tmp_path):
    stacks = [
        AnnotatedImage(name, (20, 20), (Annotation(Box(1, 1, 5, 5), "atom"),), frame)
        for name in ("a b.tif", "a_b.tif", "a/b.tif")
        for frame in (0, 1)
    ]
    files = FORMAT.write(AnnotationSet((FileClass("atom"),), tuple(stacks)), tmp_path)
    assert len({file.name.casefold() for file in files}) == 3
    assert {file.parent for file in files} == {tmp_path}


def test_objects_of_different_frames_stay_different_in_a_stack(tmp_path):
    stack = [
        AnnotatedImage("a.tif", (20, 20), (Annotation(Box(1, 1, 5, 5), "atom", instance=frame),), frame)
        for frame in (0, 1)
    ]
    (file,) = FORMAT.write(AnnotationSet((FileClass("atom"),), tuple(stack)), tmp_path)
    first, second = FORMAT.read(file, {}).images
    assert first.annotations[0].instance != second.annotations[0].instance
