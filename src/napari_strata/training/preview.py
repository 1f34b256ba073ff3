"""The present opinion on what the user looks at while the network trains, at a bounded cost."""

import time

import torch
from torch import nn

from napari_strata.data.grid import from_network_grid, to_network_grid
from napari_strata.events import PreviewReady
from napari_strata.models.mode import evaluating
from napari_strata.requests import Look
from napari_strata.types import ImageStack

COST = 0.1
"""Largest part of the training time that previews may take."""


class Preview:
    """One frame to predict now and then.

    Parameters
    ----------
    image : ImageStack
        One checked frame.
    pixel_size : float or None
        Pixel size of the network's grid [Å/px].
    interval : float
        Shortest time between two previews [s].

    Attributes
    ----------
    seconds : float
        Time that all previews took so far [s].
    """

    def __init__(self, image: ImageStack, *, pixel_size: float | None, interval: float) -> None:
        self.seconds = 0.0
        self._pixel_size = pixel_size
        self._interval = interval
        self._next = 0.0
        self.look(Look(image, 0))

    def look(self, at: Look) -> None:
        """Predict something else from now on."""
        image = at.image
        self._key = at.key
        self._shape = (image.data.shape[-2], image.data.shape[-1])
        grid = to_network_grid(image.data[0], image.pixel_size, self._pixel_size)
        self._grid = torch.from_numpy(grid)[None, None]

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed since the last preview."""
        return time.monotonic() >= self._next

    def predict(self, network: nn.Module, device: torch.device, epoch: int) -> PreviewReady:
        """Return probabilities on the image's grid."""
        start = time.monotonic()
        with evaluating(network), torch.inference_mode():
            probabilities = network(self._grid.to(device)).float().softmax(dim=2)[0].cpu().numpy()
        result = from_network_grid(probabilities, self._shape)
        end = time.monotonic()
        self.seconds += end - start
        self._next = end + max(self._interval, (end - start) / COST)
        return PreviewReady(result, epoch, self._key, end - start)
