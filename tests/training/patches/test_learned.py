import numpy as np
import pytest

from napari_strata.config.training import LabelledData
from napari_strata.errors import ConfigError, LabelsError
from napari_strata.io.masks import write_masks
from napari_strata.training.patches.learned import only_from, read_labels
from napari_strata.types import ImageStack

CODES = np.array([[[[1, 2, 2, 3, 0]]]], np.uint8)
PROVENANCE = np.array([[[[1, 2, 3, 4, 0]]]], np.uint8)


IMAGES = (ImageStack(np.zeros((1, 1, 5)), None, "a"),)


@pytest.fixture
def files(tmp_path):
    write_masks(CODES, tmp_path / "labels.tif")
    write_masks(PROVENANCE, tmp_path / "provenance.tif")
    return tmp_path


def data(files, **settings) -> LabelledData:
    plain = {"images": ["a.tif"], "labels": [files / "labels.tif"], "classes": ["a", "b"]}
    return LabelledData.parse(plain | settings)


def read(settings: LabelledData):
    return read_labels(settings, IMAGES, layers=1)


@pytest.mark.parametrize(
    ("origins", "left"),
    [
        (("human", "imported", "model", "corrected"), [1, 2, 2, 3, 0]),
        (("human", "corrected"), [1, 0, 0, 3, 0]),
        (("model",), [0, 0, 2, 0, 0]),
    ],
)
def test_labels_that_come_from_elsewhere_are_not_labelled(origins, left):
    assert only_from(CODES, PROVENANCE, origins).ravel().tolist() == left


def test_all_labels_count_unless_said_otherwise(files):
    (labels,) = read(data(files))
    assert np.array_equal(labels, CODES)


def test_provenance_files_tell_what_to_leave_out(files):
    settings = data(files, provenance=[files / "provenance.tif"], learn_from=["human", "imported", "corrected"])
    (labels,) = read(settings)
    assert labels.ravel().tolist() == [1, 2, 0, 3, 0]


def test_without_provenance_files_nothing_can_be_left_out(files):
    with pytest.raises(LabelsError, match="no file says which do"):
        read(data(files, learn_from=["human"]))


def test_provenance_of_another_shape_or_with_other_values_is_refused(files):
    write_masks(PROVENANCE[..., 1:], files / "short.tif")
    with pytest.raises(LabelsError, match="has the shape"):
        read(data(files, provenance=[files / "short.tif"], learn_from=["human"]))
    write_masks(PROVENANCE + 5, files / "high.tif")
    with pytest.raises(LabelsError, match="holds the value 9"):
        read(data(files, provenance=[files / "high.tif"], learn_from=["human"]))


def test_every_label_file_needs_its_provenance_file(files):
    with pytest.raises(ConfigError, match="1 label files but 2 provenance files"):
        data(files, provenance=["a.tif", "b.tif"])
