"""Maps of atoms as napari layers that lie exactly on their image: dots, arrows, or a smooth image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.quantities import Quantity, colour_limits
from napari_strata.widgets.layers.napari_layers import frame_placement, placement
from napari_strata.widgets.layers.results import ATOM_MAP_ROLE, ORIGIN, find_results, hand_over, show_results, tag
from napari_strata.widgets.layers.world import is_in_lengths

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Points, Vectors
    from napari.utils.colormaps import Colormap
    from napari.viewer import Viewer

    from napari_strata.lattice.gridded import GriddedMap

DOT = 1.0
"""Diameter of a dot [Å]: it covers the marker of its atom."""
SIGNED = ("#2166ac", "#67a9cf", "#f7f7f7", "#ef8a62", "#b2182b")
"""Blue below zero, white at zero, red above."""
LEVEL = "viridis"
LENGTH = ("#7ff9ff", "#fff27f", "#ff3d7f")
"""Bright throughout: arrows are thin, and images dark."""
NAMES = ("#ffd23f", "#3fa7ff", "#ff5fb4", "#5fd35f", "#c0c0c0")
"""Colours of words, in their order."""
SMOOTH_OPACITY = 0.75
LONGEST_ARROW = 2.5
"""Arrows are drawn so long that all but the largest are shorter than that [Å]."""
ARROW_WIDTH = 0.2
"""Width of an arrow [Å]."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenMap:
    """One map of some atoms.

    Attributes
    ----------
    image : Image
        Where it belongs.
    frame : int
        Frame of the image.
    pixel_size : float
        Its pixel size [Å/px].
    key : str
        Key of the quantity.
    quantity : Quantity
        What is mapped.
    of_layer : str
        In words, which crystal layer; empty for all.
    places : ndarray, shape (n, 2)
        Atoms (y, x) [px].
    layers : ndarray of int, shape (n,)
        Their crystal layers.
    values : ndarray, shape (n,) or (n, 2)
        In the unit of the quantity; vectors as (y, x); words as objects.
    """

    image: "Image"
    frame: int
    pixel_size: float
    key: str
    quantity: Quantity
    of_layer: str
    places: NDArray[np.float64]
    layers: NDArray[np.intp]
    values: NDArray[Any]

    @property
    def scalars(self) -> NDArray[np.float64]:
        """One number per atom, the length of vectors; NaN of words."""
        if self.quantity.kind == "names":
            return np.full(len(self.values), np.nan)
        numbers = np.asarray(self.values, dtype=np.float64)
        return np.hypot(*numbers.T) if self.quantity.kind == "vector" else numbers

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which atoms have a value."""
        if self.quantity.kind == "names":
            return np.array([bool(word) for word in self.values], dtype=bool)
        return np.isfinite(self.scalars)

    @property
    def limits(self) -> tuple[float, float]:
        """Values of the first and the last colour."""
        return colour_limits(self.scalars, self.quantity.kind)

    @property
    def words(self) -> list[str]:
        """The words that there are, in their order."""
        return sorted({str(word) for word in self.values if word})

    @property
    def title(self) -> str:
        """What it shows, with the unit."""
        return " - ".join(filter(None, (self.quantity.label, self.of_layer)))

    def name(self) -> str:
        """Name of its layer: what it shows comes first and the image last."""
        return f"{self.title} - {self.image.name}"

    def tag(self, shown: str) -> dict[str, Any]:
        """Return the metadata of its layer."""
        of = {"map": self.key, "shown": shown, "of_layer": self.of_layer, "frame": self.frame}
        words = {"words": self.words} if self.quantity.kind == "names" else {}
        return tag(ATOM_MAP_ROLE, self.image, "", {"pixel_size": self.pixel_size, **words}, **of)


def dots(chosen: ChosenMap) -> "Points":
    """Make a Points layer, coloured by the value of every atom."""
    from napari.layers import Points

    known = chosen.known
    named = chosen.quantity.kind == "names"
    feature = chosen.quantity.label
    values = chosen.values.astype(str) if named else chosen.scalars
    if named:
        colours = dict(zip(chosen.words, NAMES, strict=False))
        colouring: dict[str, Any] = {
            "face_color": {"color_mode": "cycle", "color_properties": feature},
            "face_color_cycle": colours,
        }
    else:
        colouring = {
            "face_color": feature,
            "face_colormap": colours_of(chosen.quantity),
            "face_contrast_limits": chosen.limits,
        }
    points = Points(
        _in_stack(chosen, chosen.places[known]),
        name=chosen.name(),
        features={"layer": chosen.layers[known], feature: values[known]},
        size=DOT / chosen.pixel_size,
        border_width=0,
        metadata=chosen.tag("dots"),
        **colouring,
        **placement(chosen.image),
    )
    if not named:
        points.face_colorbar.visible = True
    return points


def arrows(chosen: ChosenMap) -> "Vectors":
    """Make a Vectors layer that begins at the atoms: arrows coloured by length, and drawn longer than they are."""
    from napari.layers import Vectors

    known = chosen.known
    starts = _in_stack(chosen, chosen.places[known])
    steps = np.zeros_like(starts)
    steps[:, -2:] = np.asarray(chosen.values[known], dtype=np.float64) / chosen.pixel_size
    feature = chosen.quantity.label
    return Vectors(
        np.stack([starts, steps], axis=1),
        name=chosen.name(),
        features={"layer": chosen.layers[known], feature: chosen.scalars[known]},
        edge_color=feature,
        edge_colormap=colours_of(chosen.quantity),
        edge_contrast_limits=chosen.limits,
        edge_width=ARROW_WIDTH / chosen.pixel_size,
        length=magnification(chosen.limits[1]),
        vector_style="arrow",
        metadata=chosen.tag("arrows"),
        **placement(chosen.image),
    )


def smooth(chosen: ChosenMap, drawn: "GriddedMap") -> "Image":
    """Make an Image layer of a map that was drawn on the pixels of the image."""
    from napari.layers import Image

    data = drawn.values if chosen.image.ndim == 2 else drawn.values[None]
    layer = Image(
        data,
        name=chosen.name(),
        colormap=colours_of(chosen.quantity),
        contrast_limits=chosen.limits,
        interpolation2d="linear",
        opacity=SMOOTH_OPACITY,
        blending="translucent_no_depth",
        metadata=chosen.tag("smooth"),
        **_coarse_placement(chosen, drawn),
    )
    layer.colorbar.visible = True
    return layer


def show_map(viewer: "Viewer", layer: "Layer", image: "Image", *, keep_earlier: bool) -> "Any":
    """Show a map in place of those of before; with the first one a scale bar in lengths appears.

    Parameters
    ----------
    viewer : Viewer
        Where to show it.
    layer : Layer
        The map.
    image : Image
        Its image.
    keep_earlier : bool
        Only hide the other maps of the image; those that were renamed are never removed.

    Returns
    -------
    Layer
        The layer that is in the viewer now: the map, or an earlier one that became it.
    """
    from napari.layers import Image

    earlier = find_results(viewer, ATOM_MAP_ROLE, image)
    if not earlier and is_in_lengths(viewer, image):  # who hides it again keeps it hidden
        viewer.canvas.overlays.scale_bar.visible = True
    given_up = [] if keep_earlier else [one for one in earlier if not was_renamed(one)]
    replaced = hand_over(given_up, layer)
    for other in earlier:
        if other is not replaced:
            other.visible = False
            if other in given_up:
                viewer.layers.remove(other)
    (shown,) = show_results(viewer, [layer], below="atoms" if isinstance(layer, Image) else None)
    if replaced is not None and replaced is not shown:
        replaced.visible = False  # somebody edited it, and it stays
    if not shown.visible:
        shown.visible = True
    return shown


def was_renamed(napari_layer: "Layer") -> bool:
    """Tell whether a person gave a result a name."""
    return bool(napari_layer.name != napari_layer.metadata[ORIGIN].get("name"))


def magnification(longest: float) -> float:
    """Return by how much arrows are drawn longer than they are: 1, 2, 5, 10, ..."""
    wanted = LONGEST_ARROW / max(longest, 1e-9)
    steps = [digit * 10.0**power for power in range(7) for digit in (1, 2, 5)]
    return max((step for step in steps if step <= wanted), default=1.0)


def colours_of(quantity: Quantity) -> "Colormap":
    """Return the colours of a map."""
    from napari.utils.colormaps import Colormap, ensure_colormap

    if quantity.kind == "signed":
        return Colormap(SIGNED, name="blue white red")
    if quantity.kind == "vector":
        return Colormap(LENGTH, name="cyan yellow red")
    return ensure_colormap(LEVEL)


def _in_stack(chosen: ChosenMap, places: NDArray[np.float64]) -> NDArray[np.float64]:
    if chosen.image.ndim == 2:
        return places
    return np.concatenate([np.full((len(places), 1), float(chosen.frame)), places], axis=1)


def _coarse_placement(chosen: ChosenMap, drawn: "GriddedMap") -> dict[str, Any]:
    """Return the placement of pixels that each cover several of the image."""
    from napari.utils.transforms import Affine

    place = frame_placement(chosen.image, chosen.frame)
    inner = Affine(scale=place["scale"], rotate=place["rotate"], shear=place["shear"])
    offset = np.zeros(chosen.image.ndim)
    offset[-2:] = drawn.offset
    factors = np.ones(chosen.image.ndim)
    factors[-2:] = drawn.step
    place["translate"] = place["translate"] + inner.linear_matrix @ offset
    place["scale"] = place["scale"] * factors
    return place
