"""Batches of crystals simulated while the network trains."""

import numpy as np

from napari_strata.config.training import SimulatedData
from napari_strata.data.grid import normalise
from napari_strata.simulate.scene import simulate_image
from napari_strata.training.batches import Batch, symmetric_variant

FRESH = 0.5
"""Part of every batch that is simulated anew; the rest are earlier crystals, turned or mirrored."""
POOL = 1024
"""Crystals kept for that."""


class SimulatedSource:
    """An endless supply of simulated patches on the network's grid.

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
        Seed of the held-out crystals.
    """

    def __init__(
        self, config: SimulatedData, *, patch_size: int, pixel_size: float, held_out: int, seed: int
    ) -> None:
        self.description = f"simulated {config.simulation.material}, {config.simulation.layers} layers"
        self._config = config
        self._patch_size = patch_size
        self._pixel_size = pixel_size
        self._pool: list[tuple[np.ndarray, np.ndarray]] = []
        self._held_out_count = held_out
        self._held_out_seed = seed
        self._held_out: list[Batch] | None = None

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """Return `size` patches, half of them fresh."""
        fresh = size if len(self._pool) < size else max(1, round(FRESH * size))
        old = [self._pool[i] for i in rng.integers(len(self._pool), size=size - fresh)] if size > fresh else []
        new = [self._simulate(rng) for _ in range(fresh)]
        self._pool = [*self._pool, *new][-POOL:]
        return symmetric_variant(_batch(new + old), rng)

    def held_out(self) -> list[Batch]:
        """Return the held-out crystals in batches of eight."""
        if self._held_out is None:
            rng = np.random.default_rng([self._held_out_seed, 1])
            patches = [self._simulate(rng) for _ in range(self._held_out_count)]
            self._held_out = [_batch(patches[i : i + 8]) for i in range(0, len(patches), 8)]
        return self._held_out

    def _simulate(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        scale = 1 + rng.uniform(-1, 1) * self._config.scale_jitter
        scene = simulate_image(
            self._config.simulation, size=self._patch_size, pixel_size=self._pixel_size * scale, rng=rng
        )
        return normalise(scene.image), scene.labels


def _batch(patches: list[tuple[np.ndarray, np.ndarray]]) -> Batch:
    images, labels = zip(*patches, strict=True)
    return Batch(np.stack(images), np.stack(labels))
