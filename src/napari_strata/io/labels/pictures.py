"""Masks in picture files, PNG and TIFF: headers are checked before pixels are decoded."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import ImageError, LabelsError
from napari_strata.io.arrays import read_array, read_header
from napari_strata.io.files import replacing
from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.picture_claims import check_claims, large_pictures
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.tif import write_tif
from napari_strata.types import AnyArray, LabelArray

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset((".png", ".tif", ".tiff"))
"""Kinds of files that hold masks."""


@dataclass(frozen=True, slots=True)
class MaskPicture:
    """A mask file as it is stored.

    Attributes
    ----------
    path : Path
        The file.
    frames : ndarray, shape (frame, y, x) or (frame, y, x, sample)
        Its codes, or its colours of three samples.
    palette : tuple of str
        Colours as #rrggbb by code, where codes are shown in colours.
    """

    path: Path
    frames: AnyArray
    palette: tuple[str, ...] = ()

    @property
    def is_colour(self) -> bool:
        """Whether pixels are colours, not codes."""
        return self.frames.ndim == 4


def mask_files(path: Path) -> list[Path]:
    """Return the mask files of a folder in order, or the one file; raises nothing."""
    if not path.is_dir():
        return [path] if path.suffix.lower() in SUFFIXES and path.is_file() else []
    try:
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    except OSError:
        return []


def is_colour_picture(path: Path) -> bool | None:
    """Tell from its header whether a file shows colours, not codes; None if it is no picture that is read here."""
    try:
        with large_pictures():
            return read_header(path).is_colour and not _palette(path)
    except ImageError:
        return None


def read_picture(path: Path) -> MaskPicture:
    """Read a mask file.

    Raises
    ------
    LabelsError
        If it cannot be read, claims more pixels than any mask has, or is no stack of pictures of one kind.
    """
    check_claims(path)
    with large_pictures():
        content = read_array(path, error_type=LabelsError)
        palette = _palette(path)
    codes = content.codes
    if content.is_colour and content.indices is None:
        codes = codes[..., :3]
        if codes.dtype != np.uint8 or codes.shape[-1] != 3:
            refuse(path, f"its colours are {codes.dtype} of {codes.shape[-1]} samples", "Save it as 8-bit RGB.")
    axes = 3 if content.is_colour and content.indices is None else 2
    while codes.ndim > axes + 1 and codes.shape[0] == 1:
        codes = codes[0]
    if codes.ndim == axes:
        codes = codes[None]
    if codes.ndim != axes + 1 or 0 in codes.shape:
        refuse(path, f"it has the shape {content.data.shape}", "Masks are pictures, or stacks of frames.")
    return MaskPicture(path, codes, palette)


def decode_mask(data: bytes, path: Path, *, where: str, budget: MaskBudget) -> NDArray[np.bool_]:
    """Decode a PNG within a file: pixels other than 0 belong to the mask.

    Parameters
    ----------
    data : bytes
        The PNG.
    path : Path
        The file that it stands in, for messages.
    where : str
        Which mask, for messages.
    budget : MaskBudget
        What the masks of the file may still take.

    Raises
    ------
    LabelsError
        If it is no PNG, or claims more pixels than the file may still take.
    """
    from PIL import Image

    with large_pictures():
        try:
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                budget.spend(pixels=picture.width * picture.height)
                pixels = np.asarray(picture)
        except LabelsError:
            raise
        except Exception as error:  # Pillow raises nearly anything on a damaged picture
            reason = " ".join(str(error).split()) or type(error).__name__
            raise LabelsError(
                f"{path} is refused: {where} is a mask that is no PNG ({reason}).", remedy="Draw it again."
            ) from error
    inside: NDArray[np.bool_] = (pixels if pixels.ndim == 2 else pixels[..., :3].any(axis=-1)) != 0
    return inside


def encode_mask(pixels: NDArray[np.bool_]) -> bytes:
    """Encode a mask as PNG of 0 and 1."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def write_indices(folder: Path, stem: str, stack: LabelArray, palette: Mapping[int, str]) -> Path:
    """Write codes as a PNG that shows them in colours, of several frames as a TIFF.

    Parameters
    ----------
    folder : Path
        Where to write.
    stem : str
        Name of the file without ending.
    stack : ndarray of uint8, shape (frame, y, x)
        The codes.
    palette : mapping of int to str
        Colour of each code, #rrggbb.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from PIL import Image

    if len(stack) > 1:
        write_tif(folder / f"{stem}.tif", stack, "TYX")
        return folder / f"{stem}.tif"
    samples = bytearray(3 * 256)
    for code, color in palette.items():
        samples[3 * code : 3 * code + 3] = bytes.fromhex(color.removeprefix("#"))
    picture = Image.fromarray(stack[0])
    picture.putpalette(bytes(samples))
    return _write_png(folder / f"{stem}.png", picture)


def write_colors(folder: Path, stem: str, stack: LabelArray) -> Path:
    """Write colours, shape (frame, y, x, 3), as a PNG, of several frames as a TIFF; see `write_indices`."""
    import tifffile
    from PIL import Image

    if len(stack) == 1:
        return _write_png(folder / f"{stem}.png", Image.fromarray(stack[0]))
    path = folder / f"{stem}.tif"
    with replacing(path) as temporary:
        metadata = {"axes": "TYXS"}
        tifffile.imwrite(temporary, stack, photometric="rgb", compression="zlib", metadata=metadata)
    return path


def _write_png(path: Path, picture: "Image.Image") -> Path:
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")
    return path


def _palette(path: Path) -> tuple[str, ...]:
    """Return the colours of a PNG that shows codes in colours, without decoding its pixels."""
    from PIL import Image

    if path.suffix.lower() != ".png":
        return ()
    with Image.open(path) as picture:
        if picture.mode != "P" or picture.palette is None:
            return ()
        samples = bytes(picture.palette.getdata()[1])
    return tuple(f"#{samples[start : start + 3].hex()}" for start in range(0, len(samples) - 2, 3))
