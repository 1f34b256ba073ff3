"""Layers as the store describes them, and layers made again from what is stored."""

import re
import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_strata.annotation.classes import colors_by_code
from napari_strata.annotation.provenance import EMPTY, Birth
from napari_strata.annotation.store.card import ImageCard, LayerCard, Placement
from napari_strata.annotation.store.points import PointTable
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.label_birth import birth_of
from napari_strata.widgets.layers.label_memory import class_table_of, lasting_memory, recalled_memory
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer, Points


@dataclass(frozen=True, slots=True, eq=False)
class StoredLayer:
    """What the store holds of one layer.

    Attributes
    ----------
    card : LayerCard
        What it says of itself.
    codes : ndarray of integers or None
        Its codes, of a Labels layer.
    points : PointTable or None
        Its points, of a Points layer.
    birth : Birth
        How the labels began.
    is_whole : bool
        Whether all that the card tells of was there; what is not is written anew.
    """

    card: LayerCard
    codes: AnyArray | None
    points: PointTable | None
    birth: Birth
    is_whole: bool = True


def new_key(name: str) -> str:
    """Return a name in the store that no other layer has."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "labels"
    return f"{stem}-{uuid.uuid4().hex[:6]}"


def card_of(napari_layer: "Layer", key: str) -> LayerCard:
    """Describe a Labels or Points layer for the store."""
    from napari.layers import Labels

    kind: Literal["labels", "points"] = "labels" if isinstance(napari_layer, Labels) else "points"
    birth = birth_of(napari_layer) if kind == "labels" else EMPTY
    data = full_data(napari_layer)
    return LayerCard(
        key=key,
        name=napari_layer.name,
        kind=kind,
        shape=tuple(data.shape) if kind == "labels" else (),
        dtype=np.dtype(data.dtype).name,
        placement=_placement(napari_layer),
        memory=lasting_memory(napari_layer),
        look=_look(napari_layer),
        born=birth.provenance,
    )


def image_card(image: "Image | None", name: str) -> ImageCard:
    """Describe the image that is labelled; of one that is closed only the name is known."""
    if image is None:
        return ImageCard(name=name)
    return ImageCard(name=image.name, path=image.source.path or "", plugin=image.source.reader_plugin or "")


def points_of(points: "Points") -> PointTable:
    """Copy the points of a layer."""
    return PointTable(np.array(points.data, np.float64), points.features.copy())


def make_layer(stored: StoredLayer, image: Hashable) -> "Labels | Points":
    """Make a layer again.

    Parameters
    ----------
    stored : StoredLayer
        What the store holds of it.
    image : hashable
        `unique_id` of the image that it is for.
    """
    from napari.layers import Labels, Points

    card = stored.card
    common: dict[str, Any] = {
        "name": card.name,
        "metadata": recalled_memory(card.memory, image, stored.birth),
        **card.placement.model_dump(),
        "rotate": np.array(card.placement.rotate),
        "affine": np.array(card.placement.affine),
    }
    if stored.points is not None:
        return Points(
            stored.points.positions, ndim=card.ndim, features=stored.points.features, **common, **card.look
        )
    labels = Labels(stored.codes, **common, **card.look)
    if "classes" in card.memory:
        from napari.utils.colormaps import DirectLabelColormap

        labels.colormap = DirectLabelColormap(color_dict=colors_by_code(class_table_of(labels)))
    return labels


def _placement(napari_layer: "Layer") -> Placement:
    place = placement(napari_layer)
    return Placement(
        scale=tuple(place["scale"].tolist()),
        translate=tuple(place["translate"].tolist()),
        rotate=tuple(map(tuple, np.asarray(place["rotate"]).tolist())),
        shear=tuple(np.ravel(place["shear"]).tolist()),
        affine=tuple(map(tuple, place["affine"].tolist())),
        units=tuple(map(str, place["units"])),
        axis_labels=tuple(place["axis_labels"]),
    )


def _look(napari_layer: "Layer") -> dict[str, Any]:
    from napari.layers import Labels

    look = {"opacity": float(napari_layer.opacity), "visible": bool(napari_layer.visible)}
    if isinstance(napari_layer, Labels):
        return look
    size, face, border = (
        napari_layer.current_size,
        napari_layer.current_face_color,
        napari_layer.current_border_color,
    )
    symbol = str(napari_layer.current_symbol.value)
    return look | {"size": float(np.max(size)), "symbol": symbol, "face_color": face, "border_color": border}
