from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_strata.annotation.class_mapping import map_classes
from napari_strata.annotation.drawn_labels import DrawingStyle, draw_match
from napari_strata.annotation.matching import How, ImageMatch
from napari_strata.annotation.tracing import LabelImage, Meaning, TracingStyle, trace
from napari_strata.errors import LabelsError
from napari_strata.io.image_folder import Extent
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, classes_of
from napari_strata.io.labels.shapes import Box, Points

SQUARE = Box(1.5, 1.5, 3.5, 3.5)
"""Four pixels: rows and columns 2 and 3."""


def match(*annotations: Annotation, frames: int = 1, frame: int = 0) -> ImageMatch:
    image = AnnotatedImage("a", (6, 8), annotations, frame)
    return ImageMatch("a", {frame: image}, None, How.STATED, 0.5, Extent(frames, 6, 8))


def draw(one: ImageMatch, **style):
    return draw_match(one, map_classes(classes_of(one.frames.values())), DrawingStyle(**style))


def test_mask_codes_have_background_around_the_shapes() -> None:
    drawn = draw(match(Annotation(SQUARE, "grain")))
    assert (drawn.axes, drawn.data.dtype, drawn.data.shape) == ("YX", np.uint8, (6, 8))
    assert drawn.data[2:4, 2:4].tolist() == [[2, 2], [2, 2]]
    assert drawn.pixels == {"background": 44, "grain": 4}


def test_outside_may_be_left_not_labelled() -> None:
    assert draw(match(Annotation(SQUARE, "grain")), outside=0).pixels == {"not labelled": 44, "grain": 4}


def test_frames_that_the_file_does_not_mention_are_not_labelled() -> None:
    drawn = draw(match(Annotation(SQUARE, "grain"), frames=3, frame=1))
    assert drawn.axes == "TYX"
    assert [int(frame.max()) for frame in drawn.data] == [0, 2, 0]
    assert drawn.pixels == {"not labelled": 96, "background": 44, "grain": 4}


def test_planes_hold_classes_that_overlap() -> None:
    drawn = draw(match(Annotation(SQUARE, "grain"), Annotation(SQUARE, "crack")), one_hot=True)
    assert (drawn.axes, drawn.data.shape) == ("CYX", (2, 6, 8))
    assert drawn.pixels == {"grain": 4, "crack": 4}


def test_planes_that_take_gigabytes_are_refused_before_they_are_made() -> None:
    large = replace(match(Annotation(SQUARE, "grain")), extent=Extent(1, 40_000, 40_000))
    with pytest.raises(LabelsError, match=r"would take 1\.5 GB"):
        draw(large, one_hot=True)


def test_objects_are_numbered_with_their_class_source_and_pixels() -> None:
    below, above = Annotation(SQUARE, "grain", source="auto"), Annotation(Box(2.5, 1.5, 3.5, 3.5), "void", 1)
    drawn = draw(match(below, above), kind="instance")
    assert drawn.data.dtype == np.uint16
    assert drawn.data[2:4, 2].tolist() == [1, 2]
    assert [(frame, one.number, one.label, one.pixels, one.source) for frame, one in drawn.objects] == [
        (0, 1, "grain", 2, "auto"),
        (0, 2, "void", 2, ""),
    ]


@pytest.mark.parametrize("name", ["Background", "not labelled"])
@pytest.mark.parametrize("style", [{"kind": "instance"}, {"one_hot": True}, {}])
def test_what_is_no_class_cuts_holes_into_what_lies_below_it(name: str, style: dict[str, Any]) -> None:
    hole = Annotation(Box(2.5, 1.5, 3.5, 3.5), name, 1)
    drawn = draw(
        match(hole, Annotation(SQUARE, "grain"), Annotation(Box(2.5, 2.5, 4.5, 3.5), "crack", 2)), **style
    )
    assert (drawn.pixels["grain"], drawn.pixels["crack"]) == (2, 2)


def test_an_object_bears_one_number_in_all_frames() -> None:
    track, other = Annotation(SQUARE, "grain", instance=7), Annotation(Box(4.5, 4.5, 5.5, 5.5), "grain")
    frames = {
        0: AnnotatedImage("a", (6, 8), (other, track)),
        1: AnnotatedImage("a", (6, 8), (track, other), 1),
    }
    one = ImageMatch("a", frames, None, How.STATED, 0.5, Extent(2, 6, 8))
    drawn = draw(one, kind="instance")
    assert drawn.data[:, 2, 2].tolist() == [2, 2]
    assert drawn.data[:, 5, 5].tolist() == [1, 3]
    assert [(frame, one.number, one.pixels) for frame, one in drawn.objects] == [(0, 1, 1), (0, 2, 8), (1, 3, 1)]


def test_a_track_bears_one_number_in_all_frames_and_others_their_own() -> None:
    track, other = Annotation(SQUARE, "grain", attributes={"track_id": "3"}), Annotation(SQUARE, "grain")
    frames = {
        number: AnnotatedImage("a", (6, 8), annotations, number)
        for number, annotations in enumerate([(track,), (other,), (other, track), (track, track)])
    }
    one = ImageMatch("a", frames, None, How.STATED, 0.5, Extent(4, 6, 8))
    assert draw(one, kind="instance").data[:, 2, 2].tolist() == [1, 2, 1, 4]


def test_points_become_disks() -> None:
    points = Annotation(Points(np.array([(2.0, 2.0), (2.0, 6.0)])), "atom")
    assert draw(match(points)).pixels["atom"] == 2
    assert draw(match(points), point_radius=1.0).pixels["atom"] == 10
    assert draw(match(points), point_radius=1.0, kind="instance").objects[0][1].pixels == 10


@pytest.mark.parametrize("as_outlines", [False, True])
def test_tracing_and_drawing_give_the_same_codes(as_outlines: bool) -> None:
    codes = np.random.default_rng(3).integers(0, 5, (2, 12, 11)).astype(np.uint8)
    style = TracingStyle(as_outlines=as_outlines, with_background=True)
    frames = {one.frame: one for one in trace(LabelImage("a", codes), style)}
    one = ImageMatch("a", frames, None, How.STATED, 0.5, Extent(2, 12, 11))
    names = ("class 1", "class 2", "class 3")
    mapping = map_classes(classes_of(frames.values()), names=names)
    assert (draw_match(one, mapping, DrawingStyle()).data == codes).all()


def test_parts_that_touch_at_a_corner_are_one_annotation_and_others_are_not() -> None:
    codes = np.array([[2, 1, 1, 2], [1, 2, 1, 2]], np.uint8)
    (image,) = trace(LabelImage("a", codes, meanings={2: Meaning("grain")}), TracingStyle())
    assert [one.label for one in image.annotations] == ["grain", "grain"]
    (image,) = trace(LabelImage("a", codes), TracingStyle(by_part=False))
    assert [one.label for one in image.annotations] == ["class 1"]


def test_objects_keep_their_number_whatever_it_is() -> None:
    numbers = np.array([[0, 70000], [9, 9]], np.uint32)
    labels = LabelImage("a", numbers, "instance", {9: Meaning("grain", "auto", occluded=True)})
    (image,) = trace(labels, TracingStyle())
    assert [(one.label, one.instance, one.occluded) for one in image.annotations] == [
        ("grain", 9, True),
        ("object", 70000, False),
    ]


def test_an_empty_image_has_no_annotation() -> None:
    (image,) = trace(LabelImage("a", np.ones((2, 2), np.uint8)), TracingStyle())
    assert (image.size, image.annotations) == ((2, 2), ())
