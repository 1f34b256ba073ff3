import numpy as np
import pytest

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, FileClass
from napari_strata.io.labels.class_file import read_class_file
from napari_strata.io.labels.drawing import draw_codes
from napari_strata.io.labels.mask_codes import FORMAT
from napari_strata.io.labels.shapes import Box
from napari_strata.io.masks import read_masks

CODES = {"not labelled": 0, "background": 1, "atom": 2, "hole": 3}
BELOW, ABOVE = Annotation(Box(-0.5, -0.5, 9.5, 19.5), "background"), Annotation(Box(1.5, 1.5, 4.5, 4.5), "hole")
CLASSES = (FileClass("atom", "#112233"), FileClass("hole"))


def test_they_are_what_a_training_reads(tmp_path):
    image = AnnotatedImage("a.png", (12, 20), (BELOW, ABOVE))
    files = FORMAT.write(AnnotationSet(CLASSES, (image,)), tmp_path)
    assert [path.name for path in files] == ["a.tif", "classes.json"]
    codes = read_masks(tmp_path / "a.tif")
    assert codes.shape == (1, 1, 12, 20)
    assert [(codes == code).sum() for code in range(4)] == [40, 191, 0, 9]
    content = read_class_file(tmp_path)
    assert content.names == ("atom", "hole")
    assert content.classes[0].color == "#112233"
    assert content.images[0].pixels == {"not labelled": 40, "background": 191, "hole": 9}


def test_a_stack_keeps_its_frames_and_all_is_read_back(tmp_path):
    images = (AnnotatedImage("s.tif", (12, 20), (BELOW,), 0), AnnotatedImage("s.tif", (12, 20), (BELOW, ABOVE), 2))
    FORMAT.write(AnnotationSet(CLASSES, images), tmp_path)
    assert read_masks(tmp_path / "s.tif").shape == (3, 1, 12, 20)
    read = FORMAT.read(tmp_path, {})
    drawn = {one.frame: draw_codes(one.annotations, (12, 20), CODES, outside=0) for one in read.images}
    assert np.array_equal(np.stack([drawn[n] for n in range(3)]), read_masks(tmp_path / "s.tif")[:, 0])


def test_more_classes_than_there_are_codes_are_refused(tmp_path):
    classes = tuple(FileClass(str(number)) for number in range(254))
    with pytest.raises(LabelsError, match="hold 253 classes"):
        FORMAT.write(AnnotationSet(classes, ()), tmp_path)
