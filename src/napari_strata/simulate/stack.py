"""The stack: where the columns of all layers are, strained, relaxed, and without what is missing [Å]."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_strata.simulate.crystals import Crystal
from napari_strata.simulate.draws import Look, Structure
from napari_strata.simulate.layers import Columns, Layer, fill_grains
from napari_strata.simulate.regions import Region
from napari_strata.simulate.relaxation import Stacking, stacking


def place_columns(
    crystals: Sequence[Crystal], look: Look, structure: Structure, half_width: float
) -> list[Columns]:
    """Place the columns of each layer.

    Parameters
    ----------
    crystals : sequence of Crystal
        Crystal of each layer, from below.
    look : Look
        How the layers lie.
    structure : Structure
        Strain, relaxation, grains, and what is missing.
    half_width : float
        Half the side of the square to fill [Å].
    """
    layers = [
        Layer(crystal, float(rotation), shift, strain)
        for crystal, rotation, shift, strain in zip(
            crystals, look.rotations, look.shifts, structure.strains, strict=True
        )
    ]
    stackings = [stacking(lower, upper) for lower, upper in pairwise(layers)] if structure.relaxation else []
    placed = []
    for k, (layer, grain, missing) in enumerate(zip(layers, structure.grains, structure.missing, strict=True)):
        filled = layer.fill(half_width) if grain is None else fill_grains(layer, grain, half_width)
        columns = _without(filled, missing)
        moves = _relaxed(columns.positions, k, stackings, structure.relaxation)
        field = structure.strain_fields[k]
        moves += [] if field is None else [field(columns.positions)]
        placed.append(replace(columns, positions=sum(moves, columns.positions)))
    return placed


def _relaxed(
    positions: NDArray[np.float64], layer: int, stackings: Sequence[Stacking], amplitude: float
) -> list[NDArray[np.float64]]:
    """Return the displacements that the layers above and below cause."""
    above = [one.displacement(positions, amplitude) for one in stackings[layer : layer + 1]]
    below = [-one.displacement(positions, amplitude) for one in stackings[:layer][-1:]]
    return above + below


def _without(columns: Columns, missing: Sequence[Region]) -> Columns:
    for region in missing:
        columns = columns.where(~region.contains(columns.positions))
    return columns
