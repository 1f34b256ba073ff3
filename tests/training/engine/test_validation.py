"""Scores on held-out data, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from napari_strata.config import ClassTable
from napari_strata.config.loss import LossConfig
from napari_strata.losses.channels import Channels
from napari_strata.training.engine.validation import missing_classes, validate
from napari_strata.training.patches.batches import Batch

CPU = torch.device("cpu")
MULTI_LABEL = LossConfig().fitted("multi-label")
VALUES = LossConfig().fitted("values")


class Says(nn.Module):
    """Gives what it was given, whatever it sees."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.as_tensor(logits, dtype=torch.float32)

    def forward(self, images):
        return self.logits.expand(len(images), *self.logits.shape)


def batch_of(labels, values=None):
    labels = np.array(labels, np.uint8)[None, :, None]
    values = None if values is None else np.array(values, np.float32)[None, :, None]
    return Batch(np.zeros((1, 1, labels.shape[-1]), np.float32), labels, values=values)


def says_codes(*layers, classes=2):
    """Say one code per pixel with certainty."""
    return Says(
        [[[[20.0 * (code == index + 1) for code in row]] for index in range(classes + 1)] for row in layers]
    )


def test_dice_is_over_the_classes_that_occur():
    found = validate(says_codes([2, 2, 1, 1]), [batch_of([[2, 1, 1, 1]])], LossConfig(), CPU)
    assert found.dice == pytest.approx(2 * 1 / (2 + 1))


def test_a_class_that_no_held_out_label_shows_lowers_no_score():
    found = validate(says_codes([2, 3, 1, 1]), [batch_of([[2, 1, 1, 1]])], LossConfig(), CPU)
    assert found.dice == 1


def test_a_class_that_occurs_elsewhere_costs_where_it_is_predicted_wrongly():
    batches = [batch_of([[2, 1, 1, 1]]), batch_of([[3, 1, 1, 1]])]
    found = validate(says_codes([2, 3, 1, 1]), batches, LossConfig(), CPU)
    assert found.dice == pytest.approx(np.mean([(1 + 0) / 2, (0 + 0) / 2]))


def test_without_any_class_there_is_no_dice():
    found = validate(says_codes([2, 1]), [batch_of([[1, 1]])], LossConfig(), CPU)
    assert found.dice is None
    assert math.isfinite(found.loss)


def test_a_batch_without_labels_has_a_loss_of_0_and_no_dice():
    found = validate(says_codes([2, 1]), [batch_of([[0, 0]])], LossConfig(), CPU)
    assert (found.loss, found.dice) == (0, None)


def test_layers_are_scored_in_their_best_order():
    found = validate(says_codes([2, 1, 1], [1, 1, 2]), [batch_of([[1, 1, 2], [2, 1, 1]])], LossConfig(), CPU)
    assert found.dice == 1


def test_classes_that_overlap_are_each_scored_by_themselves():
    says = Says([[[[1.0, 1.0, -1.0]], [[1.0, -1.0, -1.0]]]])
    channels = Channels("multi-label", overlaps=((0, 1),))
    found = validate(says, [batch_of([[4, 3, 1]])], MULTI_LABEL, CPU, channels)
    assert found.dice == pytest.approx(np.mean([2 * 1 / (2 + 1), 2 * 1 / (1 + 2)]))


def test_errors_of_values():
    says = Says([[[[1.0, 2.0, 9.0]]]])
    found = validate(says, [batch_of([[1, 1, 0]], [[1, 4, math.nan]])], VALUES, CPU, Channels("values"))
    assert found.loss == pytest.approx(2)
    assert found.rmse == pytest.approx(math.sqrt(4 / 2))
    assert found.r2 == pytest.approx(1 - 4 / 4.5)
    assert found.dice is None


def test_errors_are_told_in_the_units_of_the_targets():
    says = Says([[[[1.0, 2.0]]]])
    narrow, wide = (replace(batch_of([[1, 1]], [[1, 4]]), spread=spread) for spread in (3, 5))
    found = validate(says, [narrow, wide], VALUES, CPU, Channels("values"))
    assert found.rmse == pytest.approx(math.sqrt((6**2 + 10**2) / 4))
    assert found.r2 == pytest.approx(1 - 4 / 4.5)


def test_values_that_are_all_the_same_have_no_r2():
    found = validate(Says([[[[1.0, 2.0]]]]), [batch_of([[1, 1]], [[3, 3]])], VALUES, CPU, Channels("values"))
    assert found.r2 is None


def test_unknown_values_have_no_errors():
    nothing = batch_of([[0, 0]], [[math.nan, math.nan]])
    found = validate(Says([[[[1.0, 2.0]]]]), [nothing], VALUES, CPU, Channels("values"))
    assert (found.loss, found.rmse, found.r2) == (0, None, None)


def test_missing_classes_are_named():
    table = ClassTable.from_names(("a", "b", "c"))
    assert missing_classes([batch_of([[2, 1, 0]]), batch_of([[3, 1, 1]])], table) == ("c",)


def test_an_overlap_shows_all_its_classes():
    table = ClassTable.from_names(("a", "b", "c"))
    channels = Channels("multi-label", overlaps=((0, 2),))
    assert missing_classes([batch_of([[5, 1, 0]])], table, channels) == ("b",)
