"""run.json: what a run was made of and with, beside its configuration, so that it can be repeated and believed."""

import functools
import hashlib
import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.errors import CheckpointError
from napari_strata.io.bundle import find_bundle, read_card
from napari_strata.io.files import replacing
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import AnyArray

FACTS = "run.json"
PACKAGES = ("napari-strata", "torch", "numpy", "scipy", "scikit-image", "lightning-fabric", "monai", "napari")
COMPARED = ("versions", "python", "threads", "machine", "processor", "device", "processes", "precision")
"""Facts of a session on which the last bit of a result may depend."""
Facts = dict[str, Any]


def begin_facts(config: TrainConfig, inputs: TrainInputs, *, split: object) -> Facts:
    """Return what stays the same over all sessions of a run.

    Parameters
    ----------
    config : TrainConfig
        Everything that is set.
    inputs : TrainInputs
        Images and labels; their values count, not their files.
    split : object
        In plain data, what is held out.
    """
    data = [
        {"image": stack.name, "shape": list(stack.data.shape), "image_sha256": hash_of(stack.data)}
        | {"pixel_size": stack.pixel_size, "labels_sha256": hash_of(labels)}
        for stack, labels in zip(inputs.images, inputs.truths, strict=True)
    ]
    facts = {"format": 1, "seed": config.training.seed, "starts_from": _start_of(config), "split": split}
    return facts | {"data": data, "sessions": []}


def begin_session(facts: Facts, config: TrainingConfig, *, step: int) -> None:
    """Note that a process begins to work on a run.

    Parameters
    ----------
    facts : dict
        Gets the session at the end of ``sessions``.
    config : TrainingConfig
        Where and how to compute.
    step : int
        Steps done before.
    """
    import torch

    from napari_strata.models.device import resolve_device
    from napari_strata.training.machine.fabric import has_fast_bf16

    device = resolve_device(config.device)
    fastest = "bf16" if has_fast_bf16(device) else "fp32"
    facts["sessions"].append(
        {
            "started": _now(),
            "ended": None,
            "ended_by": None,
            "from_step": step,
            "step": step,
            "versions": {name: found for name in PACKAGES if (found := _version(name))},
            "commit": _commit(),
            "python": platform.python_version(),
            "host": platform.node(),
            "platform": platform.platform(),
            "machine": platform.machine(),
            "processor": _processor(),
            "device": str(device),
            "processes": config.devices * config.nodes,
            "precision": fastest if config.precision == "auto" else config.precision,
            "threads": torch.get_num_threads(),
        }
    )


def end_session(facts: Facts, *, ended_by: str, step: int, error: str | None = None) -> None:
    """Note how the last session ended, and after how many steps of the run."""
    if facts["sessions"]:
        facts["sessions"][-1] |= {"ended": _now(), "ended_by": ended_by, "step": step, "error": error}


def write_facts(folder: Path, facts: Facts) -> None:
    """Write run.json.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(folder / FACTS) as path:
        path.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def read_facts(folder: Path) -> Facts:
    """Read run.json.

    Raises
    ------
    CheckpointError
        If it is not there, or damaged.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if facts["format"] != 1 or not isinstance(facts["sessions"], list):
            raise ValueError("another version of napari-strata wrote it")
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} is no run that can be taken up: there is no {FACTS} in it.",
            remedy="Choose the folder that a training wrote, as given by --out; start old runs anew.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / FACTS} cannot be read ({error}).",
            remedy="Start a new training from the run's model (--from).",
        ) from error
    return dict(facts)


def check_start(facts: Facts, config: TrainConfig) -> None:
    """Check that the model whose weights a run began with is still the same.

    Raises
    ------
    CheckpointError
        If it changed.
    BundleError
        If it is gone.
    """
    if _start_of(config) != facts.get("starts_from"):
        raise _changed(f"The model {config.training.start.model} is not the one that the run began with.")


def check_unchanged(facts: Facts, inputs: TrainInputs) -> None:
    """Check that images and labels are those that a run began with.

    Raises
    ------
    CheckpointError
        Naming the image or the labels that changed.
    """
    known = facts["data"]
    if len(known) != len(inputs.images):
        raise _changed(f"The run learned from {len(known)} images, there are {len(inputs.images)} now.")
    for before, stack, labels in zip(known, inputs.images, inputs.truths, strict=True):
        if hash_of(stack.data) != before["image_sha256"]:
            raise _changed(f"The image {stack.name} is not the one that the run learned from.")
        if hash_of(labels) != before["labels_sha256"]:
            raise _changed(f"The labels of {stack.name} are not those that the run learned from.")
        if stack.pixel_size != before["pixel_size"]:
            sizes = f"{before['pixel_size']} Å then, {stack.pixel_size} Å now"
            raise _changed(f"The pixel size of {stack.name} changed: {sizes}.")


def differences(before: Facts, now: Facts) -> list[str]:
    """Say in words in what the sessions of two runs differ that may change the last bit."""
    mine = now["sessions"][-1]
    found = {}
    for session in before["sessions"]:
        for name in COMPARED:
            if session.get(name) != mine.get(name):
                found[name] = f"{name}: {_plain(session.get(name))} then, {_plain(mine.get(name))} now"
    return list(found.values())


def hash_of(array: AnyArray) -> str:
    """Return the SHA-256 of an array's type, shape and values, whatever the order of its bytes."""
    import numpy as np

    array = array.astype(np.uint8 if array.dtype == np.bool_ else array.dtype.newbyteorder("<"), copy=False)
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _start_of(config: TrainConfig) -> str | None:
    """Return the checksum of the weights that a run begins with, where they are those of a model."""
    path = config.training.start.model
    return read_card(find_bundle(Path(path))).weights_sha256 if path else None


def _changed(message: str) -> CheckpointError:
    return CheckpointError(
        message,
        remedy="Bring back the files as they were, or start a new training from the run's model (--from).",
    )


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@functools.cache
def _commit() -> str | None:
    """Return the commit of a checkout that the program runs from; None for an installed one."""
    here = Path(__file__).resolve().parent
    if not any((folder / ".git").exists() for folder in here.parents):
        return None
    try:
        words = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=2, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _processor() -> str:
    """Return the model of the CPU, whose instructions decide the last bit."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
