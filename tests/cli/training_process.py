"""Runs commands in processes of their own, which may be killed at a chosen moment; imports are paid for once.

Reads lines of JSON, ``{"words": [...], "kill": [moment, count] or null, "meets": [...], "out": file for what is
printed}``, and answers each with the exit code, which is -9 of a killed process.

Moments are ``batch``: that batch was recorded; ``tensors``: the file of that checkpoint is half written;
``state``: all but the small file that names it is; ``stop``: that batch was recorded, and the process is only
asked to stop (SIGTERM); ``heard``: so it is when a training in a child process has told of that batch. What a
training meets is ``corrections``: somebody paints and pins while it runs; ``short memory``: one patch at a time
fits.
"""

import json
import os
import pkgutil
import signal
import sys
from importlib import import_module
from pathlib import Path

PACKAGES = ("models", "simulate", "training")
"""Packages whose modules a training imports when it needs them."""
MODULES = ("napari_strata.cli.program", "napari_strata.jobs.train", "napari_strata.jobs.resume")


def main() -> None:
    """Import once, then fork for every line."""
    for name in (*MODULES, *_modules(), "torch.utils.tensorboard"):
        import_module(name)
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(task["words"], task["kill"], task["meets"], task["out"])
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)


def _modules() -> list[str]:
    packages = [import_module(f"napari_strata.{name}") for name in PACKAGES]
    return [one.name for each in packages for one in pkgutil.walk_packages(each.__path__, f"{each.__name__}.")]


def _run(words: list[str], kill: list | None, meets: list[str], out: str) -> None:
    from napari_strata.cli import main as command

    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT), 1)
    for event in meets:
        _EVENTS[event]()
    if kill is not None:
        moment, count = kill
        _MOMENTS[moment](count)
    os._exit(command(words))


def _die(number: int = signal.SIGKILL) -> None:
    os.kill(os.getpid(), number)


def _kill_at_batch(step: int, number: int = signal.SIGKILL) -> None:
    from napari_strata.events import BatchEnded
    from napari_strata.training.run.record import RunRecord

    write = RunRecord.write

    def write_and_die(self: RunRecord, event: object) -> None:
        write(self, event)
        if isinstance(event, BatchEnded) and event.step == step:
            _die(number)

    RunRecord.write = write_and_die


def _stop_when_heard(step: int) -> None:
    from napari_strata.events import BatchEnded
    from napari_strata.jobs.child import Child

    hear = Child.hear

    def hear_and_stop(self: Child, seconds: float) -> object:
        event = hear(self, seconds)
        if isinstance(event, BatchEnded) and event.step == step:
            _die(signal.SIGTERM)
        return event

    Child.hear = hear_and_stop


def _at_file(pattern: str, count: int, half: bool) -> None:
    from napari_strata.training.engine import checkpoint

    write, seen = checkpoint._write, []

    def write_or_die(path: Path, data: bytes) -> None:
        if path.match(pattern):
            seen.append(path)
            if len(seen) == count:
                if half:
                    path.with_name(f".{path.name}.part").write_bytes(data[: len(data) // 2])
                _die()
        write(path, data)

    checkpoint._write = write_or_die


def _kill_in_tensors(count: int) -> None:
    _at_file("tensors-*.safetensors", count, half=True)


def _kill_before_state(count: int) -> None:
    _at_file("state.json", count, half=False)


def _paint() -> None:
    """Paint on a slice and pin places with the third batch, paint more and unpin one with the fifth."""
    import numpy as np

    from napari_strata.requests import Correction, Pin, Unpin
    from napari_strata.training.engine.answers import Answers

    pixels = np.random.default_rng(1).random((48, 48))
    codes = np.tile(np.array([1, 2], np.uint8), (6, 6))
    asked = {
        3: [Correction(9, 0, 8, 8, codes, pixels), Pin("a", 9, 0, 0, 20, 20), Pin("b", 9, 0, 0, 12, 12)],
        5: [Correction(9, 0, 30, 12, codes), Unpin("b")],
    }
    answer = Answers.answer

    def answer_more(self: Answers, control: object, step: int) -> object:
        for request in asked.get(step, []):
            control.post(request)
        return answer(self, control, step)

    Answers.answer = answer_more


def _shorten_memory() -> None:
    from napari_strata.training.engine.optimizer import Stepper

    accumulate = Stepper._accumulate

    def accumulate_one(self: Stepper, images: object, truth: object) -> object:
        return accumulate(self, images, truth) if self.part_size == 1 else None

    Stepper._accumulate = accumulate_one


_EVENTS = {"corrections": _paint, "short memory": _shorten_memory}
_MOMENTS = {
    "batch": _kill_at_batch,
    "stop": lambda step: _kill_at_batch(step, signal.SIGTERM),
    "heard": _stop_when_heard,
    "tensors": _kill_in_tensors,
    "state": _kill_before_state,
}

if __name__ == "__main__":
    main()
