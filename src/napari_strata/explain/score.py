"""The one number that is explained."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_strata.config.model import Output as OutputKind
from napari_strata.models.cropped import Box, Crop, can_be_cropped
from napari_strata.models.network import Network
from napari_strata.models.outputs import log_odds


@dataclass(frozen=True, slots=True)
class Output:
    """One of a network's maps.

    Attributes
    ----------
    decoder : int
        Index of the decoder; not always that of the crystal layer.
    index : int
        Class, from 1; 0 is background.
    """

    decoder: int
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One map of the network, and where and how it counts.

    Attributes
    ----------
    output : Output
        Decoder and class; the evidence for background (class 0) is 0.
    weights : Tensor, shape (y, x)
        Weights of the pixels, negative where the map counts against the score.
    """

    output: Output
    weights: Tensor


def weigh(logits: Tensor, terms: Sequence[Term], output: OutputKind) -> Tensor:
    """Return the sum of the terms of a score, shape (batch,).

    Parameters
    ----------
    logits : Tensor, shape (batch, layer, channel, y, x)
        A network's output.
    terms : sequence of Term
        Weights of shape (y, x).
    output : str
        What the channels mean.
    """
    score = logits.new_zeros(len(logits))
    for term in terms:
        if term.output.index:
            odds = log_odds(logits[:, term.output.decoder], term.output.index, output)
            score = score + (odds * term.weights).sum(dim=(-2, -1))
    return score


class TargetScore(nn.Module):
    r"""The mean log-odds of a class against background in a target, or a difference of such means.

    .. math:: S = \sum_t \sum_p w_{t,p} \left(z_{d_t,c_t,p} - z_{d_t,0,p}\right)
              = \sum_t \sum_p w_{t,p} \ln\frac{P_{d_t,c_t,p}}{P_{d_t,0,p}}

    with logits :math:`z` and probabilities :math:`P` of decoder :math:`d`, class :math:`c` and background 0, and
    the weights :math:`w_t` of every term :math:`t`. Seg-Grad-CAM (Vinogradova, Dibrov and Myers, AAAI 2020,
    arXiv:2002.11434) sums the class's logits over the target. Deviations: the weights of a target sum to 1, so
    that targets of different size compare; and background is subtracted, since only differences of logits mean
    anything: adding one map to all logits of a decoder changes no probability, but would change the gradient of a
    single logit. Of classes that may overlap, each has log-odds of its own, :math:`z_{d,c,p} = \ln P / (1 - P)`,
    which are taken instead. One term asks why a class is there; two of opposite sign ask why one class and not
    another, or why one layer and not another.

    Parameters
    ----------
    network : Network
        Logits of shape (batch, layer, class, y, x).
    terms : sequence of Term
        At least one.
    """

    def __init__(self, network: Network, terms: Sequence[Term]) -> None:
        super().__init__()
        self.network = network
        self.outputs = tuple(term.output for term in terms)
        for index, term in enumerate(terms):
            self.register_buffer(f"weights_{index}", term.weights)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms, with weights on the network's device."""
        return tuple(Term(output, self._weights(index)) for index, output in enumerate(self.outputs))

    @property
    def decoders(self) -> tuple[int, ...]:
        """The decoders that have a say, the first term's first."""
        return tuple(dict.fromkeys(output.decoder for output in self.outputs))

    def forward(self, image: Tensor) -> Tensor:
        """Return S of images (batch, 1, y, x), shape (batch,)."""
        return self.of(self.network(image))

    def cropped(self, image: Tensor) -> Tensor:
        """Return the same as `forward`, but for rounding, from no more of the network than S depends on.

        Several times as quick for a small target; the network must be in eval mode, and hooks at its convolutions
        and blocks see nothing. Networks that cannot be cropped compute all.
        """
        crop = self._crop((image.shape[-2], image.shape[-1]))
        if crop is None:
            every: Tensor = self(image)
            return every
        terms = [term for term in self.terms if term.output.index]
        decoders = list(dict.fromkeys(term.output.decoder for term in terms))
        logits = crop.logits(image[..., *crop.seen.slices], decoders)
        moved = [
            Term(Output(decoders.index(term.output.decoder), term.output.index), term.weights[crop.wanted.slices])
            for term in terms
        ]
        return weigh(logits, moved, self.network.output)

    def seen(self, frame: tuple[int, int]) -> Box | None:
        """Return the part of images of a height and width [px] that S depends on; None where nobody knows less."""
        crop = self._crop(frame)
        return None if crop is None else crop.seen

    def of(self, logits: Tensor) -> Tensor:
        """Return S of what the network says, logits (batch, layer, channel, y, x), shape (batch,)."""
        return weigh(logits, self.terms, self.network.output)

    def _crop(self, frame: tuple[int, int]) -> Crop | None:
        """Return what S needs of the network; None where that is all, or cannot be told."""
        network, terms = self.network, [term for term in self.terms if term.output.index]
        counted = torch.stack([term.weights != 0 for term in self.terms]).any(dim=0)
        is_empty = not (terms and counted.any())
        if is_empty or not can_be_cropped(network) or any(side % network.stride for side in frame):
            return None
        return Crop(network, frame, Box.around(counted))

    def _weights(self, index: int) -> Tensor:
        return self.get_buffer(f"weights_{index}")
