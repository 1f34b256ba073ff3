"""Located atoms of a bilayer whose lattices are known by hand, on an image of them, in a viewer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Image, Points

from lattices import atoms, cell, image
from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.widgets.layers.atom_layers import atom_layer
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.results import show_results

EXTENT = 19.2
PIXEL = 0.2
SIDE = round(EXTENT / PIXEL)
TURNS = (4.0, 32.9)
BOND = 2.46 / np.sqrt(3)
CALIBRATED = {"scale": (PIXEL,) * 2, "units": ("angstrom",) * 2}


@dataclass
class Scene:
    """What was put into a viewer."""

    image: Image
    points: Points
    table: pd.DataFrame


def card(layers: int) -> ModelCard:
    return ModelCard(
        name="m",
        created="2026-11-21T00:00:00Z",
        model=ModelConfig(architecture="gombnet" if layers > 1 else "unet", layers=layers),
        classes=ClassTable.from_names(("C",)),
        trained_on="nothing",
        figures={},
        software={},
        weights_file="weights-0.safetensors",
        weights_sha256="1" * 64,
    )


def honeycombs(turns: tuple[float, ...] = TURNS, frame: int = 0) -> pd.DataFrame:
    """Return the atoms of a perfect honeycomb per layer, mixed, so that no order helps."""
    tables = []
    for layer, turn in enumerate(turns):
        y, x = atoms(cell(2.46, angle=turn), EXTENT)[0].T
        columns = {"y_px": y / PIXEL, "x_px": x / PIXEL, "y_A": y, "x_A": x, "probability": 1.0}
        tables.append(pd.DataFrame({"image": "moire", "frame": frame, "layer": layer, "species": "C", **columns}))
    table = pd.concat(tables, ignore_index=True)
    return table.iloc[np.random.default_rng(0).permutation(len(table))].reset_index(drop=True)


def drawn(table: pd.DataFrame) -> np.ndarray:
    """Return an image of the atoms, with a little noise."""
    return image([table[["y_A", "x_A"]].to_numpy()], EXTENT, PIXEL, noise=0.02).astype(np.float32)


def put_atoms(
    viewer: Any, table: pd.DataFrame, *, frames: int = 0, located: AtomOrigin | None = None, **settings: Any
) -> Scene:
    """Add an image, or a stack of so many frames, and its atoms."""
    data = drawn(table)
    shown = viewer.add_image(
        np.stack([data] * frames) if frames else data, name="moire", **({} if frames else CALIBRATED) | settings
    )
    layers = max(int(table["layer"].max()) + 1, 1) if len(table) else 2
    points = atom_layer(table, Origin(shown, PIXEL, card(layers), "/models/m"), located=located)
    show_results(viewer, [points])
    return Scene(shown, points, table)
