"""Maps as columns beside the table of atoms, in the units in which they are shown."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_strata.lattice.frame_maps import FrameMaps
from napari_strata.lattice.maps import MAP_UNITS

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class MapColumns:
    """Maps of some atoms.

    Attributes
    ----------
    table : DataFrame
        One column per map, of vectors one for y and one for x; the index is that of the atoms.
    units : dict of str to str
        The unit of each column, empty for plain numbers and words.
    """

    table: "DataFrame"
    units: dict[str, str]

    @property
    def numbers(self) -> list[str]:
        """Names of the columns that hold numbers."""
        return list(self.table.select_dtypes("number"))


def map_columns(maps: FrameMaps, *, without_field: bool = False) -> MapColumns:
    """Return all maps that have values.

    Parameters
    ----------
    maps : FrameMaps
        The maps of one frame.
    without_field : bool
        Those for which the smooth distortion that the layers share was taken out of the positions.
    """
    source = maps.freed if without_field else maps.maps
    shown = {name: one for one in maps.quantities.values() for name in one.columns}
    known = [name for name in source if (source[name].notna() & (source[name] != "")).any()]
    table = source[known].copy()
    for name in known:
        if name in shown and shown[name].factor != 1:
            table[name] = table[name] * shown[name].factor
    return MapColumns(table, {name: shown[name].unit if name in shown else MAP_UNITS[name] for name in known})
