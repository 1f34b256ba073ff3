"""How long the real command takes to import a large CVAT file, and how much memory."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure

IMAGES, POLYGONS, SIDE, VERTICES = 100, 10_000, 1024, 24
SECONDS, MEGABYTES = "<= 10", "<= 1000"


def measure(*, images: int = IMAGES, polygons: int = POLYGONS) -> Iterator[Figure]:
    """Measure mask codes and object numbers of so many polygons on so many images."""
    with tempfile.TemporaryDirectory() as folder:
        file = make_cvat(Path(folder), images, polygons)
        for kind in ("semantic", "instance"):
            seconds, megabytes = run_import(file, Path(folder), kind)
            name = f"label_import: {polygons:,} polygons on {images} images of {SIDE} x {SIDE}, {kind}"
            yield Figure(f"{name}: time", seconds, "s", SECONDS)
            yield Figure(f"{name}: peak memory", megabytes, "MB", MEGABYTES)


def make_cvat(folder: Path, images: int, polygons: int) -> Path:
    """Write a CVAT file with star-shaped polygons, and the images that it names."""
    from napari_strata.io.tif import write_tif

    rng = np.random.default_rng(0)
    pictures = folder / "images"
    pictures.mkdir()
    angles = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    lines = ["<annotations><version>1.1</version>"]
    for number in range(images):
        name = f"image-{number:03d}"
        write_tif(pictures / f"{name}.tif", np.zeros((SIDE, SIDE), np.uint8), "YX")
        lines.append(f'<image id="{number}" name="{name}.png" width="{SIDE}" height="{SIDE}">')
        for place in range(polygons // images):
            radius = rng.uniform(8, 40, VERTICES)
            centre = rng.uniform(0, SIDE, 2)
            corners = centre[:, None] + radius * np.stack([np.cos(angles), np.sin(angles)])
            points = ";".join(f"{x:.2f},{y:.2f}" for x, y in corners.T)
            words = f'label="class {place % 5}" source="manual" occluded="0" z_order="0"'
            lines.append(f'<polygon {words} points="{points}"/>')
        lines.append("</image>")
    file = folder / "annotations.xml"
    file.write_text("\n".join([*lines, "</annotations>"]))
    return file


def run_import(file: Path, folder: Path, kind: str) -> tuple[float, float]:
    """Run the command in a process of its own; return its time [s] and its peak memory [MB]."""
    words = ["labels", "import", file, "--images", folder / "images", "--kind", kind, "--out", folder / kind]
    code = (
        "import sys; from napari_strata.cli import main; code = main(); "
        "from benchmarks.memory import peak_memory; print(peak_memory()); sys.exit(code)"
    )
    start = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, float(answer.stdout.split()[-1])
