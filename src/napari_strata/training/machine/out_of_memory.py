"""Telling a lack of memory from other errors, and giving back what can be given back."""

import gc

import torch

_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "alloc_failed",
    "could not create a primitive",
)
"""What torch's allocators and oneDNN say, for which there is no type of error on the CPU."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory is used up."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def free_memory(device: torch.device) -> None:
    """Give memory back that nothing uses, after an error whose traceback may have held it."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
