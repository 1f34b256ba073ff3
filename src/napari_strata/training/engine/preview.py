"""The present opinion on what the user looks at while the network trains, at a bounded cost."""

import time

import numpy as np
import torch
from torch import nn

from napari_strata.config import TrainConfig
from napari_strata.config.model import Output
from napari_strata.data.grid import from_network_grid, to_network_grid, window_after
from napari_strata.data.images import check_image
from napari_strata.events import PreviewReady, Warned
from napari_strata.models.mode import evaluating
from napari_strata.models.outputs import probabilities
from napari_strata.requests import Look
from napari_strata.training.machine.out_of_memory import free_memory, is_out_of_memory
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import FloatImage, ImageStack

COST = 0.1
"""Largest part of the training time that previews may take."""
ALIGNMENT = 64
"""What is predicted begins at multiples of this, itself a multiple of every network's stride [px]."""
TOO_LARGE = Warned(
    "The memory is too small to predict all that is seen beside the training, which goes on without.",
    "Zoom in, so that less is predicted.",
)
MARGIN = 2
"""So many pixels of the image more are predicted than are seen, for the interpolation to the image's grid."""


class Preview:
    """What is predicted now and then.

    A preview waits until all previews together, it included, take at most `COST` of the training time; what it
    will take is known from the one before, and nothing is known of the first.

    Parameters
    ----------
    image : ImageStack
        One checked frame.
    pixel_size : float or None
        Pixel size of the network's grid [Å/px].
    interval : float
        Shortest time between two previews [s].
    receptive_field : int
        Radius of the network's receptive field [px].
    output : str
        What the network's channels mean, see `napari_strata.models.outputs`.

    Attributes
    ----------
    interval : float
        As above; it may be changed.
    seconds : float
        Time that all previews took so far [s].
    key : int
        That of the `Look` that it looks at.
    """

    def __init__(
        self,
        image: ImageStack,
        *,
        pixel_size: float | None,
        interval: float,
        receptive_field: int = 0,
        output: Output = "classes",
    ) -> None:
        self.interval = interval
        self.seconds = 0.0
        self._pixel_size = pixel_size
        self._output: Output = output
        self._halo = -(-receptive_field // ALIGNMENT) * ALIGNMENT
        self._last = self._elapsed = self._trained = 0.0
        self._cost = 0.0
        self._wanted = True
        self.look(Look(image, 0))
        self.seconds = 0.0  # that was no training time yet

    def look(self, at: Look) -> None:
        """Predict something else from now on, or nothing.

        Raises
        ------
        ImageError
            If the image cannot be used; what was predicted before is predicted further.
        CalibrationError
            If the network needs a pixel size and the image has none.
        """
        start = time.monotonic()
        image = at.image
        if image is not None:
            [frame] = check_image(image.data, image.name)
            grid = to_network_grid(frame, image.pixel_size, self._pixel_size)
            self._grid = torch.from_numpy(grid)[None, None]
            self._shape = frame.shape[0], frame.shape[1]
            self.key = at.key
            y, x, height, width = at.seen or (0, 0, *self._shape)
            self._seen = slice(y, y + height), slice(x, x + width)
            self._is_new = True
        self._wanted = image is not None
        self.seconds += time.monotonic() - start

    @property
    def share(self) -> float:
        """Part of the training time that previews took."""
        return self.seconds / self._trained if self._trained else 0.0

    @property
    def is_new(self) -> bool:
        """Whether somebody looks at what was never predicted."""
        return self._wanted and self._is_new

    def is_due(self, elapsed: float) -> bool:
        """Tell whether it is time for a preview; what the user has just turned to need not wait for the interval.

        Parameters
        ----------
        elapsed : float
            Training time so far, pauses excluded [s]; with the next network of an ensemble it begins anew.
        """
        self._trained += elapsed - self._elapsed if elapsed >= self._elapsed else elapsed
        self._elapsed = elapsed
        has_waited = self._is_new or self._trained >= self._last + self.interval
        return self._wanted and has_waited and self.seconds + self._cost <= COST * self._trained

    def predict(self, network: nn.Module, device: torch.device, epoch: int) -> PreviewReady | Warned:
        """Return probabilities of what is seen, on the image's grid; a warning where memory is too small for that.

        Then nothing is predicted until the user looks at something else.
        """
        start = time.monotonic()
        try:
            seen = self._predict(network, device)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            seen = None  # outside, nothing holds the tensors of the attempt any longer
        if seen is None:
            free_memory(device)
            self._wanted = False
            return TOO_LARGE
        self._cost = time.monotonic() - start
        self.seconds += self._cost
        self._last, self._is_new = self._trained, False
        return PreviewReady(seen, epoch, self.key, self._cost)

    def _predict(self, network: nn.Module, device: torch.device) -> FloatImage:
        shape = self._grid.shape[-2], self._grid.shape[-1]
        margin = MARGIN * max(1, *(-(-new // own) for new, own in zip(shape, self._shape, strict=True)))
        inside = tuple(
            slice(max(0, part.start - margin), min(side, part.stop + margin))
            for part, side in zip(window_after(self._seen, self._shape, shape), shape, strict=True)
        )
        wide = tuple(
            slice(max(0, (part.start - self._halo) // ALIGNMENT * ALIGNMENT), part.stop + self._halo)
            for part in inside
        )
        with evaluating(network), torch.inference_mode():
            logits = network(self._grid[..., wide[0], wide[1]].to(device))
            found = probabilities(logits, self._output)[0].cpu().numpy()
        cut = tuple(slice(p.start - q.start, p.stop - q.start) for p, q in zip(inside, wide, strict=True))
        whole = np.zeros((*found.shape[:2], *shape), np.float32)
        whole[..., inside[0], inside[1]] = found[..., cut[0], cut[1]]
        on_image = from_network_grid(whole, self._shape)
        return np.ascontiguousarray(on_image[..., self._seen[0], self._seen[1]])


def make_preview(config: TrainConfig, inputs: TrainInputs, *, receptive_field: int) -> Preview | None:
    """Make the preview of a training; None where there is nothing to look at."""
    if inputs.preview is None or config.model.output == "values":  # which are no masks
        return None
    return Preview(
        inputs.preview,
        pixel_size=config.model.pixel_size,
        interval=config.training.preview_interval,
        receptive_field=receptive_field,
        output=config.model.output,
    )
