"""Where a training stands, on disk: tensors as safetensors, the rest as JSON; no pickle anywhere.

The tensors go to a file named by their checksum before the state.json that names them replaces the one before. So
a reader at any moment, and one who comes after a crash, finds the old checkpoint or the new one, whole.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.errors import CheckpointError, OutputError
from napari_strata.io.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

State = dict[str, Any]
"""Nested dicts, lists and tuples (which come back as lists) of numbers, texts, None and tensors."""
STATE = "state.json"
FORMAT = 2


def save_checkpoint(folder: Path, state: State) -> str:
    """Write a checkpoint in place of the one that is there.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoint; made if it is not there.
    state : State
        What to keep. Tensors may lie on any device and share memory.

    Returns
    -------
    str
        SHA-256 of the tensors' file: equal for equal tensors.

    Raises
    ------
    OutputError
        If it cannot be written; the checkpoint that was there stays.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    values = _pack(state, "", tensors)
    data = save(tensors)
    digest = hashlib.sha256(data).hexdigest()
    name = f"tensors-{digest[:8]}.safetensors"
    if not _holds(folder / name, len(data)):
        _write(folder / name, data)
    content = {"format": FORMAT, "tensors": name, "sha256": digest, "values": values}
    _write(folder / STATE, json.dumps(content).encode())
    _remove_others(folder, name)
    return digest


def load_checkpoint(folder: Path) -> State:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError
        If there is none, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    content = _read(folder)
    try:
        data = (folder / content["tensors"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != content["sha256"]:
            raise _damaged(folder, f"{content['tensors']} does not match its checksum")
        state: State = _unpack(content["values"], load(data))
    except OSError as error:
        raise _damaged(folder, str(error.strerror)) from error
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise _damaged(folder, str(error)) from error
    return state


def checksum(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's tensors: equal for equal tensors.

    Raises
    ------
    CheckpointError
        If there is no checkpoint, or it is damaged.
    """
    return str(_read(folder).get("sha256"))


def _read(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder.parent} holds no checkpoint: its training ended before the first epoch was through.",
            remedy="Start it anew.",
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(folder, str(error)) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(folder, "another version of napari-strata wrote it")
    return content


def _damaged(folder: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"The checkpoint in {folder} cannot be read ({why}).",
        remedy="The best weights are not affected: start a new training from the run's model (--from).",
    )


def _pack(value: Any, name: str, tensors: "dict[str, Tensor]") -> Any:
    """Turn a state into what JSON knows, its tensors into names; keys may be texts or numbers."""
    from torch import Tensor

    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"items": [[key, _pack(item, f"{name}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_pack(item, f"{name}/{index}", tensors) for index, item in enumerate(value)]
    return value


def _unpack(value: Any, tensors: "dict[str, Tensor]") -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    return {key: _unpack(item, tensors) for key, item in value["items"]}


def _holds(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _write(path: Path, data: bytes) -> None:
    """Write a file that a machine which loses power keeps, too."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove_others(folder: Path, name: str) -> None:
    try:
        for stale in (*folder.glob("tensors-*.safetensors"), *folder.glob(".*.part")):
            if stale.name != name:
                stale.unlink()
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror}).",
            remedy="Choose a folder that you may write to and that has space left.",
        ) from error
