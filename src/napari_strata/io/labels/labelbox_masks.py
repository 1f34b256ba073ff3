"""The mask files of Labelbox's export, which whoever exported has put beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from napari_strata.io.labels.archives import is_inside
from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.passed_over import PassedOver
from napari_strata.io.labels.pictures import SUFFIXES, MaskPicture, read_picture
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import PixelMask

FOLDER = "masks"
"""Folder beside the export where masks are looked for too."""

Color = tuple[int, int, int]


@dataclass(slots=True)
class LabelboxMasks:
    """Finds and reads the masks of one export.

    Attributes
    ----------
    path : Path
        The export.
    passed_over : PassedOver
        Collects masks without a file.
    """

    path: Path
    passed_over: PassedOver
    _budget: MaskBudget = field(init=False)
    _masks: dict[tuple[Path, Color | None], tuple[tuple[int, ...], PixelMask | None]] = field(default_factory=dict)
    _last: MaskPicture | None = None
    _decoded: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._budget = MaskBudget(self.path)

    def find(self, one: dict[str, Any], size: tuple[int, int] | None, where: str) -> PixelMask | None:
        """Return the mask of an object; None where its file is not there, or is empty.

        Raises
        ------
        LabelsError
            If the file cannot be read, or has another size than the image.
        """
        for name, color in _addresses(one):
            file = self._file(name)
            if file is not None:
                found, mask = self._read(file, color)
                if size not in {None, found}:
                    refuse(file, f"it has another size than the image of {where}", "Export it again.")
                if mask is None:
                    self.passed_over.add("empty masks", file.name)
                return mask
        names = list(dict.fromkeys(name for name, _ in _addresses(one)))
        self.passed_over.add("masks without a file beside the export", " or ".join(names)[:120])
        return None

    def _file(self, name: str) -> Path | None:
        places = (self.path.parent / name, self.path.parent / FOLDER / name)
        return next((place for place in places if place.is_file()), None)

    def _read(self, file: Path, color: Color | None) -> tuple[tuple[int, ...], PixelMask | None]:
        """Return the size of a mask file and the part of it that has a colour, or any."""
        if (file, color) not in self._masks:
            picture = self._picture(file)
            inside = _inside(picture, color)
            mask = PixelMask.cut_out(inside) if inside.any() else None
            self._budget.spend(pixels=0 if mask is None else mask.pixels.size)
            self._masks[file, color] = inside.shape, mask
        return self._masks[file, color]

    def _picture(self, file: Path) -> MaskPicture:
        if self._last is None or self._last.path != file:
            picture = read_picture(file)
            if len(picture.frames) != 1:
                refuse(file, f"it has {len(picture.frames)} frames", "Masks of Labelbox are single pictures.")
            if file in self._decoded:  # whoever goes to and fro between large files pays for it
                self._budget.spend(pixels=picture.frames.size)
            self._decoded.add(file)
            self._last = picture
        return self._last


def _addresses(one: dict[str, Any]) -> Iterator[tuple[str, Color | None]]:
    """Yield the names that the file of a mask may have, and the colour that the object has in it."""
    mask, composite, feature = (
        one.get("mask"),
        one.get("composite_mask"),
        one.get("feature_id", one.get("featureId")),
    )
    for stated in (mask, one):
        address = stated.get("url", stated.get("instanceURI")) if isinstance(stated, dict) else None
        yield from ((name, None) for name in _base_name(address))
    yield from ((name, None) for name in _base_name(f"{feature}.png" if isinstance(feature, str) else None))
    if not isinstance(composite, dict):
        return
    color = composite.get("color_rgb")
    if isinstance(color, list) and len(color) == 3 and all(isinstance(v, int) and 0 <= v < 256 for v in color):
        yield from ((name, (color[0], color[1], color[2])) for name in _base_name(composite.get("url")))


def _base_name(address: Any) -> Iterator[str]:
    """Yield the last part of an address, if it is that of a picture."""
    if not isinstance(address, str):
        return
    try:
        name = PurePosixPath(unquote(urlsplit(address.replace("\\", "/")).path)).name
    except ValueError:
        return
    if (
        is_inside(name)
        and name.isprintable()
        and len(name) < 200
        and PurePosixPath(name).suffix.lower() in SUFFIXES
    ):
        yield name


def _inside(picture: MaskPicture, color: Color | None) -> NDArray[np.bool_]:
    pixels = picture.frames[0]
    if color is None:
        inside: NDArray[np.bool_] = pixels.any(axis=-1) if picture.is_colour else pixels != 0
    elif picture.is_colour:
        inside = (pixels == np.array(color, np.uint8)).all(axis=-1)
    else:
        wanted = "#{:02x}{:02x}{:02x}".format(*color)
        inside = np.isin(pixels, [index for index, shown in enumerate(picture.palette) if shown == wanted])
    return inside
