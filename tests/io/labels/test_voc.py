import numpy as np
import pytest
from PIL import Image

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    Annotation,
    AnnotationSet,
    FileClass,
)
from napari_strata.io.labels.drawing import draw_codes, draw_objects
from napari_strata.io.labels.shapes import Box, Ellipse, PixelMask
from napari_strata.io.labels.voc import DEVKIT_FORMAT, FORMAT
from tests.io.labels.fuzzing import SAMPLE, SIZE

LABEL_IMG = """<annotation>
	<folder>images</folder>
	<filename>first.png</filename>
	<path>C:\\images\\first.png</path>
	<source>
		<database>Unknown</database>
	</source>
	<size>
		<width>32</width>
		<height>24</height>
		<depth>1</depth>
	</size>
	<segmented>0</segmented>
	<object>
		<name>atom</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>5</xmin>
			<ymin>5</ymin>
			<xmax>15</xmax>
			<ymax>15</ymax>
		</bndbox>
	</object>
</annotation>"""
CHALLENGE = LABEL_IMG.replace(
    "<database>Unknown</database>",
    "<database>The VOC2007 Database</database><annotation>PASCAL VOC2007</annotation><image>flickr</image>",
)


@pytest.fixture
def read(tmp_path):
    def read_text(text, label_format=FORMAT):
        path = tmp_path / "first.xml"
        path.write_text(text, encoding="utf-8")
        assert label_format.recognises(path)
        return label_format.read(path, {})

    return read_text


@pytest.fixture
def data_set(tmp_path):
    """Return a function that writes masks and says what is read of them."""

    def write_and_read(classes, objects=None, *, xml=None, label_map=None):
        for folder, picture in (("SegmentationClass", classes), ("SegmentationObject", objects)):
            if picture is not None:
                (tmp_path / folder).mkdir(exist_ok=True)
                picture.save(tmp_path / folder / "first.png")
        if xml is not None:
            (tmp_path / "Annotations").mkdir(exist_ok=True)
            (tmp_path / "Annotations" / "first.xml").write_text(xml)
        if label_map is not None:
            (tmp_path / "labelmap.txt").write_text(label_map)
        assert FORMAT.recognises(tmp_path)
        return FORMAT.read(tmp_path, {})

    return write_and_read


def indices(values):
    picture = Image.fromarray(np.asarray(values, np.uint8))
    picture.putpalette(bytes(range(256)) * 3)
    return picture


def drawn(annotations, codes, outside=9):
    return draw_codes(annotations, SIZE, codes, outside=outside)


def pixels(annotations):
    return {one.label: int((drawn([one], {one.label: 2}) == 2).sum()) for one in annotations}


def test_corners_of_a_box_of_ten_by_ten_are_a_hundred_pixels(read):
    found = read(LABEL_IMG)
    (one,) = found.images[0].annotations
    assert one.shape == Box(4.5, 4.5, 14.5, 14.5)
    assert pixels([one]) == {"atom": 100}
    assert (found.images[0].name, found.images[0].size, found.classes) == ("first.png", SIZE, (FileClass("atom"),))


def test_boxes_of_the_challenges_count_pixels_from_one_and_include_the_last(read):
    found = read(CHALLENGE)
    (one,) = found.images[0].annotations
    assert "pixels counted from 1" in found.warnings[0]
    assert one.shape == Box(3.5, 3.5, 14.5, 14.5)
    assert pixels([one]) == {"atom": 121}


def test_the_user_can_say_that_boxes_count_pixels(read):
    (one,) = (
        read(LABEL_IMG.replace("<xmin>5<", "<xmin>6<").replace("<ymin>5<", "<ymin>6<"), DEVKIT_FORMAT)
        .images[0]
        .annotations
    )
    assert one.shape == Box(4.5, 4.5, 14.5, 14.5)


def test_what_is_said_of_an_object_is_kept(read):
    said = (
        "<pose>Left</pose><truncated>1</truncated><occluded>1</occluded><attributes><attribute><name>element</name>"
        "<value>Mo</value></attribute></attributes>"
    )
    text = LABEL_IMG.replace("<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>", said)
    (one,) = read(text).images[0].annotations
    assert one.occluded
    assert one.attributes == {"pose": "Left", "truncated": "1", "element": "Mo"}


def test_what_has_no_place_here_is_passed_over_and_told(read):
    part = (
        "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part></object><object><name>grain</name></object>"
    )
    found = read(LABEL_IMG.replace("</object>", part))
    assert len(found.images[0].annotations) == 1
    assert found.warnings == (
        "1 <part> of objects was passed over.",
        "1 object without a box (grain) was passed over.",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<xmin>5</xmin>", "<xmin>nan</xmin>"),
        ("<xmin>5</xmin>", ""),
        ("<name>atom</name>", ""),
        ("<width>32</width>", "<width>999999999</width>"),
        ("<width>32</width>", "<width>x</width>"),
        ("<annotation>", "<!DOCTYPE a><annotation>"),
    ],
)
def test_what_cannot_be_is_refused(read, old, new):
    with pytest.raises(LabelsError, match="is refused"):
        read(LABEL_IMG.replace(old, new))


def test_a_folder_without_size_and_with_other_files_is_read(tmp_path):
    (tmp_path / "first.xml").write_text(
        LABEL_IMG.replace("<width>32</width>", "<width>0</width>").replace("24", "0")
    )
    (tmp_path / "annotations.xml").write_text("<annotations><version>1.1</version></annotations>")
    found = FORMAT.read(tmp_path, {})
    assert [(one.name, one.size) for one in found.images] == [("first.png", None)]
    assert found.warnings == ("1 of the XML files that are not of VOC (annotations.xml) was passed over.",)


def test_masks_hold_background_and_pixels_that_are_not_labelled(data_set):
    codes = np.zeros(SIZE, np.uint8)
    codes[2:12, 3:13], codes[12, 3:13] = 1, 255
    found = data_set(indices(codes))
    assert found.images[0].size == SIZE
    assert pixels(found.images[0].annotations) == {
        BACKGROUND_NAME: 24 * 32 - 110,
        "class 1": 100,
        NOT_LABELLED_NAME: 10,
    }


def test_objects_have_the_name_of_their_place_in_the_xml(data_set):
    numbers = np.zeros(SIZE, np.uint8)
    numbers[:2], numbers[2:4], numbers[4] = 1, 2, 255
    second = "<object><name>grain</name><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax>"
    xml = LABEL_IMG.replace("</annotation>", second + "<ymax>2</ymax></bndbox></object></annotation>")
    (image,) = data_set(indices((numbers > 0) * 15), indices(numbers), xml=xml).images
    objects = [one for one in image.annotations if one.label in {"atom", "grain"}]
    assert image.name == "first.png"
    assert pixels(objects) == {"atom": 64, "grain": 64}
    assert objects[1].attributes == {"difficult": "1"}
    assert all(isinstance(one.shape, PixelMask) for one in image.annotations)


def test_masks_in_the_colours_of_cvat_are_read(data_set):
    classes, objects = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)
    classes[5:15, 5:15] = 250, 50, 83
    objects[5:10, 5:15], objects[10:15, 5:15] = (128, 0, 0), (0, 128, 0)
    label_map = "# label:color_rgb:parts:actions\nbackground:0,0,0::\natom:250,50,83::\ngrain:0,128,255::\n"
    found = data_set(Image.fromarray(classes), Image.fromarray(objects), label_map=label_map)
    assert found.classes[:2] == (FileClass("atom", "#fa3253"), FileClass("grain", "#0080ff"))
    numbers, drawn_objects = draw_objects(found.images[0].annotations, SIZE, ["atom"])
    assert [(one.label, one.pixels) for one in drawn_objects] == [("atom", 50), ("atom", 50)]
    assert numbers[5, 5] == 1


def test_masks_of_another_size_than_the_image_or_each_other_are_refused(data_set):
    small = indices(np.zeros((3, 3), np.uint8))
    with pytest.raises(LabelsError, match="another size"):
        data_set(indices(np.zeros(SIZE)), small)
    with pytest.raises(LabelsError, match="another size"):
        data_set(small, small, xml=LABEL_IMG)


@pytest.mark.parametrize("label_format", [FORMAT, DEVKIT_FORMAT])
def test_boxes_come_back_as_boxes(tmp_path, label_format):
    boxes = (
        Annotation(Box(4.5, 4.5, 14.5, 14.5), "atom", 0, None, True, "auto", {"pose": "Left", "element": "Mo"}),
        Annotation(Box(-0.5, 1.5, 3.5, 7.5), "grain"),
    )
    image = AnnotatedImage("first.png", SIZE, boxes)
    files = label_format.write(AnnotationSet((), (image,)), tmp_path)
    assert [file.name for file in files] == ["first.xml"]
    assert FORMAT.read(tmp_path, {}).images == (image,)


def test_corners_that_are_no_whole_numbers_come_back(tmp_path):
    one = Annotation(Box(1.25, 2, 3.7, 9), "atom")
    FORMAT.write(AnnotationSet((), (AnnotatedImage("first.png", SIZE, (one,)),)), tmp_path)
    assert FORMAT.read(tmp_path, {}).images[0].annotations == (one,)


def test_every_shape_comes_back_as_the_same_pixels(tmp_path):
    codes = {"atom": 2, "grain": 3}
    for one in SAMPLE.images[0].annotations:
        image = AnnotatedImage("first.png", SIZE, (one, Annotation(Ellipse(5, 5, 3, 3), "grain")))
        FORMAT.write(AnnotationSet(SAMPLE.classes, (image,)), tmp_path)
        back = FORMAT.read(tmp_path, {})
        assert back.classes[:2] == SAMPLE.classes
        assert np.array_equal(
            drawn(back.images[0].annotations, codes | {BACKGROUND_NAME: 9}), drawn(image.annotations, codes)
        )


def test_objects_their_order_and_what_is_not_labelled_come_back(tmp_path):
    mask = PixelMask(0, 0, np.ones((4, 4), bool))
    annotations = (
        Annotation(Box(1.5, 1.5, 8.5, 8.5), "atom", 1, 7),
        Annotation(Box(9.5, 9.5, 11.5, 11.5), "atom", 1, 7),
        Annotation(mask, "grain"),
        Annotation(PixelMask(10, 0, np.ones((3, 5), bool)), BACKGROUND_NAME),
    )
    FORMAT.write(AnnotationSet((), (AnnotatedImage("first.png", SIZE, annotations),)), tmp_path)
    (image,) = FORMAT.read(tmp_path, {}).images
    _, objects = draw_objects(image.annotations, SIZE, ["atom", "grain"])
    assert sorted((one.label, one.pixels) for one in objects) == [("atom", 49 + 4), ("grain", 12)]
    assert pixels(image.annotations)[BACKGROUND_NAME] == 15
    assert pixels(image.annotations)[NOT_LABELLED_NAME] == 24 * 32 - 49 - 4 - 12 - 15


def test_what_voc_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    ellipse = Annotation(Ellipse(5, 5, 3, 3), "atom")
    for image in (
        AnnotatedImage("a.tif", SIZE, (), 1),
        AnnotatedImage("a.png", None, (ellipse,)),
        AnnotatedImage("a.png", SIZE, (ellipse,) * 255),
        AnnotatedImage("a.png", SIZE, (Annotation(Ellipse(5, 5, 3, 3), "a:b"),)),
    ):
        with pytest.raises(LabelsError):
            FORMAT.write(AnnotationSet((), (image,)), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_objects_without_classes_are_read(data_set):
    numbers = np.zeros(SIZE, np.uint8)
    numbers[:2], numbers[2:4], numbers[4] = 1, 2, 255
    found = data_set(None, indices(numbers), xml=LABEL_IMG)
    assert pixels(found.images[0].annotations) == {
        "atom": 64,
        "object": 64,
        BACKGROUND_NAME: 24 * 32 - 160,
        NOT_LABELLED_NAME: 32,
    }
