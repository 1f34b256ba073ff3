"""Which result was made last, and which layer a person looked at since: what a new list of them begins with."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_count = itertools.count(1)
"""Numbers what happens."""
_made: dict[UUID, int] = {}
_wanted: dict[UUID, int] = {}
"""Those numbers by the `unique_id` of layers; what plugins are given of the layers themselves is short-lived."""
_in_passing: list[bool] = []
"""Holds something while layers become active that nobody has chosen."""


def tell_made(viewer: "Viewer", napari_layer: "Layer") -> None:
    """Tell who offers results that this one was just made, or made anew in place: it gets the next number."""
    viewer.layers.selection.events.active.connect(_on_active)  # once for each viewer, however often it is asked
    _made[napari_layer.unique_id] = next(_count)
    note_wanted(napari_layer)
    napari_layer.metadata = dict(napari_layer.metadata)  # which tells


def made_as(napari_layer: "Layer") -> int:
    """Return the how manieth result it was that was told, from 1; 0 where it was not told."""
    return _made.get(napari_layer.unique_id, 0)


def newest_made(viewer: "Viewer") -> int:
    """Return the number of the result in the viewer that was told last, 0 where there is none."""
    return max(map(made_as, viewer.layers), default=0)


def note_wanted(napari_layer: "Layer") -> None:
    """Note that a person wants this layer before all others."""
    _wanted[napari_layer.unique_id] = next(_count)


def wanted_last(layers: "Iterable[Layer]") -> "Layer | None":
    """Return the layer that was made, made active or chosen last; None where nobody knows of any."""
    known = [layer for layer in layers if layer.unique_id in _wanted]
    return max(known, key=lambda layer: _wanted[layer.unique_id], default=None)


@contextmanager
def in_passing() -> Iterator[None]:
    """Show layers that napari makes active and nobody has chosen; the one active before shall be again."""
    _in_passing.append(True)
    try:
        yield
    finally:
        _in_passing.pop()


def is_in_passing() -> bool:
    """Tell whether a layer that becomes active now is none that somebody chose."""
    return bool(_in_passing)


def _on_active(event: Any) -> None:
    if event.value is not None and not _in_passing:
        note_wanted(event.value)
