"""Sample data of File > Open Sample, made on the spot; the truth lies in the layers' metadata."""

from typing import Any

from napari_strata.config import SimulationConfig
from napari_strata.widgets.layers.calibration import METADATA

Sample = list[tuple[Any, dict[str, Any], str]]
SEED = 7
SIZE = 512
PIXEL_SIZE = 0.106
"""Pixel size of the simulated crystals [Å/px]."""
BUBBLE_PIXEL_SIZE = 0.8
"""Pixel size of the bubbles [nm/px]."""


def twisted_bilayer_graphene() -> Sample:
    """Make twisted bilayer graphene."""
    return _crystal("Twisted bilayer graphene", SimulationConfig(material="graphene", dose=(40, 60)))


def ws2_bilayer() -> Sample:
    """Make twisted bilayer WS2."""
    return _crystal("Twisted bilayer WS2", SimulationConfig(material="WS2", dose=(40, 60)))


def particles() -> Sample:
    """Make a stack of frames in which bubbles drift, grow and shrink."""
    import numpy as np

    from napari_strata.simulate.bubbles import simulate_bubbles

    stack = simulate_bubbles(frames=12, size=256, bubbles=22, rng=np.random.default_rng(SEED))
    settings = {
        "name": "Bubbles",
        "scale": (1, BUBBLE_PIXEL_SIZE, BUBBLE_PIXEL_SIZE),
        "units": ("pixel", "nm", "nm"),
        "axis_labels": ("frame", "y", "x"),
        "metadata": {METADATA: {"truth_labels": stack.labels}},
    }
    return [(stack.images, settings, "image")]


def _crystal(name: str, config: SimulationConfig) -> Sample:
    import numpy as np

    from napari_strata.simulate.scene import simulate_image

    scene = simulate_image(config, size=SIZE, pixel_size=PIXEL_SIZE, rng=np.random.default_rng(SEED))
    truth = {"truth_labels": scene.labels, "truth_atoms": scene.atoms, "parameters": scene.parameters}
    settings = {
        "name": name,
        "scale": (PIXEL_SIZE, PIXEL_SIZE),
        "units": ("angstrom", "angstrom"),
        "axis_labels": ("y", "x"),
        "metadata": {METADATA: truth},
    }
    return [(scene.image, settings, "image")]
