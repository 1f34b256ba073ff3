"""Checks of a stranger's file before a reader spends memory on what it claims, or follows where it points."""

import json
import math
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from napari_strata.errors import ImageError

if TYPE_CHECKING:
    from h5py import Dataset, Group

LARGEST_FRAME = 2**28
"""Pixels of one image: 16384 x 16384."""
LARGEST_ARRAY = 2**44
"""Bytes of an array that a file claims, however little of it is stored: 16 TiB."""
LARGEST_CHUNK = 2**31
"""Bytes of the smallest part of an array that can be read at once."""
MOST_CHUNKS = 1_000_000
"""Parts of an array."""
MOST_OBJECTS = 100_000
"""Groups, arrays and files in one file."""
DEEPEST = 64
"""Groups within groups."""
LARGEST_NOTE = 2**26
"""Bytes of an array that is no image and that a reader unpacks at once."""
LARGEST_TEXT = 2**26
"""Bytes of a JSON file in a zspy folder."""
_MOST_PACKED = 20
"""Times by which a larger note may have been packed."""
_IMAGES = ("data", "Data", "datacube")
_CODECS = {"blosc", "bz2", "crc32c", "delta", "fixedscaleoffset", "gzip", "json2", "lz4", "lzma", "msgpack2"} | {
    *("bytes", "shuffle", "transpose", "vlen-array", "vlen-bytes", "vlen-utf8", "zlib", "zstd"),
    *("sharding_indexed",),
}
"""Codecs that only unpack; another one, pickle, would run what the file says."""


def check_file(path: Path) -> None:
    """Check a file of any of the formats.

    Raises
    ------
    ImageError
        If it claims sizes that no honest file has, points outside itself, or holds what could run a program.
    OSError
        If it cannot be read, or is no file of its format.
    """
    match path.suffix.lower():
        case ".emd" | ".hspy":
            _check_hdf5(path)
        case ".zspy":
            _check_zarr(path)
        case ".mrc":
            _check_mrc(path)
        case ".ser":
            _check_ser(path)
        case ".emi":
            for series in path.parent.glob(f"{path.stem}_[0-9].ser"):
                _check_ser(series)


def _check_hdf5(path: Path) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        for count, (group, name, item) in enumerate(_hdf5_items(file, path)):
            if count > MOST_OBJECTS:
                _refuse(path, f"it holds more than {MOST_OBJECTS:,} groups and arrays")
            if isinstance(item, h5py.Dataset):
                _check_dataset(item, path, is_note=name not in _IMAGES, where=f"{group.name}/{name}")


def _hdf5_items(file: "Group", path: Path) -> "Iterator[tuple[Group, str, Any]]":
    """Yield what is in an HDF5 file, each thing once, and follow no link out of it."""
    import h5py

    seen: set[int] = set()
    waiting = [(file, 0)]
    while waiting:
        group, depth = waiting.pop()
        if depth > DEEPEST:
            _refuse(path, f"its groups are nested more than {DEEPEST} deep")
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                _refuse(path, f"{group.name}/{name} links to another file")
            if isinstance(link, h5py.SoftLink):
                continue
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            yield group, name, item
            if isinstance(item, h5py.Group):
                waiting.append((item, depth + 1))


def _check_dataset(dataset: "Dataset", path: Path, *, is_note: bool, where: str) -> None:
    if dataset.shape is None:
        return
    if dataset.external or (dataset.is_virtual and any(one.file_name != "." for one in dataset.virtual_sources())):
        _refuse(path, f"{where} keeps its pixels in another file")
    _check_chunks(dataset.shape, dataset.chunks, dataset.dtype.itemsize, path, where)
    packed = _MOST_PACKED * dataset.id.get_storage_size()
    if is_note and dataset.nbytes > max(LARGEST_NOTE, packed):
        _refuse(path, f"{where} claims {dataset.nbytes / 2**30:.1f} GB and stores next to nothing")


def _check_chunks(
    shape: tuple[int, ...], chunks: tuple[int, ...] | None, itemsize: int, path: Path, where: str
) -> None:
    size = math.prod(shape) * itemsize
    if size > LARGEST_ARRAY:
        _refuse(path, f"{where} claims {size / 2**40:,.0f} TB")
    if chunks is None:
        return
    if min(chunks, default=1) < 1 or len(chunks) != len(shape):
        _refuse(path, f"{where} states the chunks {chunks} of an array of shape {shape}")
    if math.prod(chunks) * itemsize > LARGEST_CHUNK:
        _refuse(path, f"{where} has chunks of more than {LARGEST_CHUNK / 2**30:.0f} GB")
    if math.prod(-(-length // chunk) for length, chunk in zip(shape, chunks, strict=True)) > MOST_CHUNKS:
        _refuse(path, f"{where} has more than {MOST_CHUNKS:,} chunks")


def _check_zarr(path: Path) -> None:
    for name, text in _zarr_texts(path):
        document = json.loads(text)
        if not isinstance(document, dict):
            continue
        arrays = {name: document}
        if name.endswith(".zmetadata"):
            arrays = document.get("metadata", {})
        elif isinstance(gathered := document.get("consolidated_metadata"), dict):
            arrays |= gathered.get("metadata", {})
        for where, array in arrays.items():
            if isinstance(array, dict) and "shape" in array:
                _check_zarr_array(array, path, where)


def _zarr_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file that describes an array or gathers such descriptions."""
    described = (".zarray", ".zmetadata", "zarr.json")
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_CHUNKS:
                _refuse(path, f"it holds more than {MOST_CHUNKS:,} files")
            for member in members:
                if member.filename.endswith(described):
                    _check_text(member.file_size, path, member.filename)
                    yield member.filename, archive.read(member)
        return
    count = 0
    for folder, _folders, files in os.walk(path):
        count += len(files)
        if count > MOST_CHUNKS:
            _refuse(path, f"it holds more than {MOST_CHUNKS:,} files")
        for name in files:
            if name in described:
                file = Path(folder) / name
                _check_text(file.stat().st_size, path, name)
                yield str(file.relative_to(path)), file.read_bytes()


def _check_text(size: int, path: Path, name: str) -> None:
    if size > LARGEST_TEXT:
        _refuse(path, f"{name} is larger than {LARGEST_TEXT / 2**20:.0f} MB")


def _check_zarr_array(array: dict[str, Any], path: Path, where: str) -> None:
    codecs = [array.get("compressor"), *(array.get("filters") or ()), *(array.get("codecs") or ())]
    for name in _codec_names(codecs):
        if name not in _CODECS:
            _refuse(path, f"{where} is packed by {name!r}, which is not unpacked here")
    chunks = array.get("chunks") or array.get("chunk_grid", {}).get("configuration", {}).get("chunk_shape")
    shape = tuple(int(length) for length in array["shape"])
    itemsize = 8  # of the largest numbers in use; that of structures is refused with them
    _check_chunks(shape, None if chunks is None else tuple(int(one) for one in chunks), itemsize, path, where)


def _codec_names(stated: Any) -> Iterator[str]:
    """Yield the names of codecs, also of those within others."""
    if isinstance(stated, list):
        for one in stated:
            yield from _codec_names(one)
    elif isinstance(stated, dict):
        if "id" in stated or "name" in stated:
            yield str(stated.get("id", stated.get("name"))).removeprefix("numcodecs.")
        yield from _codec_names(list(stated.values()))


def _check_mrc(path: Path) -> None:
    """Compare the size in the header with that of the file; what is written in big-endian order is refused."""
    sizes = {0: 1, 1: 2, 2: 4, 4: 8, 6: 2, 12: 2}
    with path.open("rb") as file:
        head = file.read(1024)
    if len(head) < 1024:
        _refuse(path, "it is shorter than its header")
    x, y, z, mode = struct.unpack("<4I", head[:16])
    (extended,) = struct.unpack("<I", head[92:96])
    if mode not in sizes:
        _refuse(path, f"its pixels are of the unknown type {mode}")
    if 1024 + extended + x * y * z * sizes[mode] > path.stat().st_size:
        _refuse(path, f"it claims {z} images of {y} x {x} pixels and is too short for them")


def _check_ser(path: Path) -> None:
    """Compare what the header of a series says of its length with the size of the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(34)
        if len(head) < 34:
            _refuse(path, "it is shorter than its header")
        order, _, version, kind, _, _, valid = struct.unpack("<HHHIIII", head[:22])
        table = "<Q" if version > 0x210 else "<I"
        (offsets,) = struct.unpack_from(table, head, 22)
        (axes,) = struct.unpack_from("<I", head, 22 + struct.calcsize(table))
        if order != 0x4949 or axes > 10 or valid * struct.calcsize(table) > size or not 0 < offsets < size:
            _refuse(path, "its header is damaged")
        if kind != 0x4122 or valid == 0:
            return
        file.seek(offsets)
        (first,) = struct.unpack(table, file.read(struct.calcsize(table)))
        file.seek(min(first, size) + 42)
        width, height = struct.unpack("<II", file.read(8))
    if valid * width * height > size:
        _refuse(path, f"it claims {valid} images of {height} x {width} pixels and is too short for them")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ImageError(f"{path} is refused: {reason}.", remedy="Save it again in the program that made it.")
