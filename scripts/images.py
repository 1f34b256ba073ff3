"""Images for the demo: the simulated sample, or a file that is looked at before anything is done with it."""

from pathlib import Path

from napari.layers import Image
from napari.viewer import Viewer

from napari_strata.data.images import check_image as check_values
from napari_strata.errors import CalibrationError, ImageError
from napari_strata.io.arrays import read_array, read_header
from napari_strata.io.calibration import settle
from scripts.driving import PLUGIN

OURS = (".npz", ".tif", ".tiff")
"""Files that the plugin's own reader opens."""


def check_image(path: Path, pixel_size: float | None) -> None:
    """Check before anything else that the demo can work on an image.

    Raises
    ------
    ImageError
        If it is not a single grey image, or its values cannot be used.
    CalibrationError
        If its pixel size is not known or not positive.
    """
    header = read_header(path)
    if header.is_colour or header.ndim != 2:
        raise ImageError(
            f"{path} has the shape {header.shape}.",
            remedy="The demo takes one grey image, (y, x): save one slice.",
        )
    calibration, _ = settle(pixel_size, header.pixel_size, name=path.name)
    if calibration.value is None:
        raise CalibrationError(
            f"{path} does not state its pixel size.", remedy=f"Give it in Å: make demo IMAGE={path} PIXEL_SIZE=0.1"
        )
    check_values(read_array(path).data, path.name)


def open_file(viewer: Viewer, path: Path) -> Image:
    """Open an image file with the plugin's reader, or with napari's where that one is not for it."""
    [image] = viewer.open(path, plugin=PLUGIN if path.suffix.lower() in OURS else "napari")
    return image


def open_sample(viewer: Viewer) -> Image:
    """Open the simulated bilayer."""
    [image] = viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
    return image
