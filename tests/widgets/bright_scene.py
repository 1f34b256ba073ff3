"""An image whose atoms are known, and a model that sees exactly them."""

import numpy as np

from bright_network import save_bright
from napari_strata.events import JobResult, Progress
from napari_strata.jobs.job import job

ATOMS = np.array([[y + x % 2, x] for y in (8, 20, 32, 44) for x in (9, 21, 33, 45)], dtype=float)
"""Positions (y, x) [px]; 12 px, that is 2.4 Å, apart."""
PIXEL_SIZE = 0.2


def bright_image(shape=(56, 56), atoms=ATOMS):
    """Draw a blob at every atom on slightly uneven ground."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    ground = np.random.default_rng(0).normal(0, 0.002, shape)
    blobs = sum(np.exp(-((y - a) ** 2 + (x - b) ** 2) / 8) for a, b in atoms)
    return (ground + blobs).astype(np.float32)


def add_bright(viewer, frames=0, **settings):
    """Add such an image, or a stack of so many frames, of which frame f lacks the first f atoms."""
    if not frames:
        settings = {"scale": (PIXEL_SIZE,) * 2, "units": ("angstrom",) * 2, "name": "bright"} | settings
        return viewer.add_image(bright_image(), **settings)
    stack = np.stack([bright_image(atoms=ATOMS[frame:]) for frame in range(frames)])
    return viewer.add_image(stack, **{"name": "bright"} | settings)


def save_model(models_home, *, layers=2, run="bright", **model):
    """Save a model into the library's folder; return the folder of its bundle."""
    architecture = "gombnet" if layers > 1 else "unet"
    folder = models_home / "models" / run / "model"
    return save_bright(folder, architecture=architecture, layers=layers, **{"pixel_size": PIXEL_SIZE} | model)


@job
def waiting(control, *, release):
    """Prepare until released, then end with nothing."""
    yield Progress(0.0, "waiting")
    release.wait(5)
    control.run()
    return JobResult()
