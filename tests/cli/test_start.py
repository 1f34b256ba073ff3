"""Signals that come before there is a job."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal({number:d})

sys.meta_path.insert(0, Interrupting())
from napari_strata.cli import main
sys.exit(main())
"""
CANCELED = '{"finish_reason": "canceled", "error": null, "figures": {}, "paths": {}}\n'


def start(module: str, number: signal.Signals, *words: str) -> "subprocess.CompletedProcess[str]":
    code = PROGRAM.format(module=module, number=number)
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("module", ["typer", "napari_strata.cli.program", "numpy", "napari_strata.jobs.simulate"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_program_starts_ends_it_by_the_contract(
    module: str, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    ended = start(module, number, "simulate", str(tmp_path / "out"), "--json")
    assert ended.returncode == code
    assert ended.stdout == CANCELED
    assert ended.stderr == ""
    assert not (tmp_path / "out").exists()


def test_people_are_told_in_a_word() -> None:
    ended = start("typer", signal.SIGINT, "--help")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "Canceled.\n", "")
