"""Which device computes, and how much memory it has left."""

import torch

from napari_strata.config.training import Device
from napari_strata.errors import DeviceError
from napari_strata.models.free_memory import free_main_memory


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


def free_memory_of(device: torch.device) -> int:
    """Return how much memory of a device can still be used [bytes].

    Raises
    ------
    DeviceError
        If the device does not tell.
    """
    if device.type == "cpu":
        return free_main_memory()
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + unused)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    raise DeviceError(f"{device} does not tell its memory.", remedy="Choose the device cpu, cuda or mps.")
