"""The codes of a label set as OME-Zarr 0.5 labels, written chunk by chunk.

zarr writes each chunk to a file of its own and moves it into place, so a reader sees the old chunk or the new one.
The few lines of OME metadata are written here: the ome-zarr library writes whole images, not single chunks.
"""

from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store.card import LayerCard
from napari_strata.annotation.store.chunks import Box, ChunkGrid
from napari_strata.errors import LabelsError
from napari_strata.types import BACKGROUND, AnyArray

FOLDER = "labels.zarr"
"""Folder of the OME-Zarr in the folder of a label set."""
PROVENANCE = "-provenance"
"""Ending of the label image that tells where each label comes from."""
_LEVEL = "0"
_LENGTHS = {"angstrom", "nanometer", "picometer", "micrometer", "millimeter", "centimeter", "meter"}
_SHADES = {
    Provenance.HUMAN: (49, 163, 84, 255),
    Provenance.IMPORTED: (49, 130, 189, 255),
    Provenance.MODEL: (230, 85, 13, 255),
    Provenance.CORRECTED: (197, 27, 138, 255),
}


class LabelArrays:
    """The label images of one label set.

    Parameters
    ----------
    folder : Path
        The folder of the label set.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FOLDER
        self._open: dict[str, Any] = {}

    def create(self, card: LayerCard) -> None:
        """Make the empty label images of a layer, and list them; those that are there stay as they are.

        Raises
        ------
        OSError
            If they cannot be written.
        """
        import zarr

        from napari_strata.annotation.store.standing import StandingStore

        root: Any = zarr.open_group(StandingStore(self.path), mode="a", zarr_format=3)
        labels = root.require_group("labels")
        for key, dtype in ((card.key, card.dtype), (card.key + PROVENANCE, "uint8")):
            group = labels.require_group(key)
            self._array(group, card, dtype)
            group.attrs["ome"] = _label_metadata(card, is_provenance=key != card.key)
        listed = sorted({*labels.attrs.get("ome", {}).get("labels", ()), card.key, card.key + PROVENANCE})
        labels.attrs["ome"] = {"version": "0.5", "labels": listed}
        if card.born is not Provenance.HUMAN:
            self._array(root.require_group(f"born/{card.key}"), card, card.dtype)

    def describe(self, card: LayerCard) -> None:
        """Write the metadata of a layer's label images anew.

        Raises
        ------
        OSError
            If they cannot be written.
        """
        import zarr

        from napari_strata.annotation.store.standing import StandingStore

        root: Any = zarr.open_group(StandingStore(self.path), mode="r+")
        labels = root["labels"]
        for key in (card.key, card.key + PROVENANCE):
            labels[key].attrs["ome"] = _label_metadata(card, is_provenance=key != card.key)

    def write(self, key: str, box: Box, codes: AnyArray, provenance: AnyArray, born: AnyArray | None) -> None:
        """Write a part that begins and ends with chunks.

        Raises
        ------
        OSError
            If it cannot be written; every chunk is then the old one or the new one.
        """
        if born is not None:
            self._opened(f"born/{key}")[box] = born
        self._opened(f"labels/{key}")[box] = codes
        self._opened(f"labels/{key}{PROVENANCE}")[box] = provenance

    def read(self, key: str) -> AnyArray:
        """Return the codes of a layer.

        Raises
        ------
        LabelsError
            If they are damaged or not there.
        """
        return self._read(f"labels/{key}")

    def read_born(self, key: str) -> AnyArray:
        """Return the codes with which a layer began.

        Raises
        ------
        LabelsError
            If they are damaged or not there.
        """
        return self._read(f"born/{key}")

    def forget(self) -> None:
        """Open all files anew next time, as after a fault."""
        self._open.clear()

    def _read(self, path: str) -> AnyArray:
        import zarr
        from zarr.storage import LocalStore

        try:
            store = LocalStore(self.path, read_only=True)
            array: AnyArray = np.asarray(zarr.open_array(store, path=f"{path}/{_LEVEL}", mode="r")[...])
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            raise LabelsError(
                f"{self.path / path} cannot be read ({error}).", remedy="Restore an earlier save point."
            ) from error
        return array

    def _opened(self, path: str) -> Any:
        if path not in self._open:
            import zarr

            from napari_strata.annotation.store.standing import StandingStore

            store = StandingStore(self.path)
            self._open[path] = zarr.open_array(store, path=f"{path}/{_LEVEL}", mode="r+", zarr_format=3)
        return self._open[path]

    def _array(self, group: Any, card: LayerCard, dtype: str) -> None:
        if _LEVEL not in group:
            from zarr.codecs import ZstdCodec

            group.create_array(
                _LEVEL,
                shape=card.shape,
                chunks=ChunkGrid(card.shape).chunk_shape,
                dtype=dtype,
                fill_value=0,
                compressors=ZstdCodec(level=1),
                dimension_names=[axis["name"] for axis in _axes(card)],
                config={"write_empty_chunks": False},
            )


def _label_metadata(card: LayerCard, *, is_provenance: bool) -> dict[str, Any]:
    """Return the OME metadata of one label image."""
    transformations = [
        {"type": "scale", "scale": list(card.placement.scale)},
        {"type": "translation", "translation": list(card.placement.translate)},
    ]
    name = f"{card.name} (provenance)" if is_provenance else card.name
    multiscale = {
        "name": name,
        "axes": _axes(card),
        "datasets": [{"path": _LEVEL, "coordinateTransformations": transformations}],
    }
    values = _provenance_values() if is_provenance else _class_values(card)
    return {"version": "0.5", "multiscales": [multiscale], "image-label": values}


def _axes(card: LayerCard) -> list[dict[str, str]]:
    names = ("t", "z", "y", "x")[-card.ndim :] if card.ndim != 3 else ("t", "y", "x")
    if card.ndim == 3 and card.placement.units[0] in _LENGTHS:
        names = ("z", "y", "x")
    axes = []
    for name, unit in zip(names, card.placement.units, strict=True):
        axis = {"name": name, "type": "time" if name == "t" else "space"}
        axes.append(axis | ({"unit": unit} if unit in _LENGTHS and name != "t" else {}))
    return axes


def _class_values(card: LayerCard) -> dict[str, Any]:
    classes = card.memory.get("classes", ())
    names = ["background", *(one["name"] for one in classes)]
    colors = [
        {"label-value": code, "rgba": [*bytes.fromhex(one["color"][1:]), 255]}
        for code, one in enumerate(classes, start=BACKGROUND + 1)
    ]
    properties = [{"label-value": code, "class": name} for code, name in enumerate(names, start=BACKGROUND)]
    return {"colors": colors, "properties": properties}


def _provenance_values() -> dict[str, Any]:
    colors = [{"label-value": int(one), "rgba": list(shade)} for one, shade in _SHADES.items()]
    properties = [{"label-value": int(one), "class": one.words} for one in _SHADES]
    return {"colors": colors, "properties": properties}
