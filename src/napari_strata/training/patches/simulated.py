"""Crystals simulated while the network trains."""

from collections import OrderedDict
from threading import Lock

import numpy as np

from napari_strata.config.loss import LossConfig
from napari_strata.config.training import SimulatedData
from napari_strata.data.grid import normalise
from napari_strata.errors import LabelsError
from napari_strata.losses.border_weights import border_weights
from napari_strata.requests import Correction
from napari_strata.simulate.scene import simulate_image
from napari_strata.training.patches.batches import Batch, Patch, patch_rng

POOL = 1024
"""Crystals that are remembered, to be drawn again."""
HELD_OUT_BATCH = 8


class SimulatedSource:
    """An endless supply of simulated patches on the network's grid.

    The even places of a batch get crystals simulated anew, the odd ones a crystal that an earlier step simulated
    for the place before; one that is no longer remembered is simulated again, from its own seed.

    Parameters
    ----------
    config : SimulatedData
        What to simulate, and by how much its scale varies.
    patch_size : int
        Side of a patch [px].
    pixel_size : float
        Pixel size of the network's grid [Å/px].
    held_out : int
        Number of crystals to validate on; simulated from a seed of their own.
    seed : int
        Seed of every crystal.
    margin : int
        By how much more is simulated on every side of a training patch, as augmentation needs it [px].
    loss : LossConfig, optional
        Its border weights, if any, go with every crystal.
    """

    def __init__(
        self,
        config: SimulatedData,
        *,
        patch_size: int,
        pixel_size: float,
        held_out: int,
        seed: int,
        margin: int = 0,
        loss: LossConfig = LossConfig(),  # noqa: B008 (frozen)
    ) -> None:
        layers = config.simulation.layers
        self.description = f"simulated {config.simulation.subject}, {layers} layer{'s' if layers > 1 else ''}"
        self._config = config
        self._patch_size = patch_size
        self._margin = margin
        self._pixel_size = pixel_size
        self._seed = seed
        self._loss = loss
        self._remembered: OrderedDict[tuple[int, int], Patch] = OrderedDict()
        self._held_out_count = held_out
        self._held_out: list[Batch] | None = None
        self._holding_out = Lock()

    def patch(self, step: int, item: int) -> Patch:
        """Return a crystal, new or seen before."""
        if item % 2 and step > 0:
            earlier = patch_rng(self._seed, step, item).integers(max(0, step - POOL // 4), step)
            return self._crystal(int(earlier), item - 1)
        return self._crystal(step, item)

    @property
    def holds_out(self) -> bool:
        """Whether there are held-out crystals."""
        return self._held_out_count > 0

    def held_out(self) -> list[Batch]:
        """Return the held-out crystals; simulated at the first call, in whichever thread."""
        with self._holding_out:
            if self._held_out is None:
                rng = np.random.default_rng([self._seed, 1])
                patches = [self._simulate(rng, margin=0) for _ in range(self._held_out_count)]
                starts = range(0, len(patches), HELD_OUT_BATCH)
                self._held_out = [Batch.of(patches[i : i + HELD_OUT_BATCH]) for i in starts]
            return self._held_out

    def correct(self, correction: Correction, step: int) -> None:
        """Refuse: there is no image to learn from."""
        raise LabelsError(
            "The network learns from simulated crystals only.",
            remedy="Train on labels, or from this model on, to have what is painted learned.",
        )

    def _crystal(self, step: int, item: int) -> Patch:
        key = step, item
        if key not in self._remembered:
            self._remembered[key] = self._simulate(patch_rng(self._seed, step, item), margin=self._margin)
            if len(self._remembered) > POOL:
                self._remembered.popitem(last=False)
        return self._remembered[key]

    def _simulate(self, rng: np.random.Generator, *, margin: int) -> Patch:
        scale = 1 + rng.uniform(-1, 1) * self._config.scale_jitter
        size = self._patch_size + 2 * margin
        scene = simulate_image(self._config.simulation, size=size, pixel_size=self._pixel_size * scale, rng=rng)
        weights = border_weights(scene.labels, self._loss) if self._loss.border_weight else None
        return Patch(normalise(scene.image), scene.labels, weights)
