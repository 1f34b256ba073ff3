"""An image with two layers of graphene that are known to the last digit, and the table of their atoms."""

import numpy as np
import pandas as pd

from lattices import atoms, cell, image
from napari_strata.config import AtomsConfig, ClassTable, LabelClass, ModelCard, ModelConfig
from napari_strata.config.atom_origin import AtomOrigin, LocatedImage
from napari_strata.io.calibration import CalibrationSource
from napari_strata.report.subject import Known
from napari_strata.types import ATOM_COLUMNS, ImageStack

PIXEL_SIZE = 0.2
EXTENT = 25.6
TURNS = (4.0, 32.9)


def table_of(layers, frame=0, name="moire"):
    rows = [
        (name, frame, i, "C", y / PIXEL_SIZE, x / PIXEL_SIZE, y, x, 0.9)
        for i, positions in enumerate(layers)
        for y, x in positions
    ]
    return pd.DataFrame(rows, columns=list(ATOM_COLUMNS))


def positions_of(turns=TURNS, jitter=0.02):
    return [atoms(cell(2.46, angle=turn), EXTENT, jitter=jitter, seed=i)[0] for i, turn in enumerate(turns)]


def bilayer(turns=TURNS, jitter=0.02):
    """Return image and table."""
    layers = positions_of(turns, jitter)
    pixels = image(layers, EXTENT, PIXEL_SIZE).astype(np.float32)
    return ImageStack(pixels[None], PIXEL_SIZE, "moire"), table_of(layers)


def card(**changes):
    values = {
        "name": "my_net",
        "created": "2026-01-02T03:04:05+00:00",
        "model": ModelConfig(),
        "classes": ClassTable(classes=(LabelClass(name="C", color="#e6550d"),)),
        "trained_on": "simulated graphene, 2 layers",
        "figures": {"validation_dice": 0.815, "seconds": 240.0, "step": 542},
        "software": {"python": "3.11.7", "napari-strata": "0.0.9", "torch": "2.4.0"},
        "weights_file": "weights.safetensors",
        "weights_sha256": "0123456789abcdef" * 4,
    }
    return ModelCard(**values | changes)


def everything_known(**changes):
    known = {"source": CalibrationSource.FILE, "card": card(), "doubts": None, "origin": origin()}
    return Known(**known | changes)


def origin(**settings):
    return AtomOrigin(
        model=card().name,
        weights_sha256=card().weights_sha256,
        settings=AtomsConfig(**settings),
        images=(LocatedImage(name="moire", frames=1, height=128, width=128, pixel_size=0.2),),
        software={"python": "3.11.7", "napari-strata": "0.1.0"},
        located="2026-01-02T03:04:05+00:00",
    )
