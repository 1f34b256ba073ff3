r"""Several networks as one, whose probabilities are averaged.

With the probabilities :math:`P_m` of M members the ensemble gives logits whose probabilities are
:math:`\bar P = \frac{1}{M} \sum_m P_m`: for exclusive classes :math:`\ln \bar P`, for classes that may overlap
:math:`\ln \bar P - \ln (1 - \bar P)`, for values their mean. Lakshminarayanan et al., NeurIPS 2017,
arXiv:1612.01474.

Decoder order is not physical, so the decoders of each member are first brought into the order of member 0: for
every sample, that of the k! orders in which the maps of both overlap most.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import permutations

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from napari_strata.config.model import Output
from napari_strata.models.network import FeatureMap, Network
from napari_strata.models.outputs import probabilities


class Ensemble(Network):
    """Is one `Network`; its parts, which some explanations look into, are those of member 0.

    Parameters
    ----------
    members : sequence of Network
        At least one, all built alike.
    """

    def __init__(self, members: Sequence[Network]) -> None:
        first = members[0]
        super().__init__(
            layers=first.layers,
            classes=first.classes,
            output=first.output,
            stride=first.stride,
            receptive_field=first.receptive_field,
        )
        self.members = nn.ModuleList(members)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of the mean probabilities; see `Network.forward`."""
        first, *others = (member(image).float() for member in self.members)
        ordered = [first, *(in_order_of(first, other, self.output) for other in others)]
        return mean_logits(torch.stack(ordered), self.output)

    def features(self, image: Tensor) -> Sequence[Tensor]:
        """Return the last feature maps of member 0."""
        return self._first.features(image)

    def decoder_block(self, layer: int) -> nn.Module:
        """Return the last block of a layer's decoder in member 0, in whose order the layers are."""
        return self._first.decoder_block(layer)

    def coarsest(self, layer: int) -> FeatureMap:
        """Return the coarsest feature map of a layer's decoder in member 0."""
        return self._first.coarsest(layer)

    def feature_maps(self) -> Mapping[str, FeatureMap]:
        """Return the feature maps of member 0."""
        return self._first.feature_maps()

    def attention_gates(self) -> Mapping[str, FeatureMap]:
        """Return the attention gates of member 0."""
        return self._first.attention_gates()

    def encoder_parts(self) -> Sequence[nn.Module]:
        """Return the encoder of member 0."""
        return self._first.encoder_parts()

    @property
    def _first(self) -> Network:
        first = self.members[0]
        assert isinstance(first, Network)
        return first


def mean_logits(logits: Tensor, output: Output) -> Tensor:
    """Return the logits of the mean probability over the first axis; of values, their mean."""
    if output == "values":
        return logits.mean(dim=0)
    if output == "classes":
        return _log_mean(logits.log_softmax(dim=-3))
    return _log_mean(logsigmoid(logits)) - _log_mean(logsigmoid(-logits))


def in_order_of(reference: Tensor, logits: Tensor, output: Output) -> Tensor:
    """Bring decoders, sample by sample, into the order in which they agree best with those of another network.

    Parameters
    ----------
    reference, logits : Tensor, shape (batch, layer, channel, y, x)
        Outputs of two networks for the same images.
    output : str
        What the channels mean.

    Returns
    -------
    Tensor
        `logits` with its layers in another order.
    """
    layers = logits.shape[1]
    if layers == 1:
        return logits
    with torch.no_grad():
        shown, known = (_foreground(each, output) for each in (logits, reference))
        overlap = torch.einsum("bicp,bjcp->bij", known, shown)
        orders = torch.tensor(list(permutations(range(layers))), device=logits.device)
        agreement = overlap[:, torch.arange(layers, device=logits.device), orders].sum(-1)
        best = orders[agreement.argmax(dim=1)]
    return logits[torch.arange(len(logits), device=logits.device)[:, None], best]


def _foreground(logits: Tensor, output: Output) -> Tensor:
    maps = probabilities(logits, output)
    return (maps if output == "values" else maps[:, :, 1:]).flatten(3)


def _log_mean(logarithms: Tensor) -> Tensor:
    return logarithms.logsumexp(dim=0) - math.log(len(logarithms))
