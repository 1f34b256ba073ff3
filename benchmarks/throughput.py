"""Images per second of a training step, loading included, beside the published training's."""

import statistics
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.published_recipe import SIDE, make_bilayers
from benchmarks.published_training import BATCH, SEED, make_network, train, write_files
from napari_strata.config import ClassTable, ModelConfig, TrainingConfig
from napari_strata.control import JobControl
from napari_strata.events import BatchEnded
from napari_strata.types import ImageStack

IMAGES = 16
"""Images in memory here, PNG files there; the same ones."""
BLOCK = 4
"""Steps in a row of one training before it is the other's turn."""


def measure(blocks: int = 8) -> Iterator[Figure]:
    """Take turns, `BLOCK` steps each, and compare the medians."""
    bilayers = make_bilayers(IMAGES, seed=SEED)
    with tempfile.TemporaryDirectory() as folder:
        theirs = train(make_network(), write_files(Path(folder), bilayers))
        ours = our_steps([b.image for b in bilayers], [b.labels for b in bilayers])
        _block(theirs), _block(ours)  # what the first steps have to set up
        times: list[list[float]] = [[], []]
        for _ in range(blocks):
            for taken, steps in zip(times, (theirs, ours), strict=True):
                taken.append(statistics.median(_block(steps)))
        ours.close()
    published, here = (BATCH / statistics.median(taken) for taken in times)
    device = f"{computing_device()}, {matrix_units()}"
    yield Figure("throughput: images per second", here, "1/s", "", {"published": published}, device)
    ratio = statistics.median(t / o for t, o in zip(*times, strict=True))
    yield Figure("throughput: ratio to the published training", ratio, "", target(), {"published": 1}, device)


def our_steps(images: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> Generator[float, None, None]:
    """Train the same network on the same images and batches; yield the time from each step to the next [s]."""
    from napari_strata.models.registry import build_network
    from napari_strata.training.engine.loop import Trainer
    from napari_strata.training.machine.fabric import make_fabric
    from napari_strata.training.patches.labelled import LabelledSource

    network_config = ModelConfig(filters=(32, 64, 128, 256), dropout=0.2, pixel_size=None)
    config = TrainingConfig(batch_size=BATCH, patch_size=SIDE, time_limit=None, steps_per_epoch=100_000)
    torch.manual_seed(0)
    source = LabelledSource(
        (ImageStack(np.stack(images), None, "bilayers"),),
        (np.stack(labels),),
        table=ClassTable.from_names(("C",)),
        patch_size=SIDE,
        pixel_size=None,
        receptive_field=0,
        validation_fraction=0,
        seed=0,
    )
    trainer = Trainer(build_network(network_config, 1), source, config, fabric=make_fabric(config))
    control = JobControl()
    last = time.perf_counter()
    for event in trainer.run(control, lambda _network, _epoch: None):
        if isinstance(event, BatchEnded):
            now = time.perf_counter()
            yield now - last
            last = time.perf_counter()


def matrix_units() -> str:
    """Return which units multiply bfloat16 here."""
    if torch.cuda.is_available():
        return "GPU"
    has = torch.cpu.get_capabilities()
    return ", ".join(name for name in ("amx_bf16", "avx512_bf16") if has.get(name)) or "no bf16 in hardware"


def target() -> str:
    """Return what is asked of this device."""
    units = matrix_units()
    return ">= 3" if units == "GPU" else ">= 4" if "amx" in units else ">= 1.3"


def _block(steps: Iterator[float]) -> list[float]:
    return [next(steps) for _ in range(BLOCK)]
