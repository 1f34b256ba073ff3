"""Device and precision, through lightning-fabric."""

from typing import Literal

import torch
from lightning_fabric import Fabric

from napari_strata.config import TrainingConfig
from napari_strata.models.device import resolve_device


def make_fabric(config: TrainingConfig) -> Fabric:
    """Return a fabric for one device.

    Raises
    ------
    DeviceError
        If this machine lacks the device.
    """
    device = resolve_device(config.device)
    precision: Literal["bf16-mixed", "32-true"] = "32-true"
    if config.precision == "bf16" or (config.precision == "auto" and has_fast_bf16(device)):
        precision = "bf16-mixed"
    return Fabric(accelerator=device.type, devices=1, precision=precision)


def has_fast_bf16(device: torch.device) -> bool:
    """Tell whether the hardware multiplies bfloat16; elsewhere it would be emulated, slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False
