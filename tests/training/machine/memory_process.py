"""Takes steps of training in a process of its own and prints, as JSON, what they took; run by test_memory.py."""

import gc
import json
import resource
import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric

from napari_strata.config import TrainConfig
from napari_strata.models.registry import build_network
from napari_strata.training.engine.optimizer import Stepper, make_optimizer
from napari_strata.training.machine.memory import memory_need
from napari_strata.types import Truth


def status(name: str) -> int:
    """Return a size of this process [bytes]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def stepper_of(config: TrainConfig) -> Stepper:
    """Return what trains a new network, with its memory for gradients and moments taken."""
    fabric = Fabric(accelerator="cpu", devices=1)
    network = build_network(config.model, 1).to(memory_format=torch.channels_last)
    module, optimizer = fabric.setup(network, make_optimizer(network.parameters(), config.training.optimizer))
    stepper = Stepper(module, optimizer, config.training, fabric)
    stepper.step(*batch_of(1, 32), 1e-3)
    return stepper


def batch_of(size: int, side: int) -> tuple[torch.Tensor, Truth]:
    """Return a batch of noise."""
    images = torch.randn(size, 1, side, side).contiguous(memory_format=torch.channels_last)
    return images, Truth(torch.randint(1, 3, (size, 2, side, side), dtype=torch.uint8))


def peak(config: TrainConfig) -> dict[str, float]:
    """Compare the estimated peak of a step with that of the process; both beyond what weights take."""
    need = memory_need(config.model, config.training, 1)
    stepper = stepper_of(config)
    batch = batch_of(config.training.batch_size, config.training.patch_size)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    before = status("VmRSS")
    stepper.step(*batch, 1e-3)
    return {"estimated": need.batch * need.per_patch, "real": status("VmHWM") - before}


def limited(config: TrainConfig, room: int) -> dict[str, object]:
    """Take a step while only so much more address space may be used."""
    torch.set_num_threads(1)
    stepper = stepper_of(config)
    batch = batch_of(config.training.batch_size, config.training.patch_size)
    limit = status("VmSize") + room
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    loss = stepper.step(*batch, 1e-3)
    return {"loss": loss, "part_size": stepper.part_size}


if __name__ == "__main__":
    mode, settings, *rest = sys.argv[1:]
    config = TrainConfig.parse(json.loads(settings))
    print(json.dumps(peak(config) if mode == "peak" else limited(config, int(rest[0]))))
