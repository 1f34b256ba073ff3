"""What a figure was measured on."""

import functools
import os
import platform
from pathlib import Path


@functools.cache
def cpu() -> str:
    """Return the processor's name and how many of its cores this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name or platform.processor() or platform.machine()}, {cores} cores"


def computing_device() -> str:
    """Return the name of the device on which networks are computed by default."""
    import torch

    from napari_strata.models.device import resolve_device

    device = resolve_device("auto")
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type}: {cpu()}"
