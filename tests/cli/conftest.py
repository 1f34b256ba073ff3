import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from napari_strata.cli import main
from napari_strata.io.images import write_images
from recorder import Recorder


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


@pytest.fixture
def asked(tmp_path: Path) -> tuple[object, ...]:
    """Return the words that ask a model about a bright pixel of an image."""
    from two_faced import noisy_spots, save_two_faced  # torch takes its time

    spots = noisy_spots()
    write_images(spots.data, tmp_path / "spots.tif", pixel_size=spots.pixel_size)
    save_two_faced(tmp_path / "model")
    return tmp_path / "model", tmp_path / "spots.tif", "--at", "31,41", "--target", "pixel", "--device", "cpu"


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Put a recorder in the place of the jobs that most commands start."""
    recorder = Recorder()
    for name in (
        "simulate.simulate",
        "train.train",
        "predict.predict",
        "locate_atoms.locate_atoms",
        "explain_methods.explain_methods",
    ):
        monkeypatch.setattr(f"napari_strata.jobs.{name}", recorder)
    return recorder
