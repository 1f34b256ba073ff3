"""A network that knows: the image's grey levels say in code what each decoder is to show where."""

import torch
from torch import nn

from napari_strata.data.grid import normalise
from napari_strata.models.outputs import probabilities

SWAPPED = 4
"""Added to a level where the decoders are to show each other's layer."""


def encode(first, second, swapped=False):
    """Return the image whose level is 1 where the first layer has an atom, + 2 the second, + 4 where swapped."""
    return ((first > 0.5) + 2.0 * (second > 0.5) + SWAPPED * swapped).astype("float32")


class Oracle(nn.Module):
    """Reads the levels of one image made by `encode`; has what every network of the project has.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image, all of whose eight levels must be common: normalisation clips rare extremes.
    swap_every : int
        After so many calls show the layers in the other order, again and again, as no network with fixed weights
        does; 0 never.
    """

    def __init__(self, image, *, swap_every=0):
        super().__init__()
        self.layers, self.classes, self.stride, self.receptive_field = 2, 1, 8, 10
        self.output, self.maps = "classes", 2
        normalised = normalise(image)
        self.zero, self.step = float(normalised.min()), float(normalised.max() - normalised.min()) / image.max()
        self.calls = 0
        self.swap_every = swap_every

    def forward(self, image):
        self.calls += 1
        level = ((image[:, 0] - self.zero) / float(self.step)).round().long()
        first, second = level & 1, (level >> 1) & 1
        swapped = (level >> 2) & 1
        if self.swap_every and (self.calls - 1) // self.swap_every % 2:
            swapped = 1 - swapped
        shown = torch.stack(
            [torch.where(swapped > 0, second, first), torch.where(swapped > 0, first, second)], dim=1
        )
        logit = 12.0 * shown - 6.0
        return torch.stack([torch.zeros_like(logit), logit], dim=2)

    def probabilities(self, logits):
        return probabilities(logits, self.output)
