"""What was seen inside a network, as napari layers that lie on the image."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.types import AnyArray, FloatImage
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import Origin, frame_placement, placement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Shapes
    from napari.utils.colormaps import Colormap

    from napari_strata.explain.browse.feature_stack import FeatureStack
    from napari_strata.explain.browse.patches import Patch

ROLES = ACTIVATIONS, KERNELS, PATCHES, INVERSION = "activations", "kernels", "patches", "inversion"
"""Roles of the layers."""
_SIGNED = ("#2166ac", "#67a9cf", "#f7f7f7", "#ef8a62", "#b2182b")
"""Blue below 0, white at 0, red above."""
_BRIGHT_END = 0.999
"""Part of the values that are not brighter than the brightest colour."""
_GAP = 0.03
"""Between the image and the kernels beside it, as a part of the image's height."""


def activation_layer(stack: "FeatureStack", origin: Origin) -> "Image":
    """Make the Image layer of a feature map, its channels along an axis of their own, the first."""
    from napari.layers import Image

    data = stack.data[:, None] if origin.image.ndim == 3 else stack.data
    place = _with_channels(
        frame_placement(origin.image, stack.frame, corner=stack.place.first, pixel=stack.place.pixel)
    )
    return Image(
        data,
        name=origin.name(f"Activations of {stack.name}"),
        **_colours(stack.data, is_signed=stack.is_signed),
        metadata=origin.tag(ACTIVATIONS) | {"inside": {"feature_map": stack.name, "frame": stack.frame}},
        **place,
    )


def kernel_layer(grid: FloatImage, origin: Origin, frame: int) -> "Image":
    """Make the Image layer of a grid of kernels, as high as the image and to its right."""
    from napari.layers import Image

    height, width = full_data(origin.image).shape[-2:]
    side = height / grid.shape[0]
    first = side / 2 - 0.5, width - 0.5 + _GAP * height + side / 2
    return Image(
        grid[None] if origin.image.ndim == 3 else grid,
        name=origin.name("First kernels"),
        **_colours(grid[np.isfinite(grid)], is_signed=True),
        interpolation2d="nearest",
        metadata=origin.tag(KERNELS),
        **frame_placement(origin.image, frame, corner=first, pixel=(side, side)),
    )


def patch_layer(patches: "Sequence[Patch]", origin: Origin, *, feature_map: str, channel: int) -> "Shapes":
    """Make a Shapes layer with the outlines of patches; at least one."""
    from napari.layers import Shapes

    corners = [
        np.array([[p.top, p.left], [p.top, p.right], [p.bottom, p.right], [p.bottom, p.left]]) for p in patches
    ]
    if origin.image.ndim == 3:
        corners = [np.insert(c, 0, p.frame, axis=1) for c, p in zip(corners, patches, strict=True)]
    return Shapes(
        corners,
        shape_type="polygon",
        name=origin.name(f"Best patches of channel {channel} of {feature_map}"),
        edge_color="#ffd23f",
        edge_width=max(full_data(origin.image).shape[-1] / 250, 0.5),
        face_color="transparent",
        metadata=origin.tag(PATCHES) | {"inside": {"feature_map": feature_map, "channel": channel}},
        **placement(origin.image),
    )


def inversion_layer(data: FloatImage, origin: Origin, frame: int, *, feature_map: str) -> "Image":
    """Make the Image layer of an image that was made from activations."""
    from napari.layers import Image

    return Image(
        for_image(data, origin.image),
        name=origin.name(f"Image from {feature_map}"),
        colormap="gray",
        contrast_limits=grey_limits(data),
        metadata=origin.tag(INVERSION) | {"inside": {"feature_map": feature_map, "frame": frame}},
        **frame_placement(origin.image, frame),
    )


def for_image(data: FloatImage, image: "Image") -> FloatImage:
    """Give a map (y, x) the dimensions of its image."""
    return data[None] if image.ndim == 3 else data


def grey_limits(data: FloatImage) -> tuple[float, float]:
    """Return the values to show black and white."""
    low, high = (float(value) for value in np.quantile(data, (1 - _BRIGHT_END, _BRIGHT_END)))
    return low, max(high, low + 1e-6)


def _with_channels(place: dict[str, Any]) -> dict[str, Any]:
    """Put an axis before those of a placement, along which channels are counted."""
    number = len(place["scale"])
    shear = np.eye(number)
    shear[np.triu_indices(number, 1)] = place["shear"]
    return {
        "scale": np.insert(place["scale"], 0, 1.0),
        "translate": np.insert(place["translate"], 0, 0.0),
        "rotate": _behind_one(place["rotate"]),
        "shear": _behind_one(shear),
        "affine": _behind_one(place["affine"]),
        "units": ("pixel", *place["units"]),
        "axis_labels": ("channel", *place["axis_labels"]),
    }


def _behind_one(matrix: AnyArray) -> AnyArray:
    """Return a matrix with a row and a column before its own that leave the first axis as it is."""
    larger = np.eye(len(matrix) + 1)
    larger[1:, 1:] = matrix
    return larger


def _colours(values: FloatImage, *, is_signed: bool) -> dict[str, Any]:
    if not is_signed:
        return {"colormap": "inferno", "contrast_limits": (0.0, _end(values))}
    end = _end(np.abs(values))
    return {"colormap": _diverging(), "contrast_limits": (-end, end)}


def _end(sizes: FloatImage) -> float:
    return float(np.quantile(sizes, _BRIGHT_END)) or float(sizes.max()) or 1.0


def _diverging() -> "Colormap":
    from napari.utils.colormaps import Colormap

    return Colormap(list(_SIGNED), name="blue - white - red")
