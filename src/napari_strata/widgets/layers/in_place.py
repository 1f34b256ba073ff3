"""A layer that becomes what a newer one is, and stays where it is in the viewer.

napari needs the better part of a second to take a layer out and to put another one in, and holds the window up.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Layer

_SETTINGS = {
    "Image": ("colormap", "contrast_limits_range", "contrast_limits"),
    "Labels": (),
    "Points": ("size", "symbol", "face_colormap", "face_contrast_limits"),
    "Vectors": ("edge_width", "length", "edge_colormap", "edge_contrast_limits"),
}
"""Layers that can become other ones, and what they are made with that a person may set otherwise."""
_COLOUR = {"Points": "face_color", "Vectors": "edge_color"}
"""What their features may decide."""
_OF_EACH = ("size", "symbol")
"""Settings that every point has."""


def made_with(napari_layer: "Layer") -> dict[str, Any]:
    """Return the settings that a layer has; None for one in which its points differ."""
    names = _SETTINGS.get(type(napari_layer).__name__, ())
    return {name: _plain(name, getattr(napari_layer, name)) for name in names}


def can_become(old: Any, new: Any) -> bool:
    """Tell whether two layers differ in no more than their data, some settings, and where the data begin."""
    if type(old) is not type(new) or type(old).__name__ not in _SETTINGS or old.units != new.units:
        return False
    if _has_rows(old):
        is_like = len(old.data) > 0 < len(new.data) and _are_named_alike(old, new)
    else:
        is_like = not (old.multiscale or new.multiscale) and old.data.dtype == new.data.dtype
        is_like = is_like and old.data.shape == new.data.shape
    pairs = [(getattr(old, name), getattr(new, name)) for name in ("scale", "rotate", "shear")]
    return is_like and all(np.allclose(*pair) for pair in [*pairs, (np.array(old.affine), np.array(new.affine))])


def become(old: Any, new: Any, before: dict[str, Any]) -> None:
    """Give a layer the data of a newer one, and the settings that this one is made with otherwise.

    What else a person has set stays, and those who follow the layer are told once all of it fits together.

    Parameters
    ----------
    old, new : Layer
        Two layers of which `can_become` is true.
    before : dict
        What `made_with` told of the first when it was made, or became what it is.
    """
    was, now = made_with(old), made_with(new)
    if not np.array_equal(old.translate, new.translate):
        old.translate = new.translate
    if _has_rows(old):
        _give_rows(old, new)
    else:
        old.data = new.data
        if hasattr(old, "redo"):
            old._reset_history()  # noqa: SLF001 (strokes that were undone are none of these labels)
    for name, value in now.items():
        is_made_alike = value is not None and value == before.get(name)
        if is_made_alike and name not in _OF_EACH:
            continue
        wanted = was[name] if is_made_alike else None
        if wanted is None:
            setattr(old, name, getattr(new, name))
        elif _plain(name, getattr(old, name)) != wanted:
            setattr(old, name, wanted)
    if _has_rows(old):
        old.data = old.data


def _give_rows(old: Any, new: Any) -> None:
    """Give points or vectors, and their features, in silence: each of both alone would fit nothing."""
    if hasattr(old, "selected_data"):
        old.selected_data = set()  # these are others
    with old.events.blocker_all():
        old.data = new.data
        old.set_view_slice()  # or napari colours what it showed before, whose number may be another one
        for one, other in zip(old.features, new.features, strict=True):
            if one != other:  # it gives the colours, and has to be there until another one does
                old.features = new.features.assign(**{one: 0.0})
                setattr(old, _COLOUR[type(old).__name__], other)
        old.features = new.features
        old.feature_defaults = new.feature_defaults
        if hasattr(old, "shown"):
            old.shown = new.shown


def _are_named_alike(old: Any, new: Any) -> bool:
    """Tell whether two layers have the same features, or others only in what is coloured from low to high."""
    names = list(old.features), list(new.features)
    if names[0] == names[1]:
        return True
    modes = [getattr(layer, f"{_COLOUR[type(old).__name__]}_mode") for layer in (old, new)]
    return len(names[0]) == len(names[1]) and names[0][:-1] == names[1][:-1] and modes == ["colormap"] * 2


def _has_rows(napari_layer: Any) -> bool:
    return type(napari_layer).__name__ in ("Points", "Vectors")


def _plain(name: str, value: Any) -> Any:
    """Return a setting as something that can be compared."""
    if name in _OF_EACH:
        first, *others = value.tolist() or [None]
        is_one = all(other is first for other in others) if value.dtype == object else (value == first).all()
        return first if is_one else None
    if name.endswith("colormap"):
        return value.name
    return value if value is None or np.ndim(value) == 0 else tuple(value)
