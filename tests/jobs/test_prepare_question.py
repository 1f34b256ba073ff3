import numpy as np
import pytest

from napari_strata.config import AtomsConfig, ExplainConfig, InferenceConfig
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.explain.question import AgainstCorrection, Question
from napari_strata.explain.recall import recall
from napari_strata.explain.targets import RegionTarget
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.locate_atoms import locate_atoms
from napari_strata.types import BACKGROUND, ImageStack
from two_faced import save_two_faced

SPOTS = [(10, 20), (30, 12), (30, 40)]
CONFIG = ExplainConfig(method="input-gradient", device="cpu")


@pytest.fixture(scope="module")
def shown():
    """Return spots of 3 x 3 pixels on grey, in a stack of one frame."""
    data = np.zeros((1, 40, 50), np.float32)
    for y, x in SPOTS:
        data[0, y - 1 : y + 2, x - 1 : x + 2] = 1
    return ImageStack(data, 0.2, "spots")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_two_faced(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def found(model, shown):
    *_, ended = locate_atoms(JobControl(), model, [shown], InferenceConfig(device="cpu"), AtomsConfig())
    return ended.result.value


def answer(model, shown, codes, **options):
    question = Question(RegionTarget(np.ones(codes.shape, bool), "slice"), 0, None, AgainstCorrection(codes))
    *_, ended = explain(JobControl(), Inquiry(model, shown, question, CONFIG, **options))
    if ended.error is not None:
        raise ended.error
    return ended.result.value


@pytest.mark.parametrize("with_atoms", [False, True])
def test_of_a_corrected_mask_only_what_was_changed_is_an_error(model, shown, found, with_atoms):
    (prediction,) = found.predictions
    corrected, alone = prediction.masks[0, 0].copy(), np.zeros((40, 50), np.uint8)
    for codes in (corrected, alone):
        codes[9:12, 19:22] = BACKGROUND
    options = {"atoms": found.table} if with_atoms else {}
    first, second = (answer(model, shown, codes, **options) for codes in (corrected, alone))
    assert first.metadata["wrong_pixels"] == 9
    assert first.metadata["against"] == second.metadata["against"]
    assert first.metadata["against"]["pixels"] == 9
    np.testing.assert_array_equal(first.data, second.data)


def test_a_mask_that_nobody_corrected_has_no_error(model, shown, found):
    (prediction,) = found.predictions
    with pytest.raises(TargetError, match="as the prediction of layer 0 is") as refused:
        answer(model, shown, prediction.masks[0, 0])
    assert "Correct the labels first" in refused.value.remedy


def test_labels_in_which_nothing_is_labelled_correct_nothing(model, shown):
    with pytest.raises(TargetError, match="0 everywhere in layer 0") as refused:
        answer(model, shown, np.zeros((40, 50), np.uint8))
    assert "Paint what is right" in refused.value.remedy


def test_it_can_be_asked_again_from_its_metadata(model, shown, found):
    (prediction,) = found.predictions
    codes = prediction.masks[0, 0].copy()
    codes[9:12, 19:22] = BACKGROUND
    first = answer(model, shown, codes)
    again = recall(first.metadata).question
    np.testing.assert_array_equal(answer(model, shown, again.against.codes).data, first.data)
