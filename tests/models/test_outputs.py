import pytest
import torch

from napari_strata.models.outputs import channels, log_odds, probabilities


def test_classes_need_a_channel_for_background():
    assert [channels(output, 3) for output in ("classes", "multi-label", "values")] == [4, 3, 1]


def test_of_exclusive_classes_the_probabilities_add_up_to_1():
    logits = torch.tensor([1.0, 2.0, 0.5]).reshape(1, 1, 3, 1, 1)
    expected = [0.2312, 0.6285, 0.1402]
    assert probabilities(logits, "classes").flatten().tolist() == pytest.approx(expected, abs=1e-4)


def test_of_classes_that_overlap_background_is_what_the_most_probable_class_leaves():
    logits = torch.tensor([0.8, 0.6]).logit().reshape(1, 1, 2, 1, 1)
    assert probabilities(logits, "multi-label").flatten().tolist() == pytest.approx([0.2, 0.8, 0.6])


@pytest.mark.parametrize(("first", "code"), [(0.49, 0), (0.51, 1)])
def test_a_pixel_is_background_where_no_class_is_more_probable_than_one_half(first, code):
    logits = torch.tensor([first, 0.4]).logit().reshape(1, 1, 2, 1, 1)
    assert probabilities(logits, "multi-label").argmax(dim=2).item() == code


def test_values_are_as_they_are():
    logits = torch.tensor([[-3.5]]).reshape(1, 1, 1, 1, 1)
    assert probabilities(logits, "values").item() == -3.5


def test_the_evidence_for_a_class_is_against_background_or_against_its_absence():
    logits = torch.tensor([1.0, 4.0]).reshape(2, 1, 1)
    assert log_odds(logits, 1, "classes").item() == 3
    assert log_odds(logits, 2, "multi-label").item() == 4
