"""The images in a folder: their names, and their sizes without their pixels."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from napari_strata.errors import ImageError, StrataError
from napari_strata.io.arrays import FileHeader, read_header

ARRAYS = (".tif", ".tiff", ".npy", ".npz", ".png")
"""Endings of images that are read here."""
PICTURES = (".jpg", ".jpeg", ".bmp", ".gif", ".webp")
"""Endings of images that annotation programs take, too; only their size is read here."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How large an image is.

    Attributes
    ----------
    frames : int
        Number of its frames.
    height, width : int
        Its size [px].
    pixel_size : float or None
        Pixel size in the file's header [Å/px].
    """

    frames: int
    height: int
    width: int
    pixel_size: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width [px]."""
        return self.height, self.width


@dataclass(frozen=True)
class ImageFile:
    """An image file.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Its path within the folder that was asked for, with "/" between folders.
    """

    path: Path
    name: str

    @cached_property
    def extent(self) -> Extent | None:
        """How large the image is, by the file's header; None where it cannot be read."""
        try:
            return read_extent(self.path)
        except StrataError:
            return None


def find_images(folder: Path, *, without: Path | None = None) -> tuple[ImageFile, ...]:
    """Find the images in a folder and the folders in it; hidden ones are passed over.

    Parameters
    ----------
    folder : Path
        The folder, or one image.
    without : Path, optional
        A folder within it whose images do not count, because they are results.

    Raises
    ------
    ImageError
        If there is no such folder.
    """
    if folder.is_file():
        return (ImageFile(folder, folder.name),)
    if not folder.is_dir():
        raise ImageError(f"{folder} is not there.", remedy="Name the folder that holds the images.")
    return tuple(ImageFile(path, path.relative_to(folder).as_posix()) for path in _walk(folder, without))


def read_extent(path: Path) -> Extent:
    """Read how large an image is from its header.

    Raises
    ------
    ImageError
        If the file cannot be read or holds no image.
    """
    if path.suffix.lower() in PICTURES:
        return _picture_extent(path)
    return extent_of(read_header(path), path)


def extent_of(header: FileHeader, path: Path) -> Extent:
    """Return how large an image is whose header was read.

    Raises
    ------
    ImageError
        If it has fewer than two axes.
    """
    shape = header.shape[:-1] if header.is_colour else header.shape
    if len(shape) < 2:
        raise ImageError(f"{path} holds no image but an array of shape {shape}.", remedy="Name image files.")
    return Extent(shape[0] if len(shape) > 2 else 1, shape[-2], shape[-1], header.pixel_size)


def _picture_extent(path: Path) -> Extent:
    from PIL import Image

    try:
        with Image.open(path) as picture:  # reads no pixels
            return Extent(1, picture.height, picture.width)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path} cannot be read ({error}).", remedy="Copy the file again.") from error


def _walk(folder: Path, without: Path | None) -> Iterator[Path]:
    left_out = without.resolve() if without is not None else None
    for here, folders, files in os.walk(folder):
        kept = [name for name in sorted(folders) if not name.startswith(".")]
        folders[:] = [name for name in kept if (Path(here) / name).resolve() != left_out]
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in (*ARRAYS, *PICTURES):
                yield Path(here) / name
