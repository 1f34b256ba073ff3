"""A network with hand-set weights: a pixel is foreground, in every layer, where the normalised image is bright."""

import torch

from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.io.bundle import save_bundle
from napari_strata.models.registry import build_network

THRESHOLD = 1.0
"""Normalised brightness at which the probability is one half."""
GAIN = 20.0
BY_HAND = "nothing: weights set by hand"


def bright_network(config, classes):
    """Build a network in which class 1 is where the image is bright."""
    network = passing_network(config, classes)
    with torch.no_grad():
        for head in network.heads:
            head.weight[1, 0] = GAIN
            head.bias[1] = -GAIN * THRESHOLD
            head.bias[2:] = -100
    return network


def positive_network(config):
    """Build a network that gives values: what is above the mean of the image, and the mean elsewhere."""
    network = passing_network(config, 1)
    with torch.no_grad():
        for head in network.heads:
            head.weight[0, 0] = 1
    return network


def passing_network(config, classes):
    """Build a network that passes the image, where it is positive, along the finest skip connection."""
    network = build_network(config, classes).eval()
    first = config.filters[0]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for block in (network.encoder.blocks[0], *(decoder.blocks[-1] for decoder in network.decoders)):
            for layer in block:
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.weight.fill_(1)
            block[0].weight[0, 0 if block is network.encoder.blocks[0] else first, 1, 1] = 1
            block[3].weight[0, 0, 1, 1] = 1
    return network


def save_bright(folder, *, names=("C",), seen=None, trained_on=BY_HAND, **model):
    """Save such a network as a bundle; `model` holds settings of `ModelConfig`."""
    config = ModelConfig(**{"filters": (2, 4), **model})
    network, known = bright_network(config, len(names)), {"seen": seen, "trained_on": trained_on}
    return save_network(folder, network, config, name="bright", names=names, **known)


def save_network(folder, network, config, *, name, names=("C",), trained_on=BY_HAND, **others):
    """Save a network that no training has made as a bundle of these classes; `others` are fields of its card."""
    card = ModelCard(
        name=name,
        created="2026-11-21T00:00:00Z",
        model=config,
        classes=ClassTable.from_names(names),
        trained_on=trained_on,
        figures={},
        software={},
        weights_file="weights-0.safetensors",
        weights_sha256="0" * 64,
        **others,
    )
    save_bundle(folder, network.state_dict(), card)
    return folder
