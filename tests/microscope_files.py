"""Small files as microscopes write them, made of bytes by their specifications."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import zarr

Axes = list[dict[str, Any]]
IMAGE = np.arange(12 * 20, dtype=np.uint16).reshape(12, 20)
"""An integer image with few values, which napari would guess to be labels."""
STACK = np.stack([IMAGE + 1000 * k for k in range(3)])


def hyperspy_axes(shape: tuple[int, ...], size: float = 0.02, unit: str = "nm", offset: float = 0.0) -> Axes:
    """Return the axes of a stack of images as HyperSpy states them."""
    names, navigation = ("t", "y", "x")[-len(shape) :], len(shape) - 2
    return [
        {
            "name": name,
            "scale": size if place >= navigation else 1.5,
            "offset": offset if place >= navigation else 0.0,
            "units": unit if place >= navigation else "s",
            "size": shape[place],
            "navigate": place < navigation,
        }
        for place, name in enumerate(names)
    ]


def signal_dict(data: np.ndarray, axes: Axes, title: str) -> dict[str, Any]:
    """Return a signal as RosettaSciIO's writers take it."""
    return {
        "data": data,
        "axes": [axis | {"_type": "UniformDataAxis", "is_binned": False} for axis in axes],
        "metadata": {"General": {"title": title}, "Signal": {"signal_type": ""}},
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "package_info": {"package": "hyperspy", "package_version": "2.3"},
        "learning_results": {},
        "models": {},
        "tmp_parameters": {},
    }


def write_hspy(path: Path, signals: dict[str, tuple[np.ndarray, Axes]]) -> Path:
    """Write a .hspy file, or a .emd file of the NCEM kind."""
    import h5py
    from rsciio import emd, hspy

    if path.suffix == ".emd":
        (title, (data, axes)), *rest = signals.items()
        emd.file_writer(path, signal_dict(data, axes, title))
        with h5py.File(path, "a") as file:
            for title, (data, axes) in rest:
                group = file["signals"].create_group(title)
                group.attrs["emd_group_type"] = 1
                group["data"] = data.T
                for place, axis in enumerate(reversed(axes), 1):
                    dim = group.create_dataset(
                        f"dim{place}", data=[axis["offset"], axis["offset"] + axis["scale"]]
                    )
                    dim.attrs["name"], dim.attrs["units"] = axis["name"], axis["units"]
        return path
    for title, (data, axes) in signals.items():
        part = path.with_suffix(f".{len(title)}.part")
        hspy.file_writer(part, signal_dict(data, axes, title), show_progressbar=False)
        with h5py.File(part) as source, h5py.File(path, "a") as file:
            file.attrs.update(source.attrs)
            source.copy(f"Experiments/{title}", file.require_group("Experiments"))
        part.unlink()
    return path


def write_zspy(path: Path, signals: dict[str, tuple[np.ndarray, Axes]]) -> Path:
    """Write a .zspy folder as HyperSpy 2 does; RosettaSciIO's own writer needs an old zarr."""
    root = zarr.open_group(str(path), mode="w", zarr_format=2)
    root.attrs.update({"file_format": "ZSpy", "file_format_version": "3.3"})
    experiments = root.create_group("Experiments")
    for title, (data, axes) in signals.items():
        signal = experiments.create_group(title)
        signal.create_array("data", data=data, chunks=(*(1,) * (data.ndim - 2), *data.shape[-2:]))
        for place, axis in enumerate(axes):
            signal.create_group(f"axis-{place}").attrs.update(axis | {"_type": "UniformDataAxis"})
        metadata = signal.create_group("metadata")
        metadata.create_group("General").attrs["title"] = title
        metadata.create_group("Signal").attrs["signal_type"] = ""
        signal.create_group("original_metadata")
    return path


def write_velox(path: Path, images: dict[str, np.ndarray], *, size: tuple[float, float] = (2e-11, 2e-11)) -> Path:
    """Write a .emd file as Velox does: an array (y, x, frame) per detector, everything else JSON in bytes.

    Sizes in m; the first pixel is at -1 and -2 nm.
    """
    import h5py

    def note(group: Any, name: str, content: dict[str, Any], length: int = 6000) -> None:
        text = np.zeros((length, 1), np.uint8)
        raw = np.frombuffer(json.dumps(content).encode(), np.uint8)
        text[: len(raw), 0] = raw
        group[name] = text

    operations = {}
    with h5py.File(path, "w") as file:
        file["Version"] = np.array([json.dumps({"format": "Velox", "version": "1.0"})], dtype="S200")
        for index, (detector, data) in enumerate(images.items()):
            key = f"{index:032x}"
            stack = data[None] if data.ndim == 2 else data
            group = file.create_group(f"Data/Image/{key}")
            group.create_dataset("Data", data=np.moveaxis(stack, 0, -1), chunks=(*stack.shape[1:], 1))
            content = {
                "BinaryResult": {
                    "PixelSize": {"width": str(size[1]), "height": str(size[0])},
                    "Offset": {"x": "-2e-9", "y": "-1e-9"},
                    "PixelUnitX": "m",
                    "PixelUnitY": "m",
                    "DetectorIndex": str(index),
                },
                "Scan": {"FrameTime": "0.5"},
                "Detectors": {
                    f"Detector-{k}": {"DetectorName": name, "DetectorType": "ScanningDetector"}
                    for k, name in enumerate(images)
                },
                "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1500000000"}},
            }
            note(group, "Metadata", content)
            operations[f"{index:032x}"] = {"dataPath": f"/Data/Image/{key}", "detector": detector}
        group = file.create_group("Operations/StemInputOperation")
        for key, content in operations.items():
            group[key] = np.array([json.dumps(content)], dtype="S400")
    return path


def write_mrc(path: Path, data: np.ndarray, size: float = 0.2) -> Path:
    """Write an MRC file of the 2014 standard; pixel size in Å, 0 for none."""
    modes = {np.dtype(np.int16): 1, np.dtype(np.float32): 2, np.dtype(np.uint16): 6}
    stack = data[None] if data.ndim == 2 else data
    depth, height, width = stack.shape
    sampling = (width, height, depth) if size else (0, 0, 0)
    head = struct.pack("<10I", width, height, depth, modes[stack.dtype], 0, 0, 0, *sampling)
    head += struct.pack("<6f", width * size, height * size, depth * size, 90, 90, 90)
    head += struct.pack("<3I", 1, 2, 3)
    path.write_bytes(head.ljust(208, b"\0") + b"MAP \x44\x44\0\0" + bytes(808) + stack.tobytes())
    return path


def write_ser(path: Path, stack: np.ndarray, size: float = 2e-11, first: tuple[float, float] = (0.0, 0.0)) -> Path:
    """Write a series of images of TIA; pixel size and place (y, x) of the first pixel in m, stated for pixel 2.

    Rows come from the bottom to the top.
    """
    unit, description = b"meters", b"Number"
    count, height, width = stack.shape
    axis = struct.pack("<IddI", count, 0.0, 1.0, 0)
    axis += struct.pack("<I", len(description)) + description + struct.pack("<I", 0)
    head_size = 30 + len(axis)
    element = 50 + stack[0].nbytes + 24
    starts = [head_size + 8 * count + k * element for k in range(count)]
    head = struct.pack("<HHHIIII", 0x4949, 0x0197, 0x0210, 0x4122, 0x4142, count, count)
    head += struct.pack("<II", head_size, 1) + axis
    tags = [start + 50 + stack[0].nbytes for start in starts]
    table = struct.pack(f"<{2 * count}I", *starts, *tags)
    body = b""
    for image in stack:
        y, x = (place + 2 * size for place in first)
        body += struct.pack("<ddIddIHII", x, size, 2, y, size, 2, 2, width, height)
        body += image[::-1].astype("<u2").tobytes() + struct.pack("<HHIdd", 0x4142, 0, 0, 0.0, 0.0)
    path.write_bytes(head + table + body)
    assert len(unit) == 6
    return path


class DigitalMicrograph:
    """Writes the tags of a dm3 or dm4 file."""

    def __init__(self, version: int) -> None:
        self._long = "q" if version == 4 else "l"
        self.version = version

    def _int(self, value: int) -> bytes:
        return struct.pack(f">{self._long}", value)

    def entry(self, name: str, kind: int, content: bytes) -> bytes:
        head = bytes([kind]) + struct.pack(">H", len(name)) + name.encode()
        return head + (struct.pack(">Q", len(content)) if self.version == 4 else b"") + content

    def number(self, name: str, value: float, kind: int, code: str) -> bytes:
        return self.entry(name, 21, b"%%%%" + self._int(1) + self._int(kind) + struct.pack(f"<{code}", value))

    def text(self, name: str, value: str) -> bytes:
        raw = value.encode("utf-16-le")
        return self.array(name, np.frombuffer(raw, "<u2"), 4)

    def array(self, name: str, data: np.ndarray, kind: int) -> bytes:
        info = self._int(3) + self._int(20) + self._int(kind) + self._int(data.size)
        return self.entry(name, 21, b"%%%%" + info + data.tobytes())

    def group(self, name: str, *entries: bytes) -> bytes:
        return self.entry(name, 20, self.entries(*entries))

    def entries(self, *entries: bytes) -> bytes:
        return b"\0\0" + self._int(len(entries)) + b"".join(entries)


def write_dm(
    path: Path, images: dict[str, np.ndarray], *, size: tuple[float, float] = (0.02, 0.02), unit: str = "nm"
) -> Path:
    """Write a dm3 or dm4 file; pixel size (height, width) in its unit, the first pixel at -1 and -2 of it."""
    dm = DigitalMicrograph(int(path.suffix[-1]))
    kinds = {np.dtype(np.uint16): (10, 4), np.dtype(np.float32): (2, 6), np.dtype(np.int32): (7, 3)}

    def image(name: str, data: np.ndarray) -> bytes:
        data_type, kind = kinds[data.dtype]
        scales = [size[1], size[0], 1.0][: data.ndim]
        origins = [2 / size[1], 1 / size[0], 0.0][: data.ndim]
        units = [unit, unit, "s"][: data.ndim]
        dimension = [
            dm.group(
                "", dm.number("Origin", origin, 6, "f"), dm.number("Scale", scale, 6, "f"), dm.text("Units", one)
            )
            for origin, scale, one in zip(origins, scales, units, strict=True)
        ]
        brightness = dm.group(
            "Brightness", dm.number("Origin", 0, 6, "f"), dm.number("Scale", 1, 6, "f"), dm.text("Units", "")
        )
        content = dm.group(
            "ImageData",
            dm.group("Calibrations", brightness, dm.group("Dimension", *dimension)),
            dm.array("Data", data, kind),
            dm.number("DataType", data_type, 5, "L"),
            dm.group("Dimensions", *(dm.number("", length, 5, "L") for length in reversed(data.shape))),
        )
        return dm.group("", content, dm.group("ImageTags"), dm.text("Name", name))

    root = dm.entries(dm.group("ImageList", *(image(name, data) for name, data in images.items())))
    root_size = struct.pack(">Q" if dm.version == 4 else ">I", len(root))
    path.write_bytes(struct.pack(">I", dm.version) + root_size + struct.pack(">I", 1) + root + bytes(8))
    return path
