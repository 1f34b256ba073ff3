"""From an image stack to probability maps: resample, turn, tile, align the decoders, resample back."""

import time
from collections.abc import Generator, Iterator, Sequence
from itertools import groupby

import numpy as np
import torch

from napari_strata.config import InferenceConfig, ModelConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.data.grid import from_network_grid, grid_and_scale
from napari_strata.data.scale import Scale
from napari_strata.data.turns import TURNS, padded, turned, turned_back
from napari_strata.errors import BundleError, DeviceError
from napari_strata.events import Progress
from napari_strata.inference.alignment import order_like_blend, order_like_frame
from napari_strata.inference.looks import combine_looks
from napari_strata.inference.tiling import Canvas, Tile, least_side, plan_tiles
from napari_strata.models.mode import evaluating
from napari_strata.models.network import Network
from napari_strata.types import FloatImage, ImageStack, Prediction, ValuePrediction

BATCH = 4
"""Tiles that an accelerator computes at once; a CPU gains nothing from more than one."""


class Predictor:
    """A network together with all that turns its outputs into a `Prediction`.

    Parameters
    ----------
    network : Network
        Trained network; it is moved to `device`, its mode is kept.
    model : ModelConfig
        The network's settings; its pixel size is that of the network's grid.
    classes : tuple of str
        Names of the foreground classes.
    config : InferenceConfig
        Tile size, and whether decoders are aligned. If they are, a network of several layers looks at every frame
        in four orientations, and the mean of what it says counts (`napari_strata.inference.looks`).
    device : device
        Where to compute, in fp32.
    value_scale : Scale, optional
        That of values in units of their own; by default values have the units of their image.
    """

    def __init__(
        self,
        network: Network,
        model: ModelConfig,
        *,
        classes: tuple[str, ...],
        config: InferenceConfig,
        device: torch.device,
        value_scale: Scale | None = None,
    ) -> None:
        self._network = network.to(device)
        self._pixel_size = model.pixel_size
        self._value_scale = value_scale
        self._classes = classes
        self._config = config
        self._device = device
        self._batch = 1 if device.type == "cpu" else BATCH
        self._aligns = config.align_layers and network.layers > 1 and network.output != "values"
        self._turns = TURNS if self._aligns else TURNS[:1]

    def predict(self, image: ImageStack, *, control: JobControl) -> Generator[Progress, None, Prediction]:
        """Predict every frame of a stack.

        Parameters
        ----------
        image : ImageStack
            A checked stack.
        control : JobControl
            Asked between tiles whether to wait or stop.

        Yields
        ------
        Progress
            After every batch of tiles.

        Returns
        -------
        Prediction
            On the image's own grid; of the frames that were done when a stop came, at least one.

        Raises
        ------
        BundleError
            If the network gives values and no classes.
        CalibrationError
            If the network works at a pixel size and the image has none.
        DeviceError
            If a tile does not fit into the device's memory.
        JobCanceled
            If a stop came before the first frame was done.
        """
        if self._network.output == "values":
            raise BundleError(
                "This network gives values and no classes.",
                remedy="Predict with it, or choose a model that was trained on labels or crystals.",
            )
        maps = yield from self._maps(image, control)
        prediction = Prediction(maps, self._classes, image.pixel_size, image.name)
        _ = prediction.masks  # are kept once computed, here and not where a window waits for them
        return prediction

    def predict_values(
        self, image: ImageStack, *, control: JobControl
    ) -> Generator[Progress, None, ValuePrediction]:
        """Compute the values of every frame of a stack, with a network that gives values; else as `predict`."""
        maps = yield from self._maps(image, control)
        return ValuePrediction(maps[:, :, 0], image.pixel_size, image.name)

    def _maps(self, image: ImageStack, control: JobControl) -> Generator[Progress, None, FloatImage]:
        """Return all that the network says of the frames that were done, shape (frame, layer, map, y, x)."""
        frames, height, width = image.data.shape
        found = np.empty((frames, self._network.layers, self._network.maps, height, width), np.float32)
        previous: FloatImage | None = None
        start = time.monotonic()
        finished = 0
        try:
            for finished, frame in enumerate(image.data):
                grid, scale = grid_and_scale(frame, image.pixel_size, self._pixel_size)
                looks: list[FloatImage] = []
                for done in self._look(grid, looks, control):
                    fraction = (finished + done) / frames
                    left = (time.monotonic() - start) * (1 - fraction) / fraction
                    yield Progress(fraction, f"Predicting {image.name}, frame {finished + 1} of {frames}", left)
                previous = self._align(looks, previous, image.pixel_size)
                found[finished] = from_network_grid(previous, (height, width))
                if self._network.output == "values":
                    found[finished] = (self._value_scale or scale).undo(found[finished])
            finished = frames
        except JobCanceled:
            if not finished:
                raise
        return found[:finished]

    def _look(self, grid: FloatImage, looks: list[FloatImage], control: JobControl) -> Iterator[float]:
        """Predict a frame in every orientation, and add what is seen to `looks`; yields the part that is done."""
        height, width = grid.shape
        whole = padded(grid, self._network.stride)
        for turn in self._turns:
            seen = turned(whole, turn)
            canvas = Canvas(self._network.layers, self._network.maps, seen.shape)
            for done in self._blend(seen, canvas, control):
                yield (turn + done) / len(self._turns)
            looks.append(turned_back(canvas.blended, turn)[..., :height, :width])

    def _blend(self, grid: FloatImage, canvas: Canvas, control: JobControl) -> Iterator[float]:
        """Predict tile by tile into a canvas; yields the part that is done.

        Raises
        ------
        JobCanceled
            If a stop was requested while tiles were left.
        """
        shape = (grid.shape[0], grid.shape[1])
        network = self._network
        tiles = plan_tiles(
            shape,
            tile_size=self._config.tile_size,
            stride=network.stride,
            receptive_field=network.receptive_field,
        )
        done = 0
        for batch in _batches(tiles, self._batch):
            control.checkpoint()
            inputs = np.stack([grid[tile.y.pixels, tile.x.pixels] for tile in batch])
            for tile, maps in zip(batch, self._forward(inputs), strict=True):
                if self._aligns and done:
                    maps = maps[list(order_like_blend(canvas.under(tile), maps, tile.weights))]
                canvas.add(tile, maps)
                done += 1
            yield done / len(tiles)

    def _align(
        self, looks: Sequence[FloatImage], previous: FloatImage | None, pixel_size: float | None
    ) -> FloatImage:
        """Make decoders mean the same layers throughout a frame, and as in the frame before."""
        if not self._aligns:
            return looks[0]
        maps = combine_looks(looks, pixel_size=self._pixel_size or pixel_size)
        return maps if previous is None else maps[list(order_like_frame(previous, maps))]

    def _forward(self, inputs: FloatImage) -> FloatImage:
        """Return probabilities (tile, layer, class, y, x) of tiles (tile, y, x); the network keeps its mode."""
        try:
            with evaluating(self._network), torch.inference_mode():
                logits = self._network(torch.from_numpy(inputs)[:, None].to(self._device))
                maps: FloatImage = self._network.probabilities(logits).cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise DeviceError(
                f"A tile of {inputs.shape[-2]} x {inputs.shape[-1]} pixels does not fit into the memory"
                f" of {self._device}.",
                remedy=self._smaller(max(inputs.shape[-2:])),
            ) from error
        return maps

    def _smaller(self, side: int) -> str:
        least = least_side(stride=self._network.stride, receptive_field=self._network.receptive_field)
        if side <= least:
            return "Choose the device cpu; for this network a smaller tile size has no effect."
        return f"Choose a smaller tile size, which has an effect down to {least}, or the device cpu."


def _batches(tiles: tuple[Tile, ...], size: int) -> Iterator[list[Tile]]:
    """Split tiles, in their order, into batches of equal shapes."""
    for _, alike in groupby(tiles, key=lambda tile: tile.shape):
        waiting = list(alike)
        for start in range(0, len(waiting), size):
            yield waiting[start : start + size]
