"""Files of what was seen inside a network."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.explain.browse.feature_stack import FeatureStack
from napari_strata.explain.browse.kernels import kernel_grid
from napari_strata.explain.browse.patches import Patch, describe_patches, in_grey, patch_sheet
from napari_strata.io.files import replacing
from napari_strata.types import AnyArray, FloatImage

LEAST_WIDTH = 512
"""Small pictures are enlarged to about this width [px]."""
_NOTHING = (64, 64, 64)
"""Colour of what is no number."""


def write_activations(stack: FeatureStack, path: Path, about: Mapping[str, Any]) -> None:
    """Write a feature map as float32 tif (channel, y, x), where it lies on the image in the description.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    place = {"pixel_px": stack.place.pixel, "first_pixel_px": stack.place.first, "frame": stack.frame}
    _write_tif(stack.data, path, {"axes": "CYX", "feature_map": stack.name, **place, **about})


def write_kernels(kernels: FloatImage, folder: Path, about: Mapping[str, Any]) -> dict[str, str]:
    """Write kernels as ``kernels.tif`` (kernel, y, x) and as a picture, blue below 0 and red above.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    tif, picture = folder / "kernels.tif", folder / "kernels.png"
    _write_tif(kernels, tif, {"axes": "CYX", **about})
    grid = kernel_grid(kernels)
    largest = float(np.nanmax(np.abs(grid))) or 1.0
    _write_png(_coloured(grid / largest / 2 + 0.5, grid, "RdBu_r"), picture)
    return {"kernels": str(tif), "kernels_picture": str(picture)}


def write_patches(
    patches: Sequence[Patch], images: Sequence[AnyArray], json_path: Path, picture: Path, about: Mapping[str, Any]
) -> None:
    """Write where a channel is highest, and a picture of what it sees there.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    with replacing(json_path) as temporary:
        told = {**about, "patches": describe_patches(patches)}
        temporary.write_text(json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    if images:
        sheet = patch_sheet(in_grey(patches, images))
        _write_png(_coloured(sheet, sheet, "gray"), picture)


def write_inversion(image: FloatImage, path: Path, about: Mapping[str, Any]) -> None:
    """Write an image that was made from activations, on the image's grid, as float32 tif (y, x).

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    _write_tif(image, path, {"axes": "YX", **about})


def _write_tif(data: FloatImage, path: Path, metadata: Mapping[str, Any]) -> None:
    import tifffile

    told = {name: value for name, value in metadata.items() if value is not None}
    with replacing(path) as temporary:
        tifffile.imwrite(temporary, data, photometric="minisblack", metadata=told)


def _coloured(values: AnyArray, known: FloatImage, name: str) -> AnyArray:
    from matplotlib import colormaps

    colours: AnyArray = colormaps[name](np.nan_to_num(values), bytes=True)[..., :3].copy()
    colours[np.isnan(known)] = _NOTHING
    return colours


def _write_png(colours: AnyArray, path: Path) -> None:
    from PIL import Image

    factor = max(LEAST_WIDTH // colours.shape[1], 1)
    enlarged = colours.repeat(factor, axis=0).repeat(factor, axis=1)
    with replacing(path) as temporary:
        Image.fromarray(enlarged).save(temporary, format="PNG")
