"""Opening the weights of a network of the Segment Anything family, which strangers trained.

Only safetensors are read: a file that is a pickle can run whatever its maker put into it. The networks are those
of the package transformers, which is an optional part of the program.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from napari_strata.errors import BundleError, ExtraError

WEIGHTS, CONFIG = "model.safetensors", "config.json"
"""Names of the two files of a checkpoint, as on the Hugging Face hub."""
LARGEST_CONFIG = 1_000_000
"""Largest size of the configuration [bytes]."""
_CLASSES = {"sam": "SamModel", "sam2": "Sam2Model", "sam2_video": "Sam2Model"}
"""What each ``model_type`` is opened with; a network for videos holds one for images."""
_PICKLES = {".bin", ".pth", ".pt", ".ckpt", ".pkl", ".pickle"}
_INSTALL = 'Run: pip install "napari-strata[segment-anything]", then start napari again.'
_WANTED = f"Name a folder with {WEIGHTS} and {CONFIG}, as facebook/sam-vit-base has them on huggingface.co."


def check_installed() -> None:
    """Check that the optional part is there, without importing it.

    Raises
    ------
    ExtraError
        If it is not, with the line that installs it.
    """
    if find_spec("transformers") is None:
        raise ExtraError(
            "Segment Anything needs the package transformers, which is not installed.", remedy=_INSTALL
        )


def find_checkpoint(path: Path) -> Path:
    """Return the folder of a checkpoint.

    Parameters
    ----------
    path : Path
        The folder, or one of the two files in it.

    Raises
    ------
    BundleError
        If a file is missing, a pickle is all that is there, or the network is of another family.
    """
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise BundleError(f"{path} does not exist.", remedy=_WANTED)
    if path.suffix.lower() in _PICKLES and path.is_file():
        raise _is_pickle(path)
    if path.is_file() and path.name not in (WEIGHTS, CONFIG):
        raise BundleError(f"{path.name} is not {WEIGHTS}.", remedy=f"Call it so, and put its {CONFIG} beside it.")
    if not (folder / WEIGHTS).is_file():
        pickles = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in _PICKLES]
        raise _is_pickle(pickles[0]) if pickles else BundleError(f"{folder} has no {WEIGHTS}.", remedy=_WANTED)
    read_family(folder / CONFIG)
    return folder


def read_family(path: Path) -> str:
    """Return the ``model_type`` that a configuration states.

    Raises
    ------
    BundleError
        If the file is missing or damaged, or states another family.
    """
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise BundleError(f"{path} is too large for a configuration.", remedy=_WANTED)
        stated = json.loads(path.read_text(encoding="utf-8"))
        family = stated.get("model_type") if isinstance(stated, dict) else None
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}).", remedy=_WANTED) from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is damaged.", remedy="Fetch it again.") from error
    if not isinstance(family, str) or family not in _CLASSES:
        raise BundleError(
            f"{path} describes a network of the kind {str(family)[:40]!r}.",
            remedy=f"Only these can be prompted here: {', '.join(_CLASSES)}.",
        )
    return family


def open_checkpoint(path: Path) -> Any:
    """Open a network for reading, in fp32 on the CPU; nothing is fetched.

    Parameters
    ----------
    path : Path
        As for `find_checkpoint`.

    Returns
    -------
    transformers.SamModel or transformers.Sam2Model
        In eval mode.

    Raises
    ------
    ExtraError
        If transformers is not installed.
    BundleError
        If the files cannot be read, or weights are missing or of another shape.
    """
    check_installed()
    folder = find_checkpoint(path)
    import torch
    import transformers
    from safetensors import SafetensorError

    kind = getattr(transformers, _CLASSES[read_family(folder / CONFIG)])
    try:
        with _no_progress_bars():
            network, loading = kind.from_pretrained(
                folder,
                use_safetensors=True,
                local_files_only=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, SafetensorError) as error:
        detail = " ".join(str(error).split())[:200]
        raise BundleError(f"{folder} cannot be opened ({detail}).", remedy="Fetch both files again.") from error
    if missing := sorted(loading["missing_keys"]):
        raise BundleError(
            f"{folder / WEIGHTS} lacks {len(missing)} weights, {missing[0]} for one.",
            remedy=f"Take {WEIGHTS} and {CONFIG} from the same place.",
        )
    return network.eval()


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Keep transformers from drawing on a terminal that may not be there."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()


def _is_pickle(path: Path) -> BundleError:
    return BundleError(
        f"{path.name} is a pickle, which can run a stranger's program; it is not opened.",
        remedy=f"Take the same network as {WEIGHTS} with its {CONFIG}; "
        "huggingface.co has both, for example under facebook/sam-vit-base.",
    )
