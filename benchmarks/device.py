"""What a figure was measured on."""

import functools
import os
import platform
from pathlib import Path


def cpu() -> str:
    """Return the processor's name, how many of its cores this process may use, and how threads of torch wait."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', 'unset')}"


@functools.cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return name or platform.processor() or platform.machine()


def computing_device() -> str:
    """Return the name of the device on which networks are computed by default."""
    import torch

    from napari_strata.models.device import resolve_device

    device = resolve_device("auto")
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type}: {cpu()}"
