"""How soon, and in how much memory, annotation files are refused that were made to do harm.

Each file is read in a process of its own by the reader of its format. What is timed begins when that process has
imported the readers.
"""

import base64
import io
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figure import Figure

MANY = 10_000_000
"""Vertices of an outline that nobody drew."""
_NAPARI_COLUMNS = "index,shape-type,vertex-index,axis-0,axis-1\n"
_VIA_COLUMNS = "filename,region_shape_attributes,region_attributes\n"
HostileFile = tuple[str, str, str, Callable[[Path], object]]
SECONDS, MEMORY = "<= 2", "<= 1000"

READ = """
import json, sys, time
from pathlib import Path
from benchmarks.memory import peak_memory
from napari_strata.errors import LabelsError
from napari_strata.io.labels.formats import find_format
path, name = Path(sys.argv[1]), sys.argv[2]
start = time.perf_counter()
try:
    find_format(name, path).read(path, {})
    answer = ""
except LabelsError as error:
    answer = error.message
print(json.dumps([time.perf_counter() - start, peak_memory(), answer]))
"""


def measure() -> Iterator[Figure]:
    """Have every file refused; say which, if any, was not."""
    times, memories, accepted = {}, {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, form, suffix, write in files():
            path = Path(folder) / f"a{suffix}"
            write(path)
            times[name], memories[name], refusal = read(path, form)
            accepted += [] if refusal else [name]
            path.unlink()
    yield Figure("hostile_files: files refused", f"{len(times) - len(accepted)} of {len(times)}", target="all")
    for name in accepted:
        yield Figure("hostile_files: not refused", name, target="none")
    yield Figure("hostile_files: longest time until a file is refused", max(times.values()), "s", SECONDS, times)
    yield Figure("hostile_files: most memory of a reading process", max(memories.values()), "MB", MEMORY, memories)


def read(path: Path, form: str) -> tuple[float, float, str]:
    """Read a file in a process of its own.

    Parameters
    ----------
    path : Path
        The file.
    form : str
        Name of its format.

    Returns
    -------
    seconds : float
        Time until it was read or refused [s].
    memory : float
        The most memory that the process had [MB].
    refusal : str
        Why it was refused; empty where it was not.
    """
    command = [sys.executable, "-c", READ, str(path), form]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    seconds, memory, refusal = json.loads(answer.splitlines()[-1])
    return seconds, memory, refusal


def files() -> Iterator[HostileFile]:
    """Yield what is wrong with each file, its format, its suffix, and what writes it."""
    yield ("cvat, billion laughs", "cvat", ".xml", _text(_laughs()))
    yield (
        "cvat, external entity",
        "cvat",
        ".xml",
        _text(_cvat("&e;", before='<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>')),
    )
    yield ("cvat, NaN", "cvat", ".xml", _text(_cvat("nan,1;2,2;3,1")))
    yield ("cvat, 10 GB image", "cvat", ".xml", _text(_cvat("1,1;2,2;3,1", size='width="100000" height="100000"')))
    yield ("cvat, ten million vertices", "cvat", ".xml", _text(_cvat("1,1;" * (MANY - 1) + "2,2")))
    yield ("voc, billion laughs", "voc", ".xml", _text(_laughs()))
    yield ("coco, deep", "coco", ".json", _text(_coco("[" * 1_000_000 + "]" * 1_000_000)))
    yield ("coco, NaN", "coco", ".json", _text(_coco("[[NaN, 1, 2, 2, 3, 1]]")))
    yield (
        "coco, 10 GB mask",
        "coco",
        ".json",
        _text(_coco('{"size": [100000, 100000], "counts": [0, 10000000000]}', height=100_000, width=100_000)),
    )
    yield ("coco, ten million vertices", "coco", ".json", _text(_coco("[[" + "1," * (2 * MANY - 1) + "1]]")))
    yield (
        "labelme, ten million vertices",
        "labelme",
        ".json",
        _text(_labelme("[" + "[1,1]," * (MANY - 1) + "[2,2]]")),
    )
    yield ("labelme, infinite", "labelme", ".json", _text(_labelme("[[1e999, 1], [2, 2], [3, 1]]")))
    yield ("labelbox, deep", "labelbox", ".ndjson", _text('{"data_row":' * 1_000_000))
    yield ("imagej, path that leads out", "imagej", ".zip", _archive("../evil.roi", 64))
    yield ("imagej, 1 GB unpacked", "imagej", ".zip", _archive("a.roi", 2**30))
    yield ("index-masks, 10 GB png", "index-masks", ".png", _png)
    yield ("rgb-masks, 10 GB png", "rgb-masks", ".png", _png)
    yield ("index-masks, 10 GB tif", "index-masks", ".tif", _tif)
    yield ("labelme, 10 GB mask", "labelme", ".json", _text(_labelme("[[1, 1], [9, 9]]", mask=_huge_png())))
    yield ("labelbox, ten million vertices", "labelbox", ".ndjson", _text(_labelbox(MANY)))
    yield ("via, ten million vertices", "via", ".json", _text(_via(MANY)))
    yield ("via, deep", "via", ".json", _text('{"_via_img_metadata":' * 1_000_000))
    yield ("via-csv, ten million vertices", "via-csv", ".csv", _text(_via_csv(MANY)))
    yield ("via-csv, ten million rows", "via-csv", ".csv", _text(_VIA_COLUMNS + "a,{},{}\n" * MANY))
    yield ("yolo, six million rows", "yolo", ".txt", _text("0 .5 .5 .1 .1\n" * 6_000_000))
    yield ("yolo, billion laughs", "yolo", "/data.yaml", _yolo)
    yield ("napari-csv, ten million rows", "napari-csv", ".csv", _text(_NAPARI_COLUMNS + "0,path,0,1,1\n" * MANY))
    yield (
        "napari-csv, NaN",
        "napari-csv",
        ".csv",
        _text(_NAPARI_COLUMNS + "".join(f"0,polygon,{k},nan,1\n" for k in range(3))),
    )


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, encoding="utf-8")


def _cvat(points: str, *, before: str = "", size: str = 'width="64" height="64"') -> str:
    polygon = f'<polygon label="a" points="{points}" occluded="0" z_order="0"></polygon>'
    image = f'<image id="0" name="a.png" {size}>{polygon}</image>'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{before}<annotations><version>1.1</version>{image}</annotations>'
    )


def _laughs() -> str:
    lines = ['<!ENTITY l0 "ha">'] + [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    return _cvat("&l9;", before=f"<!DOCTYPE annotations [{''.join(lines)}]>")


def _coco(segmentation: str, *, height: int = 64, width: int = 64) -> str:
    image = f'{{"id": 1, "file_name": "a.png", "height": {height}, "width": {width}}}'
    annotation = (
        f'{{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2], "segmentation": {segmentation}}}'
    )
    category = '{"id": 1, "name": "a"}'
    return f'{{"images": [{image}], "annotations": [{annotation}], "categories": [{category}]}}'


def _labelme(points: str, mask: bytes = b"") -> str:
    kind = f'"mask", "mask": "{base64.b64encode(mask).decode()}"' if mask else '"polygon"'
    shape = f'{{"label": "a", "points": {points}, "shape_type": {kind}, "group_id": null, "flags": {{}}}}'
    image = '"imagePath": "a.png", "imageData": null, "imageHeight": 64, "imageWidth": 64'
    return f'{{"version": "5.0.0", "flags": {{}}, "shapes": [{shape}], {image}}}'


def _labelbox(vertices: int) -> str:
    points = '{"x":1,"y":1},' * (vertices - 1) + '{"x":2,"y":2}'
    labels = f'{{"labels": [{{"annotations": {{"objects": [{{"name": "a", "polygon": [{points}]}}]}}}}]}}'
    size = '"media_attributes": {"height": 64, "width": 64}'
    return f'{{"data_row": {{"external_id": "a.png"}}, {size}, "projects": {{"p": {labels}}}}}'


def _via(vertices: int) -> str:
    region = f'{{"shape_attributes": {_via_polygon(vertices)}, "region_attributes": {{}}}}'
    return f'{{"_via_img_metadata": {{"a": {{"filename": "a.png", "regions": [{region}]}}}}}}'


def _via_csv(vertices: int) -> str:
    quoted = _via_polygon(vertices).replace('"', '""')
    return f'{_VIA_COLUMNS}a.png,"{quoted}","{{}}"\n'


def _via_polygon(vertices: int) -> str:
    line = "1," * (vertices - 1) + "2"
    return f'{{"name": "polygon", "all_points_x": [{line}], "all_points_y": [{line}]}}'


def _yolo(path: Path) -> None:
    """Write a data set whose list of classes is made of aliases of aliases."""
    lists = ["- &l0 [a, a, a, a, a, a, a, a, a, a]"]
    lists += [f"- &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    path.parent.mkdir()
    path.write_text("names:\n" + "\n".join(lists) + "\n", encoding="utf-8")
    (path.parent / "labels").mkdir()
    (path.parent / "labels" / "a.txt").write_text("0 .5 .5 .1 .1\n", encoding="utf-8")


def _archive(member: str, size: int) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(member, "w") as file,
        ):
            for _ in range(max(size // 2**20, 1)):
                file.write(bytes(min(size, 2**20)))

    return write


def _png(path: Path) -> None:
    path.write_bytes(_huge_png())


def _huge_png() -> bytes:
    """Return a small picture whose header claims 100,000 x 100,000 pixels, 10 GB."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(2**20))), (b"IEND", b"")]
    body = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _tif(path: Path) -> None:
    """Write a small file whose header claims 100,000 x 100,000 pixels, 10 GB."""
    import numpy as np
    import tifffile

    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((16, 16), np.uint8))
    buffer.seek(0)
    with tifffile.TiffFile(buffer) as tif:
        offsets = [
            tif.pages.first.tags[name].valueoffset for name in ("ImageWidth", "ImageLength", "RowsPerStrip")
        ]
    data = bytearray(buffer.getvalue())
    for offset in offsets:
        data[offset : offset + 4] = struct.pack("<I", 100_000)
    path.write_bytes(data)
