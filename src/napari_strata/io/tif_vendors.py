"""Pixel sizes where the makers of microscopes keep them in a TIFF file: Gatan, Thermo Fisher (FEI) and Olympus."""

import math
from typing import TYPE_CHECKING, Any

from napari_strata.io.calibration import PixelSides, in_angstrom

if TYPE_CHECKING:
    from tifffile import TiffFile

_GATAN = {"x": (65003, 65009), "y": (65004, 65010)}
"""Tags of unit and scale of an axis."""


def vendor_sides(tif: "TiffFile") -> PixelSides | None:
    """Return height and width of a pixel [Å] in the tags of a microscope's maker; None where there are none.

    Parameters
    ----------
    tif : TiffFile
        The open file.
    """
    for read in (_gatan, _fei, _olympus):
        y, x = read(tif)
        if y is not None and x is not None:
            return y, x
    return None


def _gatan(tif: "TiffFile") -> tuple[float | None, float | None]:
    tags = tif.pages.first.tags
    y, x = (
        in_angstrom(_number(tags.valueof(scale)), str(tags.valueof(unit, default="")))
        for unit, scale in (_GATAN["y"], _GATAN["x"])
    )
    return y, x


def _fei(tif: "TiffFile") -> tuple[float | None, float | None]:
    noted = tif.fei_metadata or {}
    scan = noted.get("Scan", {})
    if not isinstance(scan, dict):
        return None, None
    return _metres(scan.get("PixelHeight")), _metres(scan.get("PixelWidth"))


def _olympus(tif: "TiffFile") -> tuple[float | None, float | None]:
    noted = tif.sis_metadata or {}
    return _metres(noted.get("pixelsizey")), _metres(noted.get("pixelsizex"))


def _metres(stated: Any) -> float | None:
    return in_angstrom(_number(stated), "m")


def _number(stated: Any) -> float:
    try:
        return float(stated)
    except (TypeError, ValueError):
        return math.nan
