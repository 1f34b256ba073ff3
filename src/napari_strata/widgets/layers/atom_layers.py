"""Located atoms, and candidates for missing and extra ones, as Points layers that lie exactly on their image."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from numpy.typing import NDArray

from napari_strata.atoms.edits import ATOM
from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.types import LAYER_COLOURS
from napari_strata.widgets.layers.atom_memory import (
    EDITED,
    MEMORY,
    AtomMemory,
    defaults_of,
    features_of,
    memory_of,
)
from napari_strata.widgets.layers.napari_layers import Origin, placement
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.layers.selection_marks import mark_selection

if TYPE_CHECKING:
    from napari.layers import Image
    from pandas import DataFrame, Series

ATOM_DIAMETER = 0.7
"""Diameter of an atom's marker [Å]; half the shortest bonds in sight, so that neighbours stay apart."""
CANDIDATE_COLOURS = {"missing": "#ffe119", "extra": "#ff2d55", "empty": "#4cc9f0"}


def atom_layer(
    table: "DataFrame",
    origin: Origin,
    *,
    edited: "tuple[DataFrame, DataFrame] | None" = None,
    located: AtomOrigin | None = None,
) -> Points:
    """Make one Points layer of the atoms of all crystal layers, coloured by layer.

    Parameters
    ----------
    table : DataFrame
        Atoms of this image as they were computed, columns `napari_strata.types.ATOM_COLUMNS` and perhaps others of
        `ATOM_DETAILS`.
    origin : Origin
        Image, with a pixel size, and model.
    edited : tuple of DataFrame, optional
        What `napari_strata.widgets.layers.atom_memory.edit_again` made of them, which is then shown.
    located : AtomOrigin, optional
        What goes with the atoms wherever they are exported to.
    """
    assert origin.pixel_size is not None, "atoms are found only where the pixel size is known"
    computed = table.reset_index(drop=True)
    shown, left = (_as_computed(computed), None) if edited is None else edited
    memory = AtomMemory(computed, origin.card.model.layers, origin.card.classes.names, left, located)
    return _located_layer(
        shown, memory, origin.image, origin.pixel_size, name=origin.name("Atoms"), metadata=origin.tag("atoms")
    )


def imported_layer(
    table: "DataFrame", image: "Image", pixel_size: float, path: Path, located: AtomOrigin | None
) -> Points:
    """Make the same of atoms that were read from a file.

    Parameters
    ----------
    table : DataFrame
        Atoms of this image, at least one; columns as in `atom_layer`. The probability may be missing and is 1
        then: the file says that they are there.
    image : Image
        Their image.
    pixel_size : float
        Its pixel size [Å/px].
    path : Path
        The file.
    located : AtomOrigin or None
        What it says of where they come from.
    """
    computed = table.reset_index(drop=True)
    if "probability" not in computed:
        computed = computed.assign(probability=1.0)
    layers = int(computed["layer"].max()) + 1
    memory = AtomMemory(computed, layers, tuple(computed["species"].unique()), origin=located)
    said = {} if located is None else {"model_name": located.model, "weights_sha256": located.weights_sha256}
    return _located_layer(
        _as_computed(computed),
        memory,
        image,
        pixel_size,
        name=f"Atoms - {path.name} - {image.name}",
        metadata=tag("atoms", image, str(path), said | {"pixel_size": pixel_size}),
    )


def _located_layer(
    shown: "DataFrame",
    memory: AtomMemory,
    image: "Image",
    pixel_size: float,
    *,
    name: str,
    metadata: dict[str, Any],
) -> Points:
    columns = ("frame", "y_px", "x_px")[-image.ndim :]
    features = features_of(shown)
    colours = {layer: LAYER_COLOURS[layer % len(LAYER_COLOURS)] for layer in range(memory.layers)}
    points = Points(
        shown[list(columns)].to_numpy(dtype=np.float64),
        name=name,
        features=features,
        # given as a dictionary, or napari warns that whole numbers may be no categories
        face_color={"color_mode": "cycle", "color_properties": "layer"},
        face_color_cycle=colours,
        size=ATOM_DIAMETER / pixel_size,
        opacity=0.65,
        metadata=metadata | {MEMORY: memory},
        **placement(image),
    )
    points.feature_defaults = defaults_of(features, memory.species[0])
    mark_selection(points)
    return points


def reset_atoms(points: Points) -> None:
    """Show located atoms again as they were computed."""
    memory = memory_of(points)
    assert memory is not None, "only atoms whose computation is known can be shown as they were"
    points.selected_data = set()
    points.data = memory.computed[list(("frame", "y_px", "x_px")[-points.ndim :])].to_numpy(dtype=np.float64)
    points.features = features_of(_as_computed(memory.computed))
    points.metadata = {**points.metadata, MEMORY: replace(memory, left=None)}


def _as_computed(computed: "DataFrame") -> "DataFrame":
    """Give atoms their numbers; those that were edited before they came from a file stay so."""
    edited = computed.get(EDITED, "")
    return computed.assign(**{ATOM: np.arange(len(computed)), EDITED: edited})


def candidate_layer(candidates: "DataFrame", origin: Origin) -> Points:
    """Make one Points layer of atoms that are missing from the lattice, too many, or not shown by the image.

    Parameters
    ----------
    candidates : DataFrame
        Columns `napari_strata.atoms.candidates.COLUMNS`.
    origin : Origin
        Image, with a pixel size, and model.
    """
    assert origin.pixel_size is not None, "atoms are found only where the pixel size is known"
    columns = ("frame", "y_px", "x_px")[-origin.image.ndim :]
    features = candidates[["kind", "layer", "species", "score", "reason"]].reset_index(drop=True)
    return Points(
        candidates[list(columns)].to_numpy(dtype=np.float64),
        name=origin.name("Candidates"),
        features=features.round({"score": 2}),
        symbol=candidate_symbols(features["kind"]) if len(features) else "ring",
        face_color={"color_mode": "cycle", "color_properties": "kind"},
        face_color_cycle=CANDIDATE_COLOURS,
        size=1.2 * ATOM_DIAMETER / origin.pixel_size,
        border_width=0,
        metadata=origin.tag("candidates"),
        **placement(origin.image),
    )


def candidate_symbols(kinds: "Series") -> NDArray[np.str_]:
    """Return the markers of candidates: a ring where an atom is missing, a cross on one to remove."""
    return np.where(kinds == "missing", "ring", "x")
