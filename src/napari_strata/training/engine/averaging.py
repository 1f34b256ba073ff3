r"""The weights that are validated, shown and kept: an average over steps, or those of the last step.

- ema: :math:`\bar w \leftarrow d_n \bar w + (1 - d_n) w` after every step, with
  :math:`d_n = \min(d, (1 + n) / (10 + n))`, so that early averages forget the random start. Batch-norm statistics
  are averaged too: an average of weights with the statistics of the last batch would be wrong.
- swa: the mean of the weights of all steps after a part of the training. Izmailov et al., UAI 2018,
  arXiv:1803.05407. Deviations: weights are taken after every step instead of every epoch, and the learning rate
  is that of the schedule. The statistics of a mean over such a stretch have to be computed anew (`settle`).
- none: the weights as they are.
"""

from collections.abc import Iterable
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm
from torch.optim.swa_utils import AveragedModel, update_bn

from napari_strata.config.optimization import AveragingConfig
from napari_strata.models.network import Network

STATISTICS_BATCHES = 16
"""Training batches from which batch-norm statistics are computed anew."""


class AveragedWeights:
    """Follows a network that is trained.

    Parameters
    ----------
    network : Network
        On its device, not yet set up by fabric.
    config : AveragingConfig
        Which average.
    fabric : Fabric
        The precision.

    Attributes
    ----------
    network : Network
        Has the averaged weights; its ``state_dict`` is what is kept.
    precise : Module
        The same network, computing in the precision of the training.
    """

    def __init__(self, network: Network, config: AveragingConfig, fabric: Fabric) -> None:
        self._config = config
        self._followed = network
        self._average: AveragedModel | None = None
        if config.kind != "none":
            self._average = AveragedModel(network, avg_fn=self._mix, use_buffers=True)
        self.network = network if self._average is None else cast(Network, self._average.module)
        self.precise = Precise(self.network, fabric)

    @property
    def needs_statistics(self) -> bool:
        """Whether `settle` has anything to do before a validation."""
        has_statistics = any(isinstance(module, BatchNorm) for module in self.network.modules())
        return self._config.kind == "swa" and self._count > 1 and has_statistics

    def follow(self, progress: float) -> None:
        """Take in the weights of a step.

        Parameters
        ----------
        progress : float
            Part of the training that was done before the step, 0 to 1.
        """
        if self._average is None:
            return
        if self._config.kind == "swa" and progress < self._config.swa_start:
            self._average.n_averaged.zero_()  # the next update then copies
        self._average.update_parameters(self._followed)

    def settle(self, batches: Iterable[Tensor]) -> None:
        """Compute the batch-norm statistics of the averaged weights anew.

        Parameters
        ----------
        batches : iterable of Tensor, shape (batch, 1, y, x)
            Training images, augmented as in training.
        """
        update_bn(batches, self.precise)

    def state_dict(self) -> dict[str, Any]:
        """Return the average and its count; nothing where the weights are those of the network itself."""
        return {} if self._average is None else self._average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        if self._average is not None:
            self._average.load_state_dict(state)

    @property
    def _count(self) -> int:
        return 0 if self._average is None else int(self._average.n_averaged)

    def _mix(self, mean: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        if not mean.is_floating_point():
            return current
        n = int(count)
        share = 1 / (n + 1) if self._config.kind == "swa" else 1 - min(self._config.decay, (1 + n) / (10 + n))
        return mean.lerp(current.to(mean.dtype), share)


class Precise(nn.Module):
    """Computes in fabric's precision, but is not spread over devices: who validates does it alone."""

    def __init__(self, network: nn.Module, fabric: Fabric) -> None:
        super().__init__()
        self.network = network
        self._fabric = fabric

    def forward(self, image: Tensor) -> Tensor:
        """Return logits of float32."""
        with self._fabric.autocast():
            logits: Tensor = self.network(image)
        return logits.to(torch.float32)
