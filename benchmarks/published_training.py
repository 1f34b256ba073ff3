r"""The training that was published with Gomb-Net (arXiv:2502.09791), as its paper describes it: the baseline.

Single precision, channels first, batches of 2 patches of 256 px on their own grid, Adam with 1e-4, and the loss
that takes every sample by itself in a Python loop,

.. math::

    \left[\frac{1}{1 / (L_{01} + L_{10}) + 1 / (L_{00} + L_{11})}\right] \sigma((D_t - D_o)^2), \qquad
    L_{ij} = 1 - \frac{2 I}{2 \sum p + \sum t},

from PNG files that are decoded whenever an image is wanted. Its network is built by the package, so that
throughputs compare; the foreground probability is the sigmoid of the difference of its two logits. Nothing else is
taken from the package.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from benchmarks.published_recipe import Bilayer, make_bilayers

BATCH = 2
RATE = 1e-4
FILTERS = (32, 64, 128, 256)
DROPOUT = 0.2
SEED = 7
"""Of the images to train on; others are scored."""


@dataclass(frozen=True, slots=True)
class PngFiles:
    """An image and the masks of its two layers."""

    image: Path
    masks: tuple[Path, Path]

    def read(self) -> tuple[Tensor, Tensor]:
        """Decode image, shape (1, y, x), 0 to 1, and masks, shape (layer, y, x), 0 or 1."""
        image = np.asarray(Image.open(self.image), np.float32) / 255
        masks = np.stack([np.asarray(Image.open(path)) > 0 for path in self.masks])
        return torch.from_numpy(image)[None], torch.from_numpy(masks).float()


def write_files(folder: Path, bilayers: Sequence[Bilayer]) -> list[PngFiles]:
    """Write images and masks as PNG files."""
    files = []
    for index, bilayer in enumerate(bilayers):
        stem = folder / f"{index:05d}"
        written = PngFiles(stem.with_suffix(".png"), (Path(f"{stem}-layer-0.png"), Path(f"{stem}-layer-1.png")))
        image = bilayer.image / max(float(bilayer.image.max()), 1e-9)
        Image.fromarray((image * 255).astype(np.uint8)).save(written.image)
        for path, labels in zip(written.masks, bilayer.labels, strict=True):
            Image.fromarray(((labels == 2) * 255).astype(np.uint8)).save(path)
        files.append(written)
    return files


def make_files(folder: Path, count: int) -> list[PngFiles]:
    """Make the images to train on."""
    return write_files(folder, make_bilayers(count, seed=SEED))


def make_network(seed: int = 0) -> nn.Module:
    """Build the network of the paper: two decoders, filters 32-64-128-256, dropout 0.2."""
    from napari_strata.config import ModelConfig
    from napari_strata.models.registry import build_network

    torch.manual_seed(seed)
    return build_network(ModelConfig(filters=FILTERS, dropout=DROPOUT), classes=1)


def foreground(network: nn.Module, images: Tensor) -> Tensor:
    """Return the probability of an atom, shape (batch, layer, y, x)."""
    logits = network(images)
    return torch.sigmoid(logits[:, :, 1] - logits[:, :, 0])


def train(network: nn.Module, files: Sequence[PngFiles], *, seed: int = 0) -> Iterator[float]:
    """Train for ever; yield the time that each step took, loading included [s]."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    network.train()
    while True:
        order = rng.permutation(len(files))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            start = time.perf_counter()
            images, masks = zip(*(files[i].read() for i in order[first : first + BATCH]), strict=True)
            optimizer.zero_grad()
            loss = published_loss(foreground(network, torch.stack(images)), torch.stack(masks))
            torch.autograd.backward(loss)
            optimizer.step()
            loss.item()
            yield time.perf_counter() - start


def published_loss(output: Tensor, target: Tensor) -> Tensor:
    """Return the loss of a batch; both of shape (batch, 2, y, x)."""
    total = output.new_zeros(())
    for p, t in zip(output, target, strict=True):
        crossed = dice_loss(p[0], t[1]) + dice_loss(p[1], t[0])
        straight = dice_loss(p[0], t[0]) + dice_loss(p[1], t[1])
        apart = torch.sigmoid((dice_loss(t[0], t[1]) - dice_loss(p[0], p[1])) ** 2)
        total = total + apart / (1 / crossed + 1 / straight)
    return total / len(output)


def dice_loss(p: Tensor, t: Tensor) -> Tensor:
    """Return 1 - 2 I / (2 sum p + sum t), as published."""
    return 1 - 2 * (p * t).sum() / (2 * p.sum() + t.sum())


def predict(network: nn.Module, bilayers: Sequence[Bilayer]) -> list[NDArray[np.uint8]]:
    """Return mask codes (layer, y, x) of each image, 2 where the probability is above 0.5."""
    network.eval()
    masks = []
    with torch.inference_mode():
        for bilayer in bilayers:
            image = torch.from_numpy(bilayer.image / max(float(bilayer.image.max()), 1e-9))[None, None]
            masks.append((foreground(network, image)[0] > 0.5).numpy().astype(np.uint8) + 1)
    network.train()
    return masks
