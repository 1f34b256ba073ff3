"""Figures of the demo: what was found, and how it compares with the truth where there is one."""

from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Image

from napari_strata.evaluate.detection import pooled_scores, score_atoms
from napari_strata.evaluate.segmentation import mean_scores, score_masks
from napari_strata.lattice.cells import fold_twist
from napari_strata.lattice.order import describe_layers
from napari_strata.types import LabelArray
from napari_strata.widgets.layers.calibration import METADATA

TOLERANCE = 0.4
"""Largest distance between an atom found and a true one [Å]."""


def lattice_figures(atoms: pd.DataFrame) -> dict[str, Any]:
    """Count the atoms of each layer and measure their lattices."""
    found = describe_layers(atoms)
    return {
        "atoms_per_layer": [layer.atoms for layer in found.layers],
        "coherence": [layer.coherence for layer in found.layers],
        "bond_length_A": [layer.bond_length for layer in found.layers],
        "twist_degrees": list(found.twists),
    }


def truth_figures(image: Image, atoms: pd.DataFrame, masks: LabelArray) -> dict[str, Any]:
    """Score atoms and masks against the truth that a simulated sample carries; empty for other images.

    Parameters
    ----------
    image : Image
        The image layer.
    atoms : DataFrame
        The atoms found in it.
    masks : ndarray of uint8, shape (layer, y, x)
        Mask codes.
    """
    truth = image.metadata.get(METADATA, {})
    if "truth_atoms" not in truth:
        return {}
    true_atoms = truth["truth_atoms"].assign(image=atoms["image"].iloc[0], frame=0)
    scores = pooled_scores(score_atoms(atoms, true_atoms, TOLERANCE))
    dice = mean_scores(score_masks(masks[None], np.asarray(truth["truth_labels"])[None]))["dice"]
    return {
        "true_atoms": len(true_atoms),
        "true_twist_degrees": [fold_twist(twist) for twist in truth["parameters"]["twist"]],
        "atoms_f1": scores["f1"],
        "atoms_rmse_A": scores["rmse_A"],
        "masks_dice": dice,
    }
