"""Which of several processes this one is, as its environment tells; known before torch is imported."""

import os

LOCAL_RANK = "LOCAL_RANK"
"""Set by torchrun and by fabric in the processes that they start."""


def is_by_torchrun() -> bool:
    """Tell whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_by_srun() -> bool:
    """Tell whether srun started this process as one of several; a job of one task may start its own."""
    return int(os.environ.get("SLURM_NTASKS", "1")) > 1 and "SLURM_PROCID" in os.environ


def launched_from_outside() -> bool:
    """Tell whether torchrun, srun or fabric started this process as one of those that train together."""
    return LOCAL_RANK in os.environ or is_by_srun()


def is_first() -> bool:
    """Tell whether this process writes and shows what several do together."""
    if is_by_srun():
        return os.environ["SLURM_PROCID"] == "0"
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", LOCAL_RANK, "NODE_RANK"))
