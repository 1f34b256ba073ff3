"""From a click to the nearest atom."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import TargetError
from napari_strata.explain.targets import AtomTarget

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Snapped:
    """The atom that a click means.

    Attributes
    ----------
    target : AtomTarget
        At the atom's own position, with a radius.
    layer : int
        The atom's crystal layer.
    species : str
        The atom's species.
    distance : float
        Distance from the click to the atom [Å].
    """

    target: AtomTarget
    layer: int
    species: str
    distance: float


def snap(
    target: AtomTarget,
    atoms: "DataFrame",
    *,
    layer: int | None,
    pixel_size: float,
    tolerance: float,
    radius: float,
) -> Snapped:
    """Find the atom of a layer that is nearest to a click.

    Parameters
    ----------
    target : AtomTarget
        Where the user clicked [px].
    atoms : DataFrame
        Atoms of one image and frame.
    layer : int or None
        Crystal layer of the atom; None takes the nearest atom of all layers.
    pixel_size : float
        Pixel size [Å/px].
    tolerance : float
        Largest distance from the click to the atom [Å].
    radius : float
        Radius of the footprint where the target states none [Å].

    Raises
    ------
    TargetError
        If the layer has no atom within the tolerance; it says how far the nearest is.
    """
    where = f"y = {target.y:.1f}, x = {target.x:.1f} px"
    candidates = atoms if layer is None else atoms[atoms["layer"] == layer]
    if candidates.empty:
        nowhere = "The model sees" if layer is None else f"Layer {layer} has"
        raise TargetError(
            f"{nowhere} no atom in this frame, so there is none at {where}.",
            remedy=f"{'E' if layer is None else 'Choose another layer, or e'}xplain a pixel or a region.",
        )
    steps = candidates[["y_px", "x_px"]].to_numpy(np.float64) - (target.y, target.x)
    distances = np.hypot(*steps.T) * pixel_size
    nearest = candidates.iloc[int(distances.argmin())]
    distance = float(distances.min())
    if distance > tolerance:
        of_layer = "" if layer is None else f" of layer {layer}"
        raise TargetError(
            f"No atom{of_layer} lies within {tolerance:g} Å of {where}; the nearest is {distance:.2f} Å"
            f" away, at y = {nearest['y_px']:.1f}, x = {nearest['x_px']:.1f} px.",
            remedy="Pick nearer to an atom, or allow a larger tolerance.",
        )
    radius = radius if target.radius is None else target.radius
    atom = dataclasses.replace(target, y=float(nearest["y_px"]), x=float(nearest["x_px"]), radius=radius)
    return Snapped(atom, int(nearest["layer"]), str(nearest["species"]), distance)
