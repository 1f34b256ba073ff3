"""A network's output and the truth in the form in which all terms of the loss take them, each computed once."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from napari_strata.config.loss import LossConfig
from napari_strata.losses.channels import Channels
from napari_strata.types import BACKGROUND, Truth


@dataclass(frozen=True, eq=False)
class Compared:
    """Decoders and layers of a batch, pixels in a row, in fp32 whatever the network computes in.

    Sums over pixels of products of a decoder's and a layer's maps are matrix products, so that all k x k pairs
    cost hardly more than k; a term that needs more says so.

    Attributes
    ----------
    outputs : Tensor, shape (batch, decoder, channel, y, x)
        A network's output.
    truth : Truth
        What it should be.
    channels : Channels
        What the channels mean.
    config : LossConfig
        The parameters of the terms.
    """

    outputs: Tensor
    truth: Truth
    channels: Channels
    config: LossConfig

    @cached_property
    def logits(self) -> Tensor:
        """The output, shape (batch, decoder, channel, pixel)."""
        return self.outputs.float().flatten(3)

    @cached_property
    def log_q(self) -> Tensor:
        """Logarithms of the probabilities, shape (batch, decoder, channel, pixel)."""
        if self.channels.output == "classes":
            return self.outputs.float().log_softmax(dim=2).flatten(3)
        return logsigmoid(self.logits)

    @cached_property
    def q(self) -> Tensor:
        """Probabilities of the foreground classes, shape (batch, decoder, class, pixel)."""
        return self.channels.foreground(self.log_q, 2).exp()

    @cached_property
    def codes(self) -> Tensor:
        """Mask codes, shape (batch, layer, pixel)."""
        return self.truth.labels.long().flatten(2)

    @cached_property
    def labelled(self) -> Tensor:
        """1 where a pixel is labelled, else 0, shape (batch, layer, pixel)."""
        return (self.codes >= BACKGROUND).float()

    @cached_property
    def members(self) -> Tensor:
        """1 where a pixel belongs to a channel, else (or not labelled) 0, shape (batch, layer, channel, pixel)."""
        return self.channels.members(self.codes, self.outputs.shape[2]).movedim(-1, 2).float()

    @cached_property
    def truth_q(self) -> Tensor:
        """What `q` should be on labelled pixels, shape (batch, layer, class, pixel)."""
        return self.channels.foreground(self.members, 2)

    @cached_property
    def weights(self) -> Tensor | None:
        """Weight of each pixel, 0 where it is not labelled, shape (batch, layer, pixel); None for 1 everywhere.

        Weights that come with the truth hold those of the classes already.
        """
        if self.truth.weights is not None:
            return self.truth.weights.float().flatten(2) * self.labelled
        if self.config.class_weights:
            table = torch.tensor(self.config.class_weights, device=self.codes.device)
            return table[(self.codes - BACKGROUND).clamp(min=0)] * self.labelled
        return None

    @property
    def counted(self) -> Tensor:
        """The sum of weights by which sums over pixels are divided, 1 for 0; shape (batch, 1, layer)."""
        total = (self.labelled if self.weights is None else self.weights).sum(-1)[:, None]
        return torch.where(total > 0, total, 1)

    @property
    def has_labels(self) -> Tensor:
        """Whether a layer of a sample has a labelled pixel, shape (batch, 1, layer)."""
        return (self.labelled.sum(-1) > 0)[:, None]

    def weighted(self, maps: Tensor) -> Tensor:
        """Multiply maps of layers, shape (batch, layer, channel, pixel), by the pixels' weights."""
        return maps if self.weights is None else maps * self.weights[:, :, None]
