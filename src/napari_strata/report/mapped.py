"""What the maps of a figure show, layer by layer, with one scale for all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import ReportConfig
from napari_strata.config.report import MapQuantity
from napari_strata.lattice.cells import Positions
from napari_strata.lattice.frame import FrameLattices
from napari_strata.lattice.maps import atom_maps

SYMBOLS: dict[MapQuantity, str] = {
    "exx": "strain εxx [%]",
    "eyy": "strain εyy [%]",
    "exy": "strain εxy [%]",
    "rotation": "rotation [degrees]",
    "displacement": "displacement [Å]",
}
"""Label of the colour bar."""
WORDS: dict[MapQuantity, str] = {
    "exx": "Strain εxx",
    "eyy": "Strain εyy",
    "exy": "Strain εxy (half the engineering shear)",
    "rotation": "Rotation from the x axis towards y",
    "displacement": "Distance",
}
"""The same in the caption."""
COVERED = 95.0
"""Percentile of the sizes of all values at which the colours end."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerMap:
    """One quantity of the atoms of one layer: positions (y, x) [Å], and values in the unit of `SYMBOLS`."""

    layer: int
    positions: Positions
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """One quantity of all layers.

    Attributes
    ----------
    quantity : MapQuantity
        Which.
    layers : tuple of LayerMap
        Layers that have a lattice.
    limits : tuple of float
        Ends of the colours, around 0 for what has a sign.
    without_field : bool
        Whether the smooth field that the layers share was taken out; None where there is none.
    """

    quantity: MapQuantity
    layers: tuple[LayerMap, ...]
    limits: tuple[float, float]
    without_field: bool | None

    @property
    def caption(self) -> str:
        """What is seen, and what was taken out."""
        said = {
            True: ", the smooth field that the layers share taken out",
            False: ", smooth distortions of the scan included",
            None: "",
        }[self.without_field]
        return (
            f"{WORDS[self.quantity]} of each atom against its place in the fitted lattice of its layer{said};"
            f" the colours end where {100 - COVERED:g} % of all atoms lie beyond"
            f"{'' if self.is_whole else '; atoms of which it is not told, as at the border, are small and grey'}"
        )

    @property
    def is_whole(self) -> bool:
        """Whether all atoms have a value."""
        return all(bool(np.isfinite(one.values).all()) for one in self.layers)


def measure_maps(lattices: FrameLattices, config: ReportConfig) -> Maps:
    """Measure what the maps show.

    With several layers the smooth field that they share is taken out, unless it is to be kept: it may be the
    scan's. With one layer nobody can tell the two apart, so it stays.
    """
    without = None if not _has_field(lattices) else len(lattices.layers) > 1 and not config.keep_field
    table = atom_maps(lattices, without_field=bool(without))
    if config.quantity == "displacement":
        column = np.hypot(table["displacement_y"], table["displacement_x"]).to_numpy()
    else:
        column = table[config.quantity].to_numpy() * (1 if config.quantity == "rotation" else 100)
    layers, start = [], 0
    for layer in lattices.layers:
        count = len(layer.positions)
        layers.append(LayerMap(layer.layer, layer.positions, column[start : start + count]))
        start += count
    return Maps(
        config.quantity, tuple(layers), _limits(column, has_sign=config.quantity != "displacement"), without
    )


def _has_field(lattices: FrameLattices) -> bool:
    return lattices.field is not None and lattices.field.splines is not None


def _limits(values: NDArray[np.float64], *, has_sign: bool) -> tuple[float, float]:
    known = np.abs(values[np.isfinite(values)])
    end = float(np.percentile(known, COVERED)) if len(known) else 1.0
    end = max(end, 1e-6)
    return (-end if has_sign else 0.0), end
