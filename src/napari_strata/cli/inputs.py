"""Reading the images that a command names."""

from collections.abc import Sequence
from pathlib import Path

from napari_strata.cli.display import Display
from napari_strata.events import Warned
from napari_strata.types import ImageStack


def read_stacks(
    paths: Sequence[Path],
    display: Display,
    *,
    pixel_size: float | None,
    to_grey: bool,
    signal: str | None = None,
) -> tuple[ImageStack, ...]:
    """Read images and show what should be known about their files.

    Parameters
    ----------
    paths : sequence of Path
        Image files.
    display : Display
        Where warnings go.
    pixel_size : float or None
        Pixel size of all of them [Å/px]; None takes each file's own.
    to_grey : bool
        Accept colour pictures.
    signal : str, optional
        Which image of each file, where it holds several.

    Raises
    ------
    ImageError, CalibrationError, ExtraError
        If a file cannot be used.
    """
    from napari_strata.io.images import read_image

    files = [read_image(path, pixel_size=pixel_size, to_grey=to_grey, signal=signal) for path in paths]
    for file in files:
        for text in file.warnings:
            display.show(Warned(text))
    return tuple(file.stack for file in files)
