"""How far a network sees, measured."""

import torch
from torch import nn


def make_positive(network):
    """Let every path through a network count: no weight cancels another."""
    for parameter in network.parameters():
        parameter.data.abs_().add_(0.01)
    return network.eval()


def without_choice(network):
    """Let pooling pass all that it sees, not the greatest alone."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(2))
    return network


def measured_reach(network):
    """Return the greatest distance along y at which a pixel of the image influences one of the output [px]."""
    without_choice(make_positive(network))
    centre = -(-2 * network.receptive_field // network.stride) * network.stride
    image = torch.ones(1, 1, 2 * centre, 16, requires_grad=True)
    output = network(image)[0, 0, -1]
    reach = 0
    for y in range(centre, centre + network.stride):
        (gradient,) = torch.autograd.grad(output[y, 8], image, retain_graph=True)
        rows = gradient[0, 0].abs().sum(1).nonzero()
        reach = max(reach, y - int(rows.min()), int(rows.max()) - y)
    return reach


def change_beyond(network, at):
    """Return by how much an output pixel (at, at) changes when all is changed that it should not see."""
    side, reach = 2 * at, network.receptive_field
    image, other = torch.randn(2, 1, 1, side, side)
    seen = slice(max(0, at - reach), at + reach + 1)
    other[..., seen, seen] = image[..., seen, seen]
    with torch.inference_mode():
        one, changed = (network.eval()(i)[..., at, at] for i in (image, other))
    return float((one - changed).abs().max())
