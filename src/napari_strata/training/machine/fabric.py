"""Devices, precision and processes that train together, through lightning-fabric."""

import logging
import os
from datetime import timedelta
from typing import Any, Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy

from napari_strata.config import TrainingConfig
from napari_strata.errors import ConfigError, DeviceError
from napari_strata.models.device import resolve_device
from napari_strata.training.machine.ranks import is_by_srun, is_by_torchrun
from napari_strata.training.machine.team import check_divisible

WAIT = timedelta(days=7)
"""Longest time that processes wait for each other; it is long because they wait while a training is paused."""


def make_fabric(config: TrainingConfig) -> Fabric:
    """Return a launched fabric: one device here, or one process for each of several.

    Where torchrun or srun have started the processes, this one joins the others. Otherwise fabric starts those of
    this machine, by this process's own command line; the caller must be a program that may be run again.

    Raises
    ------
    DeviceError
        If this machine lacks the device, or has too few.
    ConfigError
        If the batch cannot be divided, or other numbers of processes were started than are set.
    """
    device = resolve_device(config.device)
    precision: Literal["bf16-mixed", "32-true"] = "32-true"
    if config.precision == "bf16" or (config.precision == "auto" and has_fast_bf16(device)):
        precision = "bf16-mixed"
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it greets, and tells the precision
    if config.devices * config.nodes == 1:
        _check_started(1)
        return Fabric(accelerator=device.type, devices=1, precision=precision)
    _check(config, device)
    fabric = Fabric(
        accelerator=device.type,
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=DDPStrategy(timeout=WAIT),
        precision=precision,
        plugins=_environment(),
    )
    try:
        fabric.launch()
    except ValueError as error:  # fabric compares with what SLURM was told
        raise _mismatch(str(error)) from error
    return fabric


def has_fast_bf16(device: torch.device) -> bool:
    """Tell whether the hardware multiplies bfloat16; elsewhere it would be emulated, slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def _check(config: TrainingConfig, device: torch.device) -> None:
    check_divisible(config.batch_size, config.devices * config.nodes)
    _check_started(config.devices * config.nodes)
    if device.type == "mps":
        raise DeviceError(
            "An Apple GPU cannot train together with others.", remedy="Choose 1 device, or the device cpu."
        )
    if device.type == "cuda" and config.devices > torch.cuda.device_count():
        raise DeviceError(
            f"{config.devices} GPUs were asked for, but this machine has {torch.cuda.device_count()}.",
            remedy="Choose at most as many devices as each machine has.",
        )


def _check_started(processes: int) -> None:
    started = int(os.environ["WORLD_SIZE"] if is_by_torchrun() else os.environ.get("SLURM_NTASKS", "1"))
    if (is_by_torchrun() or is_by_srun()) and started != processes:
        raise _mismatch(f"{started} processes were started, but devices x nodes is {processes}.")


def _environment() -> list[Any]:
    """Leave it to fabric to find out who started the processes; where nobody did, it shall do so itself."""
    return [] if is_by_torchrun() or is_by_srun() else [LightningEnvironment()]


def _mismatch(found: str) -> ConfigError:
    return ConfigError(
        found,
        remedy="Set --devices to the processes that are started on each machine, and --nodes to the machines.",
    )
