"""Simulate crystal images and write them with their truth."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import SimulationConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import ConfigError, OutputError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job

if TYPE_CHECKING:
    from napari_strata.simulate.scene import SimulatedImage

IMAGE_NAME = "images"
"""Stem of the stack of images; ``image`` in its atom table."""
_FILES = {"images": f"{IMAGE_NAME}.tif", "labels": "labels.tif", "atoms": "atoms.csv", "truth": "truth.json"}


@job
def simulate(
    control: JobControl,
    config: SimulationConfig,
    *,
    count: int,
    size: int,
    pixel_size: float,
    seed: int,
    out: Path,
    overwrite: bool = False,
) -> JobBody:
    """Simulate a stack of images.

    Writes ``images.tif`` (n, y, x float32, calibrated), ``labels.tif`` (n, layer, y, x uint8), ``atoms.csv``
    (sub-pixel truth) and ``truth.json`` (the classes of the labels, the settings, and the values drawn for each
    image). Image i depends on `seed` and i alone.

    Parameters
    ----------
    control : JobControl
        Stop keeps the images that are done; ``figures["images"]`` counts them.
    config : SimulationConfig
        The ranges to draw from.
    count : int
        Number of images, at least 1.
    size : int
        Side of each image [px], at least 16.
    pixel_size : float
        Pixel size [Å/px], above 0.
    seed : int
        Seed, at least 0.
    out : Path
        Folder to write to.
    overwrite : bool
        Whether images and truth that are there may be replaced.

    Raises
    ------
    ConfigError
        If a number is out of its range, or the crystal cannot be read.
    OutputError
        If the folder cannot be written, or holds images already.
    """
    from napari_strata.io.folders import check_free
    from napari_strata.simulate.scene import simulate_image

    if count < 1 or size < 16 or not 0.01 <= pixel_size <= 2 or seed < 0:
        raise ConfigError(
            f"{count} images of {size} px at {pixel_size} Å/px with seed {seed} cannot be simulated.",
            remedy="Take at least 1 image of at least 16 px, 0.01 to 2 Å/px, and a seed of 0 or more.",
        )
    check_free(out, _FILES.values(), overwrite=overwrite)
    _make_folder(out)
    control.run()
    yield StateChanged(control.state)
    scenes: list[SimulatedImage] = []
    while len(scenes) < count and not control.stop_requested:
        rng = np.random.default_rng([seed, len(scenes)])
        scenes.append(simulate_image(config, size=size, pixel_size=pixel_size, rng=rng))
        yield Progress(len(scenes) / count, f"Simulated image {len(scenes)} of {count}")
        control.wait_while_paused()
    if not scenes:
        raise JobCanceled
    paths = _write(scenes, config, pixel_size, seed, out)
    atoms = sum(len(scene.atoms) for scene in scenes)
    figures = {
        "images": len(scenes),
        "crystal": config.subject,
        "layers": config.layers,
        "atoms": atoms,
        "seed": seed,
    }
    return JobResult(figures, paths, scenes)


def _write(
    scenes: "list[SimulatedImage]", config: SimulationConfig, pixel_size: float, seed: int, out: Path
) -> dict[str, str]:
    from napari_strata.io.atom_tables import write_atoms
    from napari_strata.io.images import write_images
    from napari_strata.io.masks import write_masks

    paths = {what: out / name for what, name in _FILES.items()}
    write_images(np.stack([scene.image for scene in scenes]), paths["images"], pixel_size=pixel_size)
    write_masks(np.stack([scene.labels for scene in scenes]), paths["labels"], pixel_size=pixel_size)
    write_atoms(_atom_table(scenes), paths["atoms"])
    truth = {
        "seed": seed,
        "classes": list(scenes[0].classes),
        "simulation": config.model_dump(mode="json"),
        "images": [scene.parameters for scene in scenes],
    }
    try:
        paths["truth"].write_text(json.dumps(truth, indent=2), encoding="utf-8")
    except OSError as error:
        raise _unwritable(out, error) from error
    return {name: str(path) for name, path in paths.items()}


def _atom_table(scenes: "list[SimulatedImage]") -> Any:
    import pandas as pd

    tables = [scene.atoms.assign(image=IMAGE_NAME, frame=frame) for frame, scene in enumerate(scenes)]
    columns = ["image", "frame", "layer", "species", "y_px", "x_px", "y_A", "x_A"]
    return pd.concat(tables, ignore_index=True)[columns]


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{out} cannot be written ({error.strerror}).", remedy="Choose a folder that you may write to."
    )
