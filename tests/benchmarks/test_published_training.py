from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.published_recipe import make_bilayers
from benchmarks.published_training import dice_loss, predict, published_loss, train, write_files


def test_the_published_dice_of_a_perfect_mask_is_two_thirds() -> None:
    mask = torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert dice_loss(mask, mask).item() == pytest.approx(1 - 2 / 3)
    assert dice_loss(mask, 1 - mask).item() == 1


def test_the_published_loss_by_hand() -> None:
    first, second = torch.tensor([1.0, 1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 1.0, 1.0])
    both = torch.stack([first, second])[None]
    # crossed = 1 + 1, straight = 1/3 + 1/3, D_t = D_o: sigmoid(0) = 1/2
    expected = 0.5 / (1 / 2 + 1 / (2 / 3))
    assert published_loss(both, both).item() == pytest.approx(expected)
    assert published_loss(both.flip(1), both).item() == pytest.approx(expected)


def test_files_are_decoded_as_they_were_written(tmp_path: Path) -> None:
    [bilayer] = make_bilayers(1, seed=3)
    [file] = write_files(tmp_path, [bilayer])
    image, masks = file.read()
    assert np.abs(image[0].numpy() - bilayer.image / bilayer.image.max()).max() < 1 / 255 + 1e-6
    assert np.array_equal(masks.numpy(), bilayer.labels == 2)


class Bright(torch.nn.Module):
    """Calls everything above a threshold an atom, in both layers."""

    def __init__(self) -> None:
        super().__init__()
        self.threshold = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        atom = 10 * (images - self.threshold)
        return torch.stack([-atom, atom], dim=2).repeat(1, 2, 1, 1, 1)


def test_training_moves_the_weights_and_tells_how_long_steps_took(tmp_path: Path) -> None:
    bilayers = make_bilayers(2, seed=3)
    network = Bright()
    taken = list(islice(train(network, write_files(tmp_path, bilayers)), 3))
    assert all(seconds > 0 for seconds in taken)
    assert network.threshold.item() == pytest.approx(0.5, abs=1e-3)
    assert network.threshold.item() != 0.5
    masks = predict(network, bilayers)
    assert set(np.unique(masks[0])) == {1, 2}
    assert masks[0].shape == (2, 256, 256)
