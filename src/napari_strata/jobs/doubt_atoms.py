"""What is doubtful about located atoms: no lattice or a strange one, layers told twice, species not told."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config import ModelCard
from napari_strata.events import Warned
from napari_strata.jobs.doubt_crystal import doubt_of_crystal
from napari_strata.numbers import listed

if TYPE_CHECKING:
    from pandas import DataFrame

UNSURE = 0.5
"""Where the species of more than this part of the atoms are not sure, the crystal may be one that the model does
not know: of graphene located with a model of MX2 it is some 0.75, of MoS2 some 0.03."""
IRREGULAR = 0.45
"""Atoms lie on no lattice where they are less regular: `napari_strata.lattice.regularity` tells the margin."""
MOST_FRAMES = 16
"""Frames of a stack that are looked at, evenly spread."""


def doubts_about_atoms(table: "DataFrame", card: ModelCard) -> Iterator[Warned]:
    """Warn of atoms on no lattice or a strange one, of layers on the same atoms, and of species not told.

    Parameters
    ----------
    table : DataFrame
        Located atoms of any number of images, columns image, frame, layer, species, y_A, x_A and flag.
    card : ModelCard
        The model that located them.
    """
    for name, atoms in table.groupby("image", sort=False):
        if said := _on_no_lattice(atoms):
            yield Warned(f"{name}: {said}", _is_there_a_crystal(card))
        elif said := doubt_of_crystal(atoms, card):
            yield Warned(
                f"{name}: {said}",
                "Is the pixel size right? If so, some of these atoms may be invented: take a model of this"
                " crystal, or train one on a few strokes.",
            )
        if said := _same_places(atoms):
            yield Warned(f"{name}: {said}", _one_layer())
        if said := _unsure_species(atoms, card):
            yield Warned(f"{name}: {said}", "Use a model of that crystal, or do not rely on the species.")


def frames_looked_at(atoms: "DataFrame") -> list[int]:
    """Return the frames of one image's atoms that stand for all: at most `MOST_FRAMES`, evenly spread."""
    frames = [int(frame) for frame in atoms["frame"].unique()]
    return frames[:: -(-len(frames) // MOST_FRAMES) or 1]


def _on_no_lattice(atoms: "DataFrame") -> str:
    """Name the layers that are irregular in most of the frames that are looked at."""
    from napari_strata.lattice.regularity import regularity

    frames = atoms["frame"].unique()
    looked_at = atoms[atoms["frame"].isin(frames_looked_at(atoms))]
    irregular: dict[int, list[bool]] = {}
    for (_, layer), rows in looked_at.groupby(["frame", "layer"]):
        found = regularity(rows[["y_A", "x_A"]].to_numpy(np.float64))
        if found is not None:
            irregular.setdefault(int(layer), []).append(found < IRREGULAR)
    layers = [str(layer) for layer, of_frames in sorted(irregular.items()) if 2 * sum(of_frames) > len(of_frames)]
    if not layers:
        return ""
    where = "" if len(frames) == 1 else " in most frames"
    return f"the atoms of {_named(layers)} lie on no regular lattice{where}. They may be no atoms."


def _named(layers: list[str]) -> str:
    return f"layer {layers[0]}" if len(layers) == 1 else f"layers {listed(layers)}"


def _is_there_a_crystal(card: ModelCard) -> str:
    return (
        f"Is there a crystal, in focus, with bright atoms, and is it one that the model {card.name} knows"
        f" ({card.learned_from})? Check the pixel size, too."
    )


def _same_places(atoms: "DataFrame") -> str:
    from napari_strata.lattice.coincidence import coinciding_layers

    pairs = {int(frame): coinciding_layers(rows) for frame, rows in atoms.groupby("frame")}
    found = {pair: [frame for frame in pairs if pair in pairs[frame]] for of in pairs.values() for pair in of}
    said = []
    for (first, second), frames in sorted(found.items()):
        where = "" if len(pairs) == 1 else f" in {len(frames)} of {len(pairs)} frames"
        said.append(f"layers {first} and {second} lie on the same atoms{where}")
    return f"{', '.join(said)}. Is it one layer, or are they exactly on each other?" if said else ""


def _one_layer() -> str:
    """Name models of one layer."""
    from napari_strata.io.bundle import read_card
    from napari_strata.io.bundled import bundled_models

    names = [folder.name for folder in bundled_models() if read_card(folder).model.layers == 1]
    such = f", such as {names[0]}" if names else ""
    return f"For one layer use a model of one layer{such}."


def _unsure_species(atoms: "DataFrame", card: ModelCard) -> str:
    unsure = int(atoms["flag"].str.split().map(lambda words: "unsure" in words).sum())
    if unsure <= UNSURE * len(atoms):
        return ""
    return (
        f"the species of {unsure:,} of {len(atoms):,} atoms could not be told. Is this a crystal that the model"
        f" {card.name} knows? It learned from {card.learned_from}."
    )
