import pytest
import torch

from napari_strata.models.outputs import channels, maps, probabilities


@pytest.mark.parametrize(
    ("output", "expected"), [("classes", (4, 4)), ("multi-label", (3, 4)), ("values", (1, 1))]
)
def test_three_classes_take_so_many_channels_and_give_so_many_maps(output, expected):
    assert (channels(output, 3), maps(output, 3)) == expected


def test_one_class_per_pixel_shares_a_probability_of_one_with_background():
    logits = torch.log(torch.tensor([1.0, 3.0, 4.0])).reshape(1, 1, 3, 1, 1)
    found = probabilities(logits, "classes")
    torch.testing.assert_close(found.flatten(), torch.tensor([0.125, 0.375, 0.5]))


def test_classes_that_may_overlap_have_a_probability_each_and_background_what_the_surest_leaves():
    logits = torch.logit(torch.tensor([0.9, 0.75])).reshape(1, 1, 2, 1, 1)
    found = probabilities(logits, "multi-label")
    torch.testing.assert_close(found.flatten(), torch.tensor([0.1, 0.9, 0.75]))


def test_values_are_left_as_they_are():
    logits = torch.randn(2, 1, 1, 3, 4)
    assert probabilities(logits, "values") is logits
