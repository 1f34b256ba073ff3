"""A Gomb-Net with hand-set weights: decoder 0 shows what is bright in the image, decoder 1 what is dark."""

import numpy as np
import torch

from bright_network import GAIN, THRESHOLD, bright_network, save_network
from napari_strata.config import ModelConfig
from napari_strata.types import ImageStack

CONFIG = ModelConfig(architecture="gombnet", layers=2, filters=(2, 4), pixel_size=None)


def two_faced_network(names=("C",)):
    """Build the network; the logit of a class in decoder 0 is GAIN (I - THRESHOLD) where I > 0."""
    network = bright_network(CONFIG, len(names))
    first = CONFIG.filters[0]
    encoder, dark = network.encoder.blocks[0], network.decoders[1].blocks[-1]
    with torch.no_grad():
        encoder[0].weight[1, 0, 1, 1] = -1
        encoder[3].weight[1, 1, 1, 1] = 1
        dark[0].weight.zero_()
        dark[0].weight[0, first + 1, 1, 1] = 1
        network.heads[1].bias[1] = -GAIN * THRESHOLD
    return network


def save_two_faced(folder, *, names=("C",), **others):
    """Save the network as a bundle."""
    return save_network(folder, two_faced_network(names), CONFIG, name="two-faced", names=names, **others)


def noisy_spots(height=64, width=64):
    """Return one frame of counted electrons with a bright spot around (31, 41)."""
    data = np.random.default_rng(0).poisson(20, (1, height, width)).astype(np.float32)
    data[0, 30:33, 40:43] += 60
    return ImageStack(data, 0.2, "spots")
