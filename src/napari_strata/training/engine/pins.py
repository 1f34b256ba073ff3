"""Mistakes that must not come back: pinned regions, checked with the averaged weights after every validation."""

from itertools import permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_strata.data.patches import validation_windows
from napari_strata.events import PIN_TOLERANCE, PinResult, PinsChecked
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.models.mode import evaluating
from napari_strata.requests import Pin
from napari_strata.training.engine.hurry import within
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.learned_frame import LearnedFrame
from napari_strata.types import BACKGROUND, LabelArray

CORE = 256
"""Side of the parts in which a pinned region is predicted [px]."""
ALIGNMENT = 64
"""What is predicted begins at multiples of this, itself a multiple of every network's stride [px]."""
MOST_PARTS = 8
"""Of a region of more parts, so many evenly spread ones are checked."""


class PinBoard:
    """Knows the pinned regions and how they were recognised the last time.

    Parameters
    ----------
    frames : LearnedFrames or None
        What is painted in them; None where nothing can be painted.
    receptive_field : int
        Radius of the network's receptive field [px].
    channels : Channels
        What the network's channels mean; a value is never wrong.
    """

    def __init__(
        self, frames: LearnedFrames | None, *, receptive_field: int, channels: Channels = CLASSES
    ) -> None:
        self._frames = None if channels.output == "values" else frames
        self._channels = channels
        self._halo = -(-receptive_field // ALIGNMENT) * ALIGNMENT
        self._pins: dict[str, Pin] = {}
        self._was_right: dict[str, bool] = {}
        self._checked: list[PinsChecked] = []

    def pin(self, pin: Pin) -> None:
        """Check a region from now on."""
        self._pins[pin.name] = pin

    def unpin(self, name: str) -> None:
        """Check a region no longer."""
        self._pins.pop(name, None)
        self._was_right.pop(name, None)

    def check(self, network: nn.Module, device: torch.device, epoch: int, *, end: float | None = None) -> int:
        """Check all pinned regions; `take_events` then tells of it.

        Parameters
        ----------
        network : Module
            Gives logits of shape (batch, layer, class, y, x).
        device : device
            Where it is.
        epoch : int
            Epoch that ended, from 1.
        end : float, optional
            When the time is up, see `napari_strata.training.engine.hurry.within`.

        Returns
        -------
        int
            How many are wrong.

        Raises
        ------
        TimeIsUp
            If it would take longer.
        """
        results = tuple(self._result(pin, network, device) for pin in within(end, self._pins.values()))
        self._was_right = {result.name: result.is_right for result in results}
        if results:
            self._checked.append(PinsChecked(epoch, results))
        return sum(not result.is_right for result in results)

    def take_events(self) -> list[PinsChecked]:
        """Return what was found since the last call."""
        taken, self._checked = self._checked, []
        return taken

    def state_dict(self) -> dict[str, Any]:
        """Return what the last check found; the pins themselves are kept as requests."""
        return {"was_right": dict(self._was_right)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._was_right = {name: bool(right) for name, right in state["was_right"].items()}

    def _result(self, pin: Pin, network: nn.Module, device: torch.device) -> PinResult:
        error = None
        if self._frames is not None and pin.frame in self._frames:
            error = self._error(self._frames[pin.frame], pin, network, device)
        is_right = error is None or error <= PIN_TOLERANCE
        return PinResult(pin.name, error, is_right, self._was_right.get(pin.name))

    def _error(self, frame: LearnedFrame, pin: Pin, network: nn.Module, device: torch.device) -> float | None:
        """Return the part of the labelled pixels that are wrong, None where none is labelled."""
        bottom, right = (min(n, end) for n, end in zip(frame.own_shape, _ends(pin), strict=True))
        if bottom <= pin.y or right <= pin.x:
            return None
        inside = frame.region((slice(pin.y, bottom), slice(pin.x, right)))
        rows, columns = (
            slice(max(0, (part.start - self._halo) // ALIGNMENT * ALIGNMENT), part.stop + self._halo)
            for part in inside
        )
        labels = np.zeros_like(frame.codes[:, rows, columns])
        parts = zip(inside, (rows, columns), strict=True)
        own = tuple(slice(part.start - wide.start, part.stop - wide.start) for part, wide in parts)
        labels[:, *own] = frame.codes[:, *inside]
        image = frame.unpadded[rows, columns]
        wrong = np.zeros((len(labels), len(labels)), np.int64)
        number = 0
        for *wide, in_rows, in_columns in validation_windows(labels, core=CORE, halo=self._halo, limit=MOST_PARTS):
            predicted = self._predict(image[tuple(wide)], network, device)
            seen = np.s_[:, in_rows.start - wide[0].start :, in_columns.start - wide[1].start :]
            truth = labels[:, in_rows, in_columns]
            wrong += _mistakes(predicted[seen][:, : truth.shape[1], : truth.shape[2]], truth)
            number += int((truth >= BACKGROUND).sum())
        return None if not number else _fewest(wrong) / number

    def _predict(self, image: NDArray[np.float32], network: nn.Module, device: torch.device) -> LabelArray:
        """Return the codes that the network says, shape (decoder, y, x)."""
        tensor = torch.from_numpy(np.ascontiguousarray(image))[None, None].to(device)
        with evaluating(network), torch.inference_mode():
            codes: LabelArray = self._channels.codes(network(tensor)[0]).to(torch.uint8).cpu().numpy()
        return codes


def _ends(pin: Pin) -> tuple[int, int]:
    return pin.y + pin.height, pin.x + pin.width


def _mistakes(predicted: LabelArray, truth: LabelArray) -> NDArray[np.int64]:
    """Return how many labelled pixels of each layer each decoder gets wrong, shape (decoder, layer)."""
    labelled = truth >= BACKGROUND
    mistakes: NDArray[np.int64] = ((predicted[:, None] != truth[None]) & labelled[None]).sum(axis=(2, 3))
    return mistakes


def _fewest(mistakes: NDArray[np.int64]) -> int:
    """Return the mistakes of the best order of layers."""
    layers = range(len(mistakes))
    return min(int(mistakes[layers, order].sum()) for order in permutations(layers))
