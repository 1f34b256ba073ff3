"""What goes wrong in a training, in words that say what is lost, what is kept and what to do."""

from pathlib import Path

from napari_strata.errors import StrataError, TrainingError

_DETERMINISM = "does not have a deterministic implementation"


def in_our_words(error: Exception, out: Path) -> Exception:
    """Return an error that a user understands; one that is no known fault stays what it is.

    Parameters
    ----------
    error : Exception
        What ended the training.
    out : Path
        Its run folder.
    """
    from napari_strata.training.machine.out_of_memory import is_out_of_memory

    text = str(error)
    if isinstance(error, StrataError):
        return error
    if is_device_lost(error):
        return TrainingError(
            f"The GPU no longer answers ({_first_line(text)}).",
            remedy=f"Start the program again and {go_on(out)}; if it happens again, train on the cpu.",
        )
    if is_out_of_memory(error):
        return TrainingError(
            f"The memory is used up ({_first_line(text)}).",
            remedy=short_of_memory(out),
        )
    if _DETERMINISM in text:
        return TrainingError(
            f"This training cannot repeat to the bit on this device ({_first_line(text)}).",
            remedy="Leave out 'deterministic', or train on the cpu.",
        )
    if is_other_process_lost(error):
        return TrainingError(
            "Another of the processes that train together has ended.",
            remedy=f"If the terminal tells no cause, it lacked memory. {short_of_memory(out)}",
        )
    return error


def is_other_process_lost(error: Exception) -> bool:
    """Tell whether an error is what gloo or NCCL say when a process no longer answers."""
    known = type(error).__name__ in ("DistBackendError", "DistNetworkError", "DistStoreError")
    return known or (isinstance(error, RuntimeError) and "gloo" in str(error))


def is_device_lost(error: Exception) -> bool:
    """Tell whether an error means that the GPU is gone or in disorder, for as long as this process lives."""
    kind = type(error).__name__
    lost = kind == "AcceleratorError" or (isinstance(error, RuntimeError) and "CUDA error" in str(error))
    return lost and kind != "OutOfMemoryError"


def short_of_memory(out: Path) -> str:
    """Say what to do when memory was short; a run that is resumed keeps its batch and patch."""
    return f"Close other programs and {go_on(out)}; or train anew with a smaller batch or patch (Advanced)."


def go_on(out: Path) -> str:
    """Say how to go on with a run."""
    if (out / "checkpoint").is_dir():
        return f"resume the training where it was saved last: napari-strata train --resume {out}"
    return "start the training anew"


def _first_line(text: str) -> str:
    return next(iter(text.splitlines()), "").rstrip(".")
