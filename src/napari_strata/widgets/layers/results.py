"""Result layers in the viewer: what they come from, which replace which, and what a person changed stays."""

import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.widgets.layers.in_place import become, can_become, made_with
from napari_strata.widgets.layers.last_made import in_passing
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

ORIGIN = "napari_strata_origin"
"""Key in the metadata of result layers under which lies what they were computed from."""
STACK_ROLE = "stack of heatmaps"
"""Role of a layer with a map of every slice."""
ATOM_MAP_ROLE = "map"
"""Role of a layer with a map of what was measured of atoms."""
_MAP_ROLES = ("heatmap", STACK_ROLE)


def tag(role: str, image: "Image", model: str, provenance: dict[str, Any], **details: Any) -> dict[str, Any]:
    """Return a result layer's metadata; layers of equal role, image, model and details replace each other."""
    key = {"role": role, "image": image.unique_id, "model": model, **details}
    return {RESULT: True, ORIGIN: {"key": key, "provenance": provenance}}


def find_results(viewer: "Viewer", role: str, image: "Image", *, model: str | None = None) -> "list[Any]":
    """Return the result layers of an image that play a role, the uppermost last."""
    wanted = {"role": role, "image": image.unique_id} | ({} if model is None else {"model": model})
    return [layer for layer in viewer.layers if wanted.items() <= _key(layer).items()]


def find_maps(viewer: "Viewer", image: "Image") -> "list[Any]":
    """Return the maps that explain an image: those of one answer, and those of every slice."""
    return [layer for role in _MAP_ROLES for layer in find_results(viewer, role, image)]


def role_of(napari_layer: "Layer") -> str:
    """Return the role that a result layer plays; an empty text for any other layer."""
    return str(_key(napari_layer).get("role", ""))


def origin_of(viewer: "Viewer", napari_layer: "Layer") -> "tuple[Image | None, str]":
    """Return the image layer that a result was computed from, None where it was removed, and the model's path."""
    key = _key(napari_layer)
    images = (layer for layer in viewer.layers if str(layer.unique_id) == str(key.get("image")))
    return next(images, None), str(key.get("model", ""))


def show_results(
    viewer: "Viewer",
    layers: "Sequence[Layer]",
    *,
    below: str | None = None,
    keep_earlier: bool = False,
) -> "list[Any]":
    """Put result layers into the viewer in place of earlier ones.

    Where kind, size and place are those of the earlier one, that stays and becomes what the new one is: napari
    holds the window up while a layer is taken out, and what a person set on it stays.

    An earlier one that was painted on, or whose points or features were changed, stays: it is called edited, and
    offered as input like any layer of the user's own. One that was renamed stays, too, and copies of
    a result belong to whoever made them. What was hidden stays hidden, and the active layer stays active, so that
    nobody's brush is taken away.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    layers : sequence of Layer
        New layers, lowest first.
    below : str, optional
        Role of results under which new layers go; by default they go on top.
    keep_earlier : bool
        Keep what the new layers would replace, now and later.

    Returns
    -------
    list of Layer
        The layers that are in the viewer now: the new ones, or the earlier ones that were changed in place.
    """
    active, shown = viewer.layers.selection.active, []
    with in_passing():
        for new in layers:
            layer = None if keep_earlier else _changed_in_place(viewer, new)
            if layer is None:
                layer = new
                index = _take_out(viewer, layer, keep=keep_earlier)
                viewer.layers.insert(_index_below(viewer, below) if index is None else index, layer)
                _note(layer, layer)
            shown.append(layer)
        if active is not None and active in viewer.layers:
            viewer.layers.selection.active = active
    return shown


def put_below(viewer: "Viewer", role: str, image: "Image", napari_layer: "Layer") -> None:
    """Put the results of an image that play a role and are seen below a layer, so that none of them covers it."""
    for result in find_results(viewer, role, image):
        above, index = viewer.layers.index(result), viewer.layers.index(napari_layer)
        if result.visible and above > index:
            viewer.layers.move(above, index)


def hand_over(given_up: "Sequence[Layer]", new: "Layer") -> "Layer | None":
    """Let a new result take the place of one of some that it makes needless; return that, None where none fits."""
    same = [old for old in given_up if _key(old) == _key(new)]
    fitting = same or [old for old in given_up if can_become(old, new)]
    if not fitting:
        return None
    fitting[-1].metadata[ORIGIN]["key"] = _key(new)
    return fitting[-1]


def rename_result(napari_layer: "Layer", name: str) -> None:
    """Give a result another name, unless a person has given it one."""
    origin = napari_layer.metadata[ORIGIN]
    if napari_layer.name == origin["name"]:
        origin["name"] = name  # first: who is told of the new name asks whose it is
        napari_layer.name = name
        origin["name"] = napari_layer.name


def take_over(napari_layer: "Layer") -> None:
    """Note that a person edits a result: from now on it is offered as input like any layer of the user's own."""
    napari_layer.metadata = {key: value for key, value in napari_layer.metadata.items() if key != RESULT}


def is_edited(napari_layer: "Layer") -> bool:
    """Tell whether a person changed a result since it was shown, or since `let_be_replaced` noted how it is."""
    return bool(_checksum(napari_layer) != napari_layer.metadata[ORIGIN].get("checksum"))


def is_as_shown(napari_layer: "Layer") -> bool:
    """Tell whether a result may be taken away: nobody edited or renamed it, it is no copy, and none to be kept."""
    is_named = napari_layer.name == napari_layer.metadata[ORIGIN].get("name")
    return (
        is_named
        and _is_original(napari_layer)
        and "kept" not in _key(napari_layer)
        and not is_edited(napari_layer)
    )


def let_be_replaced(napari_layer: "Layer") -> None:
    """Note that what a person changed in a result lives on in the one that is to take its place."""
    napari_layer.metadata[ORIGIN]["checksum"] = _checksum(napari_layer)


def hide_other_maps(viewer: "Viewer", shown: "Layer", image: "Image") -> None:
    """Show one map of an image, and none of its others: they would add up."""
    for layer in find_maps(viewer, image):
        if layer.visible is not (layer is shown):  # napari draws anew what is as visible as before, too
            layer.visible = layer is shown


def hide_earlier(viewer: "Viewer", role: str, image: "Image", shown: "Sequence[Layer]") -> bool:
    """Hide the results of an image that play a role but those just shown; tell whether some were seen.

    The one that is active gives way to the uppermost of those shown: nobody edits what is hidden.
    """
    earlier = [layer for layer in find_results(viewer, role, image) if layer not in shown and layer.visible]
    for layer in earlier:
        layer.visible = False
    if viewer.layers.selection.active in earlier:
        viewer.layers.selection.active = shown[-1]
    return bool(earlier)


def remove_results(viewer: "Viewer", role: str, image: "Image") -> None:
    """Remove the results of an image that play a role."""
    for layer in find_results(viewer, role, image):
        viewer.layers.remove(layer)


def _changed_in_place(viewer: "Viewer", new: "Layer") -> "Layer | None":
    """Make the one layer that would be replaced like the new one; None where there is no such layer."""
    alike = [old for old in _alike(viewer, new) if old.name == old.metadata[ORIGIN]["name"]]
    if len(alike) != 1 or not can_become(alike[0], new) or is_edited(alike[0]):
        return None
    old, before = alike[0], alike[0].metadata[ORIGIN]
    has_other_colours = before["provenance"] != new.metadata[ORIGIN]["provenance"] and _has_features(new)
    if has_other_colours or not old.metadata.get(RESULT):
        return None
    old.metadata.clear()
    old.metadata.update(new.metadata)  # first: who follows the data reads what they mean
    _note(old, new)
    become(old, new, before["made_with"])
    rename_result(old, new.name)
    old.metadata = dict(old.metadata)  # which tells that it answers something else now
    return old


def _take_out(viewer: "Viewer", new: "Layer", *, keep: bool) -> int | None:
    """Remove the layers that a new one replaces; return the index of the uppermost."""
    index = None
    for old in list(_alike(viewer, new)):
        origin = old.metadata[ORIGIN]
        is_edited = _checksum(old) != origin["checksum"]
        if is_edited or keep or old.name != origin["name"]:
            old.metadata[ORIGIN] = {**origin, "key": {**_key(old), "kept": True}}
        else:
            new.visible, new.opacity = old.visible, old.opacity
            index = viewer.layers.index(old)
            viewer.layers.remove(old)
        if is_edited:
            take_over(old)
            old.name = f"{old.name} (edited)"
    return index


def _has_features(napari_layer: "Layer") -> bool:
    """Tell whether the colours of a layer stand for something that its features name, as classes."""
    return len(getattr(napari_layer, "features", ())) > 0


def _note(napari_layer: "Layer", new: "Layer") -> None:
    """Note how a layer is that was just shown, so that it is known later what a person changed."""
    made = {"checksum": _checksum(new), "made_with": made_with(new)}
    napari_layer.metadata[ORIGIN] |= {"shown": napari_layer.unique_id, "name": napari_layer.name, **made}


def _alike(viewer: "Viewer", new: "Layer") -> "Iterator[Layer]":
    return (layer for layer in viewer.layers if _key(layer) == _key(new) and _is_original(layer))


def _index_below(viewer: "Viewer", role: str | None) -> int:
    return next(
        (i for i, layer in enumerate(viewer.layers) if role and _key(layer).get("role") == role),
        len(viewer.layers),
    )


def _is_original(napari_layer: "Layer") -> bool:
    """Tell a result from a copy that the user made of it; napari copies the metadata, too."""
    return bool(napari_layer.metadata[ORIGIN].get("shown") == napari_layer.unique_id)


def _key(napari_layer: "Layer") -> dict[str, Any]:
    key: dict[str, Any] = napari_layer.metadata.get(ORIGIN, {}).get("key", {})
    return key


def _checksum(napari_layer: "Layer") -> int:
    """Return what changes when a person edits the layer; nobody edits an image's pixels."""
    from napari.layers import Image, Points
    from pandas.util import hash_pandas_object

    if isinstance(napari_layer, Image):
        return 0
    checksum = zlib.crc32(np.ascontiguousarray(napari_layer.data).data)
    if isinstance(napari_layer, Points):
        features = napari_layer.features
        checksum = zlib.crc32(",".join(map(str, features)).encode(), checksum)
        checksum = zlib.crc32(hash_pandas_object(features).to_numpy().data, checksum)
    return checksum
