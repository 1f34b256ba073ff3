"""What a training works on, laid down in a folder for the processes that will train.

Arrays become .npy files and not part of a message: every process maps them into its memory, so that several share
one copy, and none is ever held twice, as packed bytes and unpacked. All else is JSON.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.errors import OutputError
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.types import ImageStack

_TASK = "task.json"
_KINDS = {kind.__name__: kind for kind in (TrainInputs, ImageStack, Painted)}


def lay_down(folder: Path, config: TrainConfig, inputs: TrainInputs) -> None:
    """Write a configuration and its inputs to an empty folder.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    try:
        task = {"config": config.model_dump(mode="json"), "inputs": _pack(inputs, folder)}
        (folder / _TASK).write_text(json.dumps(task), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The training's inputs cannot be written to {folder} ({error.strerror or error}).",
            remedy="Choose a folder that you may write to and that has space left, or the engine thread.",
        ) from error


def pick_up(folder: Path) -> tuple[TrainConfig, TrainInputs]:
    """Read what `lay_down` wrote; arrays stay on disk until they are looked at, and their files never change."""
    task = json.loads((folder / _TASK).read_text(encoding="utf-8"))
    inputs = _unpack(task["inputs"], folder)
    assert isinstance(inputs, TrainInputs)
    return TrainConfig.parse(task["config"]), inputs


def _pack(value: Any, folder: Path) -> Any:
    match value:
        case np.ndarray():
            name = f"{sum(1 for _ in folder.glob('*.npy'))}.npy"
            np.save(folder / name, value, allow_pickle=False)
            return {"a": "array", "of": name}
        case Path():
            return {"a": "path", "of": str(value.absolute())}
        case ClassTable():
            return {"a": "table", "of": value.model_dump(mode="json")}
        case tuple():
            return [_pack(item, folder) for item in value]
        case None | str() | int() | float():
            return value
        case _:
            fields = {field.name: _pack(getattr(value, field.name), folder) for field in dataclasses.fields(value)}
            return {"a": type(value).__name__, "of": fields}


def _unpack(value: Any, folder: Path) -> Any:
    match value:
        case {"a": "array", "of": name}:
            return np.load(folder / name, mmap_mode="c", allow_pickle=False)
        case {"a": "path", "of": path}:
            return Path(path)
        case {"a": "table", "of": table}:
            return ClassTable.parse(table)
        case {"a": kind, "of": fields}:
            return _KINDS[kind](**{name: _unpack(field, folder) for name, field in fields.items()})
        case list():
            return tuple(_unpack(item, folder) for item in value)
        case _:
            return value
