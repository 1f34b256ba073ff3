"""Opening the array in a file without reading it into memory, where the file allows that."""

from pathlib import Path

import numpy as np

from napari_strata.errors import ImageError, StrataError
from napari_strata.io.arrays import FileArray, read_array, read_header


def map_array(path: Path, *, error_type: type[StrataError] = ImageError) -> FileArray:
    """Open an array so that its slices are read when they are asked for.

    A npy file and an uncompressed TIFF file are mapped into memory; any other file is read as a whole.

    Parameters
    ----------
    path : Path
        A .tif, .tiff, .npy, .npz or .png file.
    error_type : type of StrataError
        What to raise: images and labels come in the same files.

    Raises
    ------
    StrataError
        Of type `error_type`, where `napari_strata.io.arrays.read_array` raises one.
    """
    try:
        header = read_header(path)
        data = None if header.is_colour else _mapped(path)
    except (ImageError, OSError, ValueError):  # what cannot be mapped may still be read, or be refused in words
        data = None
    if data is None or data.shape != header.shape:
        return read_array(path, error_type=error_type)
    return FileArray(data, False, header.pixel_size)


def _mapped(path: Path) -> "np.memmap[tuple[int, ...], np.dtype[np.generic]] | None":
    match path.suffix.lower():
        case ".npy":
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            return mapped if isinstance(mapped, np.memmap) else None
        case ".tif" | ".tiff":
            import tifffile

            page: np.memmap[tuple[int, ...], np.dtype[np.generic]] = tifffile.memmap(path, mode="r")
            return page
    return None
