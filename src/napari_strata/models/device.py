"""Which device computes."""

import torch

from napari_strata.config.training import Device
from napari_strata.errors import DeviceError


def resolve_device(device: Device) -> torch.device:
    """Return the device that a setting means; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises
    ------
    DeviceError
        If this machine lacks the device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(name for name, there in present.items() if there))
    if not present[device]:
        there = ", ".join(name for name, is_there in present.items() if is_there)
        raise DeviceError(
            f"There is no {device} device on this machine.", remedy=f"Choose auto or one of: {there}."
        )
    return torch.device(device)
