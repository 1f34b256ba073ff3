"""A network that answers prompts; it looks at every slice once."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_strata.config.training import Device
from napari_strata.control import JobControl
from napari_strata.errors import ImageError, LabelsError
from napari_strata.inference.promptable.checkpoint import open_checkpoint
from napari_strata.inference.promptable.grid import ModelGrid
from napari_strata.inference.promptable.prompts import Prompts
from napari_strata.models.device import resolve_device
from napari_strata.types import AnyArray

KEPT = 16
"""How many slices' embeddings are kept; one takes 4 MB in SAM and 16 MB in SAM 2."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the network has seen in one slice; whatever is asked of the slice is answered from it."""

    grid: ModelGrid
    features: Any


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network takes for the object.

    Attributes
    ----------
    mask : ndarray of bool, shape (y, x)
        On the image's own pixels.
    score : float
        The network's own estimate of its intersection over union with the object.
    """

    mask: NDArray[np.bool_]
    score: float


class Segmenter:
    """A SAM (Kirillov et al., ICCV 2023) or SAM 2 (Ravi et al., 2024) network for single images.

    Parameters
    ----------
    path : Path
        A checkpoint, as for `napari_strata.inference.promptable.checkpoint.find_checkpoint`.
    device : str
        Where to compute, in fp32.

    Raises
    ------
    ExtraError, BundleError, DeviceError
        If it cannot be opened, or not there.
    """

    def __init__(self, path: Path, device: Device = "auto") -> None:
        self._device = resolve_device(device)
        self._network = open_checkpoint(path).to(self._device)
        side = self._network.config.prompt_encoder_config.image_size
        self._side = int(side if isinstance(side, int) else max(side))
        self._keeps_aspect = self._network.config.model_type == "sam"
        self._seen: OrderedDict[bytes, Embedding] = OrderedDict()

    def has_seen(self, image: AnyArray) -> bool:
        """Return whether `look` at this slice will answer at once."""
        return _fingerprint(image) in self._seen

    def look(self, image: AnyArray, control: JobControl) -> Embedding:
        """Look at a slice; one that was seen lately is remembered, by its content.

        Parameters
        ----------
        image : ndarray, shape (y, x)
            Intensities.
        control : JobControl
            Asked before every block of the network whether to stop.

        Raises
        ------
        ImageError
            If an intensity is not a finite number.
        JobCanceled
            If a stop came.
        """
        if not np.isfinite(image).all():
            raise ImageError("Some pixels have no intensity.", remedy="Replace what is not a number first.")
        key = _fingerprint(image)
        if key not in self._seen:
            self._seen[key] = self._embed(image, control)
        self._seen.move_to_end(key)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return self._seen[key]

    @torch.inference_mode()
    def answer(self, embedding: Embedding, prompts: Prompts) -> Answer:
        """Return the mask of what is pointed at.

        Where the prompts are vague, the network proposes three masks, and the one of which it is surest is taken.

        Raises
        ------
        LabelsError
            If nothing points at an object.
        """
        if not prompts:
            raise LabelsError("Nothing points at an object.", remedy="Click on it, or draw a box around it.")
        said = self._network(
            image_embeddings=embedding.features,
            multimask_output=prompts.is_vague,
            **self._inputs(prompts, embedding.grid),
        )
        scores = said.iou_scores[0, 0]
        best = int(scores.argmax())
        logits = embedding.grid.to_image(said.pred_masks[0, 0, best])
        return Answer(logits > 0, float(scores[best]))

    @torch.inference_mode()
    def _embed(self, image: AnyArray, control: JobControl) -> Embedding:
        grid = ModelGrid((image.shape[0], image.shape[1]), self._side, self._keeps_aspect)
        with _stopping(self._network.vision_encoder, control):
            features = self._network.get_image_embeddings(grid.pixel_values(image).to(self._device))
        return Embedding(grid, features)

    def _inputs(self, prompts: Prompts, grid: ModelGrid) -> dict[str, torch.Tensor]:
        """Return prompts as the network takes them: (x, y), in pixels of its square."""
        inputs = {}
        if len(prompts.points):
            points = torch.from_numpy(grid.to_model(prompts.points)[:, ::-1].astype(np.float32))
            inputs["input_points"] = points[None, None].to(self._device)
            inputs["input_labels"] = torch.from_numpy(prompts.is_inside)[None, None].to(self._device)
        if prompts.box is not None:
            corners = grid.to_model(np.reshape(prompts.box, (2, 2)))[:, ::-1]
            inputs["input_boxes"] = torch.from_numpy(corners.astype(np.float32).reshape(1, 1, 4)).to(self._device)
        return inputs


@contextmanager
def _stopping(encoder: torch.nn.Module, control: JobControl) -> Iterator[None]:
    """Let a stop end an encoder's run between two of its blocks."""
    blocks = [block for part in encoder.modules() if isinstance(part, torch.nn.ModuleList) for block in part]
    hooks = [block.register_forward_pre_hook(lambda *_: control.checkpoint()) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _fingerprint(image: AnyArray) -> bytes:
    content = blake2b(np.ascontiguousarray(image).data, digest_size=16)
    content.update(f"{image.shape}{image.dtype}".encode())
    return content.digest()
