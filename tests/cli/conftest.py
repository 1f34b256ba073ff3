import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from napari_strata.cli import main


class Call(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        assert sum(line.startswith("{") for line in self.out.splitlines()) == 1
        assert set(report) == {"finish_reason", "error", "figures", "paths"}
        return report


@pytest.fixture
def strata(capfd: pytest.CaptureFixture[str]) -> Callable[..., Call]:
    """Run the command line in this process."""

    def call(*words: object) -> Call:
        code = main([str(word) for word in words])
        return Call(code, *capfd.readouterr())

    return call
