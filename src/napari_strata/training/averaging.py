"""Averaged weights: an exponential moving average of parameters and batch-norm statistics."""

from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from napari_strata.models.network import Network


def averaged(network: Network, decay: float) -> AveragedModel:
    """Return a copy of the network that follows it.

    Early averages follow faster, with decay (1 + n) / (10 + n), so that they forget the random start. Batch-norm
    statistics are averaged too: an average of weights with the statistics of the last batch would be wrong.
    """

    def average(mean: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        rate = min(decay, (1 + int(count)) / (10 + int(count)))
        return mean.lerp(current.to(mean.dtype), 1 - rate) if mean.is_floating_point() else current

    return AveragedModel(network, avg_fn=average, use_buffers=True)
