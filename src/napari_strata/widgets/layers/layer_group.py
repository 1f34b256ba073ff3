"""What can be done with the layers of a group: exchange two crystal layers, copy one, join one, compare them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Points

from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.atom_points import SPECIES, show_species
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import (
    class_table_of,
    crystal_layer_of,
    image_of,
    is_drawn,
    join,
    members_of,
    remember_crystal_layer,
)
from napari_strata.widgets.layers.label_step import slices_of, write_step
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.placing import fits, knows_better, lies_on, place_like, put_on_image
from napari_strata.widgets.layers.stated_size import is_calibrated
from napari_strata.widgets.layers.world import between

if TYPE_CHECKING:
    from napari.layers import Layer


def swap(first: "Layer", second: "Layer", layers: "Iterable[Layer]") -> None:
    """Exchange two crystal layers of a group, labels and atoms of each, and the numbers in their names."""
    one, other = crystal_layer_of(first), crystal_layer_of(second)
    renumbered = {one: other, other: one}
    for member in members_of(first, layers):
        old = crystal_layer_of(member)
        if old in renumbered:
            remember_crystal_layer(member, renumbered[old])
    _exchange_names([m for m in members_of(first, layers) if crystal_layer_of(m) in renumbered], one, other)


def copy_onto(source: "Layer", target: "Layer") -> int:
    """Copy labels onto other labels as one undo step, or add atoms to other atoms.

    Returns
    -------
    int
        How many pixels have another code now, or how many atoms were added.

    Raises
    ------
    LabelsError
        If one is Labels and the other Points, or their shapes differ.
    """
    if isinstance(source, Labels) and isinstance(target, Labels):
        if full_data(source).shape != full_data(target).shape:
            raise LabelsError(
                f"{source.name} has the shape {full_data(source).shape}, {target.name} {full_data(target).shape}.",
                remedy="Only labels of the same image can be copied onto each other.",
            )
        return write_step(target, slices_of(source))
    if isinstance(source, Points) and isinstance(target, Points):
        return _add_atoms(source, target)
    raise LabelsError(
        f"{source.name} and {target.name} are of different kinds.",
        remedy="Press 'Atoms to labels' first, then copy labels onto labels.",
    )


def add_to_group(newcomer: "Layer", mate: "Layer", layers: "Iterable[Layer]") -> None:
    """Take labels or points from elsewhere into a group, as the first crystal layer that has none of their kind.

    Raises
    ------
    LabelsError
        If labels have codes that are not in the class table of the group, or another shape.
    """
    layers = list(layers)
    table, kind = class_table_of(mate), Labels if isinstance(newcomer, Labels) else Points
    if isinstance(newcomer, Labels):
        _check_codes(newcomer, largest=1 + len(table.classes))
    taken = {crystal_layer_of(one) for one in members_of(mate, layers) if isinstance(one, kind)}
    free = next(layer for layer in range(len(taken) + 1) if layer not in taken)
    if isinstance(newcomer, Points) and SPECIES not in newcomer.features:
        newcomer.features = newcomer.features.assign(**{SPECIES: table.names[0]})
        newcomer.feature_defaults = {SPECIES: table.names[0]}
    join(newcomer, mate, layer=free)
    if isinstance(newcomer, Points):
        show_species(newcomer, table, table)
    set_class_table(mate, table, layers)


def can_join(napari_layer: "Layer", mate: "Layer", layers: "Iterable[Layer]") -> bool:
    """Tell whether a layer is labels or points from outside a group."""
    is_kind = isinstance(napari_layer, Labels | Points) and napari_layer.ndim == mate.ndim
    return is_kind and not (is_drawn(napari_layer) and napari_layer in members_of(mate, layers))


def differences(labels: "Layer", layers: "Iterable[Layer]") -> list[str]:
    """Say, for each layer of a group that does not lie on its image, what differs and what to do."""
    layers = list(layers)
    members = members_of(labels, layers)
    image = image_of(labels, layers)
    first = next((one for one in members if isinstance(one, Labels)), None) if image is None else image
    if first is None:
        return []
    return [words for one in members if one is not first for words in _differences(one, first)]


def _differences(member: Any, first: Any) -> "Iterable[str]":
    if isinstance(member, Labels) and full_data(member).shape != full_data(first).shape:
        yield (
            f"{member.name} has the shape {full_data(member).shape}, {first.name} {full_data(first).shape}: "
            "it belongs to another image. Make new labels for this one."
        )
    elif member.ndim != first.ndim:
        yield f"{member.name} has {member.ndim} dimensions, {first.name} {first.ndim}: make it anew."
    elif not lies_on(member, first) and knows_better(member, first):
        yield (
            f"{member.name} does not lie on {first.name}: it has a pixel size, {first.name} has none. "
            f"Press 'Align' to give {first.name} the pixel size of {member.name}."
        )
    elif not lies_on(member, first):
        yield (
            f"{member.name} does not lie on {first.name}: its scale, units or position differ. "
            "Press 'Align' to put it there; its pixels stay as they are."
        )


def align(labels: "Layer", layers: "Iterable[Layer]") -> str:
    """Put the layers of a group on the pixels of their image, or of the first of them; say what was done.

    Where only the labels have a pixel size, and be it a typed one, the image gets it.
    """
    layers = list(layers)
    members, image = members_of(labels, layers), image_of(labels, layers)
    if image is not None:
        return put_on_image(members, image, layers)
    first = next((one for one in members if is_calibrated(one)), members[0])
    for one in members:
        if fits(one, first) and not lies_on(one, first):
            place_like(one, first)
    return f"All lie on {first.name} now."


def _check_codes(labels: "Labels", *, largest: int) -> None:
    highest = int(np.max(full_data(labels), initial=0))
    if highest > largest:
        raise LabelsError(
            f"{labels.name} has codes up to {highest}, the class table of the group ends at {largest}.",
            remedy="Add the missing classes first.",
        )


def _add_atoms(source: "Points", target: "Points") -> int:
    species = np.concatenate([target.features[SPECIES].to_numpy(), source.features[SPECIES].to_numpy()])
    if len(source.data):
        target.add(between(source, target, source.data))
        target.features = target.features.assign(**{SPECIES: species})
        target.selected_data = set()
    return len(source.data)


def _exchange_names(members: "list[Layer]", one: int, other: int) -> None:
    """Exchange the numbers in names such as 'bilayer layer 0 labels'."""
    names = {}
    for member in members:
        now = crystal_layer_of(member)
        names[member] = member.name.replace(f" layer {other if now == one else one} ", f" layer {now} ")
    for member, name in names.items():
        member.name = f"{name} (exchanged)"  # napari would number a name that is still taken
    for member, name in names.items():
        member.name = name
