"""The one number that is explained."""

from dataclasses import dataclass

from torch import Tensor, nn

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


class TargetScore(nn.Module):
    r"""The mean log-odds of a class against background in a target.

    .. math:: S = \sum_p w_p \left(z_{d,c,p} - z_{d,0,p}\right) = \sum_p w_p \ln\frac{P_{d,c,p}}{P_{d,0,p}}

    with logits :math:`z` and probabilities :math:`P` of decoder :math:`d`, class :math:`c` and background 0, and
    the target's weights :math:`w`. Seg-Grad-CAM (Vinogradova, Dibrov and Myers, AAAI 2020, arXiv:2002.11434)
    sums the class's logits over the target. Deviations: the weights sum to 1, so that targets of different size
    compare; and background is subtracted, since only differences of logits mean anything: adding one map to all
    logits of a decoder changes no probability, but would change the gradient of a single logit. Of classes that
    may overlap, each has log-odds of its own, :math:`z_{d,c,p} = \ln P / (1 - P)`, which are taken instead.

    Parameters
    ----------
    network : Network
        Logits of shape (batch, layer, class, y, x).
    output : Output
        Decoder and class.
    weights : Tensor, shape (y, x)
        Weights of the target.
    """

    def __init__(self, network: Network, output: Output, weights: Tensor) -> None:
        super().__init__()
        self.network = network
        self.output = output
        self.register_buffer("weights", weights)

    def forward(self, image: Tensor) -> Tensor:
        """Return S of images (batch, 1, y, x), shape (batch,)."""
        logits: Tensor = self.network(image)[:, self.output.decoder]
        odds = log_odds(logits, self.output.index, self.network.output)
        return (odds * self.get_buffer("weights")).sum(dim=(-2, -1))
