"""Result layers in the viewer: what they come from, which replace which, and what a person changed stays."""

import itertools
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

ORIGIN = "napari_strata_origin"
"""Key in the metadata of result layers under which lies what they were computed from."""
_count = itertools.count(1)
"""Numbers results as they are made."""


def tag(role: str, image: "Image", model: str, provenance: dict[str, Any], **details: Any) -> dict[str, Any]:
    """Return a result layer's metadata; layers of equal role, image, model and details replace each other."""
    key = {"role": role, "image": image.unique_id, "model": model, **details}
    return {RESULT: True, ORIGIN: {"key": key, "provenance": provenance}}


def find_results(viewer: "Viewer", role: str, image: "Image", *, model: str | None = None) -> "list[Any]":
    """Return the result layers of an image that play a role, the uppermost last."""
    wanted = {"role": role, "image": image.unique_id} | ({} if model is None else {"model": model})
    return [layer for layer in viewer.layers if wanted.items() <= _key(layer).items()]


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
    in_place: bool = False,
) -> "list[Any]":
    """Put result layers into the viewer in place of earlier ones.

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
    in_place : bool
        Where an earlier layer of the same kind, shape and place would be replaced, give it the data, the name, the
        metadata and the limits or sizes of the new one instead: napari needs seconds to remove a layer.

    Returns
    -------
    list of Layer
        The layers that are in the viewer now: the new ones, or the earlier ones that were changed in place.
    """
    active, shown = viewer.layers.selection.active, []
    for new in layers:
        layer = _changed_in_place(viewer, new) if in_place and not keep_earlier else None
        if layer is None:
            layer = new
            index = _take_out(viewer, layer, keep=keep_earlier)
            viewer.layers.insert(_index_below(viewer, below) if index is None else index, layer)
        layer.metadata[ORIGIN] |= {"shown": layer.unique_id, "name": layer.name, "checksum": _checksum(layer)}
        shown.append(layer)
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active
    return shown


def tell_made(napari_layer: "Layer") -> None:
    """Tell who offers results that this one was just made, or made anew in place: it gets the next number."""
    origin = {**napari_layer.metadata[ORIGIN], "made": next(_count)}
    napari_layer.metadata = {**napari_layer.metadata, ORIGIN: origin}


def made_as(napari_layer: "Layer") -> int:
    """Return the how manieth result it was that was told, from 1; 0 where it was not told."""
    return int(napari_layer.metadata.get(ORIGIN, {}).get("made", 0))


def newest_made(viewer: "Viewer") -> int:
    """Return the number of the result in the viewer that was told last, 0 where there is none."""
    return max((made_as(layer) for layer in viewer.layers), default=0)


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


def let_be_replaced(napari_layer: "Layer") -> None:
    """Note that what a person changed in a result lives on in the one that is to take its place."""
    napari_layer.metadata[ORIGIN]["checksum"] = _checksum(napari_layer)


def hide_others(viewer: "Viewer", role: str, shown: "Layer", image: "Image") -> None:
    """Show one result of an image, and none of the others that play its role: maps would blend."""
    for layer in find_results(viewer, role, image):
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
    from napari.layers import Image, Points

    alike = [old for old in _alike(viewer, new) if old.name == old.metadata[ORIGIN]["name"]]
    if len(alike) != 1 or not _lies_alike(alike[0], new) or is_edited(alike[0]):
        return None
    old: Any = alike[0]
    old.metadata.clear()
    old.metadata.update(new.metadata)  # first: who follows the pixels reads what they mean
    old.metadata[ORIGIN] |= {"shown": old.unique_id}
    old.translate = new.translate
    old.data = new.data
    if isinstance(new, Image):
        old.contrast_limits_range = new.contrast_limits_range
        old.contrast_limits = new.contrast_limits
    elif isinstance(new, Points):
        old.size = new.size
    old.name = new.name
    old.metadata = dict(old.metadata)  # which tells that it answers something else now
    return old


def _lies_alike(old: Any, new: Any) -> bool:
    """Tell whether two layers differ in no more than their data, and in the frame on which they lie."""
    if type(old) is not type(new) or getattr(old, "multiscale", False) or getattr(new, "multiscale", False):
        return False
    if old.data.shape != new.data.shape or old.units != new.units:
        return False
    pairs = [(getattr(old, name), getattr(new, name)) for name in ("scale", "rotate", "shear")]
    return all(np.allclose(*pair) for pair in [*pairs, (np.array(old.affine), np.array(new.affine))])


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

    if isinstance(napari_layer, Image):
        return 0
    checksum = zlib.crc32(np.ascontiguousarray(napari_layer.data).data)
    if isinstance(napari_layer, Points):
        checksum = zlib.crc32(napari_layer.features.to_csv().encode(), checksum)
    return checksum
