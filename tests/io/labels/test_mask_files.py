import json
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    Annotation,
    AnnotationSet,
    FileClass,
    classes_of,
)
from napari_strata.io.labels.drawing import draw_codes, draw_objects
from napari_strata.io.labels.index_masks import FORMAT as INDEX
from napari_strata.io.labels.rgb_masks import FORMAT as RGB
from napari_strata.io.labels.shapes import Box, PixelMask
from tests.io.labels.round_trips import SHAPES, SIZE, pixels, set_of, written_and_read

CODES = np.zeros((12, 16), np.uint8)
CODES[2:6, 3:9] = 1
CODES[5:10, 8:14] = 2
CODES[10, :] = 255
COLORS = np.zeros((12, 16, 3), np.uint8)
COLORS[2:6, 3:9] = (128, 0, 0)
COLORS[5:10, 8:14] = (0, 128, 255)


def save(path, data, palette=None):
    if path.suffix == ".png":
        picture = Image.fromarray(data)
        if palette is not None:
            picture.putpalette(bytes(palette))
        picture.save(path)
    else:
        tifffile.imwrite(path, data, photometric="rgb" if data.shape[-1] == 3 else "minisblack")
    return path


def drawn(image, names):
    """Draw an image with the file values that its classes came from."""
    return draw_codes(image.annotations, image.size, names, outside=99)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.tiff"])
def test_values_are_background_classes_and_not_labelled(tmp_path, name):
    path = save(tmp_path / name, CODES)
    assert (INDEX.recognises(path), RGB.recognises(path)) == (True, False)
    read = INDEX.read(tmp_path, {})
    (image,) = read.images
    assert (image.name, image.size) == (name, (12, 16))
    assert [one.name for one in read.classes] == [BACKGROUND_NAME, "class 1", "class 2", NOT_LABELLED_NAME]
    names = {BACKGROUND_NAME: 0, "class 1": 1, "class 2": 2, NOT_LABELLED_NAME: 255}
    assert np.array_equal(drawn(image, names), CODES)


def test_masks_are_cut_to_what_they_hold(tmp_path):
    image = INDEX.read(save(tmp_path / "a.png", CODES), {}).images[0]
    masks = {one.label: one.shape for one in image.annotations}
    assert isinstance(masks["class 1"], PixelMask)
    assert (masks["class 1"].top, masks["class 1"].left, masks["class 1"].pixels.shape) == (2, 3, (4, 6))
    assert np.count_nonzero(masks["class 2"].pixels) == 30


def test_of_a_palette_the_indices_count_and_colours_are_those_of_classes(tmp_path):
    path = save(tmp_path / "a.png", CODES % 255, palette=[0, 0, 0, 255, 0, 0, 0, 0, 255])
    assert (INDEX.recognises(path), RGB.recognises(path)) == (True, False)
    read = INDEX.read(path, {})
    assert [(one.name, one.color) for one in read.classes[1:3]] == [("class 1", "#ff0000"), ("class 2", "#0000ff")]


def test_pages_of_a_tiff_are_frames(tmp_path):
    stack = np.stack([CODES, np.zeros_like(CODES), CODES])
    images = INDEX.read(save(tmp_path / "stack.tif", stack), {}).images
    assert [(image.name, image.frame, image.size) for image in images] == [
        ("stack.tif", 0, (12, 16)),
        ("stack.tif", 1, (12, 16)),
        ("stack.tif", 2, (12, 16)),
    ]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.json", '{"0": "background", "1": "grain", "2": "hole"}'),
        ("classes.json", '{"background": 0, "grain": 1, "hole": 2}'),
        ("classes.json", '["_background_", "grain", "hole"]'),
        ("classes.json", '["grain", "hole"]'),
        ("classes.json", '{"classes": [{"name": "grain", "id": 1}, {"name": "hole", "id": 2}]}'),
        ("classes.json", '[{"label": "grain"}, {"label": "hole"}]'),
        ("classes.yaml", "names: {1: grain, 2: hole}"),
        ("classes.yaml", "[background, grain, hole]"),
        ("classes.txt", "background\ngrain\nhole\n"),
        ("classes.txt", "grain\nhole\n"),
        ("labels.txt", "__ignore__\n_background_\ngrain\nhole\n"),
    ],
)
def test_a_file_beside_masks_names_their_values(tmp_path, file, text):
    save(tmp_path / "a.png", CODES)
    (tmp_path / file).write_text(text)
    names = [one.name for one in INDEX.read(tmp_path, {}).classes]
    assert names == [BACKGROUND_NAME, "grain", "hole", NOT_LABELLED_NAME]


def test_a_named_value_overrides_background_and_not_labelled(tmp_path):
    save(tmp_path / "a.png", CODES)
    (tmp_path / "classes.json").write_text('{"0": "not labelled", "255": "edge", "1": "grain", "2": "hole"}')
    names = {NOT_LABELLED_NAME: 0, "grain": 1, "hole": 2, "edge": 255}
    assert np.array_equal(drawn(INDEX.read(tmp_path, {}).images[0], names), CODES)


def test_masks_of_an_import_are_read_by_its_codes(tmp_path):
    save(tmp_path / "a.tif", CODES)
    (tmp_path / "classes.json").write_text(
        json.dumps({"kind": "semantic", "classes": [{"name": "grain", "color": "#ff0000", "code": 2}]})
    )
    names = {NOT_LABELLED_NAME: 0, BACKGROUND_NAME: 1, "grain": 2}
    image = INDEX.read(tmp_path, {}).images[0]
    assert np.array_equal(drawn(image, names | {NOT_LABELLED_NAME: 0})[:10], CODES[:10])


def test_objects_of_an_import_keep_their_class(tmp_path):
    save(tmp_path / "a.tif", CODES[:10].astype(np.uint16))
    content = {
        "kind": "instance",
        "outside": "background",
        "classes": [{"name": "grain", "color": "#ff0000", "code": 2}],
        "images": [{"file": "a.tif", "objects": [{"number": 2, "class": "grain"}]}],
    }
    (tmp_path / "classes.json").write_text(json.dumps(content))
    annotations = INDEX.read(tmp_path, {}).images[0].annotations
    assert [(one.label, one.instance) for one in annotations] == [
        (BACKGROUND_NAME, None),
        ("object", 1),
        ("grain", 2),
    ]


def test_unnamed_values_beside_named_ones_give_a_warning(tmp_path):
    save(tmp_path / "a.png", CODES)
    (tmp_path / "classes.json").write_text('{"1": "grain"}')
    assert "values 2" in INDEX.read(tmp_path, {}).warnings[0]


def test_a_mask_of_0_and_255_alone_gives_a_warning(tmp_path):
    read = INDEX.read(save(tmp_path / "a.png", np.where(CODES == 1, 255, 0).astype(np.uint8)), {})
    assert "only 0 and 255" in read.warnings[0]
    assert [one.name for one in read.classes] == [BACKGROUND_NAME, NOT_LABELLED_NAME]


@pytest.mark.parametrize(("dtype", "step"), [(np.uint16, 1), (np.uint16, 7), (np.int32, 3000), (np.float32, 1)])
def test_many_values_are_numbered_objects_of_one_class(tmp_path, dtype, step):
    numbers = np.zeros((60, 80), dtype)
    numbers[:50] = np.kron(np.arange(1, 101).reshape(10, 10), np.ones((5, 8))) * step
    read = INDEX.read(save(tmp_path / "a.tif", numbers), {})
    assert [one.name for one in read.classes] == [BACKGROUND_NAME, "object"]
    assert "numbered objects" in read.warnings[0]
    drawn_numbers, objects = draw_objects(read.images[0].annotations, (60, 80), ["object"])
    assert len(objects) == 100
    assert all(one.pixels == 40 for one in objects)
    assert np.array_equal(drawn_numbers > 0, numbers > 0)


@pytest.mark.parametrize(
    "data",
    [
        np.linspace(0, 1, 64).reshape(8, 8).astype(np.float32),
        np.full((8, 8), -1, np.int16),
        np.full((8, 8), np.nan, np.float32),
        np.zeros((2, 2, 8, 8), np.uint8),
        np.zeros((8, 8), np.complex64),
    ],
)
def test_what_holds_no_values_of_a_mask_is_refused(tmp_path, data):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, photometric="minisblack")
    with pytest.raises(LabelsError):
        INDEX.read(path, {})


def test_a_photograph_is_refused(tmp_path):
    noise = np.random.default_rng(0)
    path = save(tmp_path / "a.png", noise.integers(0, 256, (80, 80), np.uint8))
    with pytest.raises(LabelsError, match="spread as those of images"):
        INDEX.read(path, {})
    path = save(tmp_path / "a.png", noise.integers(0, 256, (80, 80, 3), np.uint8))
    with pytest.raises(LabelsError, match="colours"):
        RGB.read(path, {})


@pytest.mark.parametrize("label_format", [INDEX, RGB])
def test_a_picture_that_claims_ten_gigabytes_is_refused(tmp_path, label_format):
    tifffile.imwrite(tmp_path / "a.tif", CODES)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tif:
        tif.pages[0].tags["ImageWidth"].overwrite(100_000)
        tif.pages[0].tags["ImageLength"].overwrite(100_000)
    with pytest.raises(LabelsError, match=r"claims|bomb"):
        label_format.read(tmp_path / "a.tif", {})


def test_a_large_mask_gives_no_warning_of_a_bomb(tmp_path):
    path = save(tmp_path / "a.png", np.zeros((10, 10), np.uint8))
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, 60
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert INDEX.recognises(path)
            assert len(INDEX.read(path, {}).images) == 1
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def test_colours_are_classes_and_black_is_background(tmp_path):
    path = save(tmp_path / "a.png", COLORS)
    assert (INDEX.recognises(path), RGB.recognises(path)) == (False, True)
    read = RGB.read(path, {})
    assert [(one.name, one.color) for one in read.classes] == [
        (BACKGROUND_NAME, "#000000"),
        ("#0080ff", "#0080ff"),
        ("#800000", "#800000"),
    ]
    expected = (COLORS > 0) @ np.array([1, 0, 2])
    assert np.array_equal(drawn(read.images[0], {BACKGROUND_NAME: 0, "#800000": 1, "#0080ff": 2}), expected)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "labelmap.txt",
            "# label:color_rgb:parts:actions\ngrain:128,0,0::\nhole:0,128,255::\n",
        ),
        ("label_colors.txt", "0 0 0 background\n128 0 0 grain\n0 128 255 hole\n"),
        ("classes.json", '{"background": [0, 0, 0], "grain": "#800000", "hole": [0, 128, 255]}'),
        ("classes.json", '[{"name": "grain", "color": "#800000"}, {"name": "hole", "color": [0, 128, 255]}]'),
    ],
)
def test_a_file_beside_masks_or_above_them_names_their_colours(tmp_path, file, text):
    folder = tmp_path / "SegmentationClass"
    folder.mkdir()
    save(folder / "a.png", COLORS)
    (tmp_path / file).write_text(text)
    image = RGB.read(folder, {}).images[0]
    assert np.count_nonzero(pixels(image, "grain", (12, 16))) == 23
    assert np.count_nonzero(pixels(image, "hole", (12, 16))) == 30


def test_transparency_is_passed_over(tmp_path):
    alpha = np.dstack([COLORS, np.full((12, 16), 7, np.uint8)])
    read = RGB.read(save(tmp_path / "a.png", alpha), {})
    assert [one.name for one in read.classes] == [BACKGROUND_NAME, "#0080ff", "#800000"]


def test_a_colour_that_the_table_does_not_name_is_warned_of(tmp_path):
    save(tmp_path / "a.png", COLORS)
    (tmp_path / "labelmap.txt").write_text("grain:128,0,0::\n")
    assert "#0080ff" in RGB.read(tmp_path, {}).warnings[0]


@pytest.mark.parametrize("text", ['{"a": [1, 2]}', '{"a": [1, 2, 999]}', '"a"', '{"a": "#12"}', '[["a"]]', "[1"])
def test_a_class_table_that_makes_no_sense_is_refused(tmp_path, text):
    save(tmp_path / "a.png", COLORS)
    (tmp_path / "classes.json").write_text(text)
    with pytest.raises(LabelsError):
        RGB.read(tmp_path, {})


@pytest.mark.parametrize("label_format", [INDEX, RGB])
@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_comes_back_with_its_pixels(kind, label_format, tmp_path):
    drawn_set = set_of(Annotation(SHAPES[kind], "grain"))
    (image,) = written_and_read(label_format, drawn_set, tmp_path).images
    assert (image.name, image.size) == ("micrograph.png", SIZE)
    assert np.array_equal(pixels(image, "grain"), pixels(drawn_set.images[0]))


@pytest.mark.parametrize("label_format", [INDEX, RGB])
def test_classes_colours_overlaps_and_frames_come_back(label_format, tmp_path):
    below, above = Annotation(Box(4, 4, 20, 20), "a:b"), Annotation(Box(10, 10, 30, 30), "#c", z_order=1)
    first, third = AnnotatedImage("x/s.tif", SIZE, (above, below)), AnnotatedImage("x/s.tif", SIZE, (below,), 2)
    classes = (FileClass("a:b", "#ff8000"), FileClass("#c", "#0080ff"))
    read = written_and_read(label_format, AnnotationSet(classes, (first, third)), tmp_path)
    assert [(image.name, image.frame) for image in read.images] == [("s.tif", 0), ("s.tif", 1), ("s.tif", 2)]
    names = {"a:b": 2, "#c": 3, BACKGROUND_NAME: 1, NOT_LABELLED_NAME: 0}
    expected = draw_codes((above, below), SIZE, names, outside=1)
    assert np.array_equal(drawn(read.images[0], names), expected)
    assert not drawn(read.images[1], names).any()  # nobody labelled that frame
    if label_format is RGB:
        assert {one.name: one.color for one in read.classes}.items() >= {"a:b": "#ff8000", "#c": "#0080ff"}.items()


@pytest.mark.parametrize("label_format", [INDEX, RGB])
def test_where_background_is_drawn_the_rest_is_not_labelled(label_format, tmp_path):
    drawn_set = set_of(Annotation(Box(4, 4, 20, 20), BACKGROUND_NAME), Annotation(Box(30, 30, 40, 40), "grain"))
    (image,) = written_and_read(label_format, drawn_set, tmp_path).images
    names = {BACKGROUND_NAME: 1, "grain": 2, NOT_LABELLED_NAME: 0}
    assert np.array_equal(drawn(image, names), draw_codes(drawn_set.images[0].annotations, SIZE, names, outside=0))


@pytest.mark.parametrize("label_format", [INDEX, RGB])
@pytest.mark.parametrize(
    "refused",
    [
        set_of(Annotation(SHAPES["box"], "grain"), size=None),
        set_of(Annotation(SHAPES["box"], "grain"), frame=2**30),
        AnnotationSet(classes_of(set_of().images), set_of(name="a.tif").images + set_of(name="b/A.png").images),
        AnnotationSet(tuple(FileClass(f"c{number}") for number in range(300)), set_of().images),
    ],
)
def test_what_masks_cannot_hold_is_refused_before_anything_is_written(label_format, refused, tmp_path):
    with pytest.raises(LabelsError):
        label_format.write(refused, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("label_format", [INDEX, RGB], ids=lambda one: one.name)
def test_classes_written_here_mean_what_they_are_called(label_format, tmp_path):
    names = ("void", "ignore", "unlabelled", "cell")
    wanted = set_of(*(Annotation(Box(4.5 * k, 0.5, 4.5 * k + 3, 9.5), name) for k, name in enumerate(names)))
    read = written_and_read(label_format, wanted, tmp_path)
    for name in names:
        assert np.array_equal(pixels(read.images[0], name), pixels(wanted.images[0], name))
    assert read.warnings == ()


@pytest.mark.parametrize(
    ("name", "text"), [("classes.txt", "background\nvoid\ncell\n"), ("classes.json", '{"Void": 1, "cell": 2}')]
)
def test_void_in_another_programs_table_is_not_labelled_and_told(tmp_path, name, text):
    save(tmp_path / "a.png", CODES)
    (tmp_path / name).write_text(text)
    read = INDEX.read(tmp_path, {})
    assert {one.name for one in read.classes} == {"background", NOT_LABELLED_NAME, "cell"}
    assert "void is taken as not labelled" in read.warnings[0].casefold()
