import json
import math
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import typer

from napari_strata.cli.predict import atoms_words
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.errors import ImageError
from napari_strata.events import (
    BatchEnded,
    EpochEnded,
    FinishReason,
    JobEnded,
    JobEvent,
    JobResult,
    Progress,
    Warned,
)
from napari_strata.jobs.job import Job, JobBody, job

Run = Callable[..., tuple[int, str, str]]
RESULT = JobResult({"dice": np.float32(0.5), "rmse_A": math.nan, "per_layer": [3, 4]}, {"model": Path("run")})


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def run(body: Callable[[JobControl], JobBody], *, as_json: bool = True, verbose: bool = False) -> tuple:
        code = run_command(lambda control, _display: job(body)(control), as_json=as_json, verbose=verbose)
        return code, *capfd.readouterr()

    return run


def working(control: JobControl) -> JobBody:
    control.run()
    yield Progress(0.5, "half way", 61.0)
    yield BatchEnded(step=1, epoch=1, epochs=1, loss=0.25, learning_rate=1e-3, elapsed=1.0, seconds_left=3.0)
    yield EpochEnded(1, 2, 50, 0.25, 0.5, 0.75, True, 60.0, 65.0)
    yield Warned("The light is dim.", "Use a lamp.")
    return RESULT


def interrupted(*numbers: signal.Signals) -> Callable[[JobControl], JobBody]:
    def body(control: JobControl) -> JobBody:
        control.run()
        for number in numbers:
            yield Progress(0.1, "working")
            signal.raise_signal(number)
        while not control.stop_requested:
            yield Progress(0.2, "working")
        return RESULT

    return body


def failing(error: BaseException) -> Callable[[JobControl], JobBody]:
    def body(control: JobControl) -> JobBody:
        control.run()
        yield Progress(0.1, "working")
        raise error

    return body


def test_a_completed_job_exits_0_with_one_json_object(run: Run) -> None:
    code, out, err = run(working)
    assert code == 0
    assert json.loads(out) == {
        "finish_reason": "completed",
        "error": None,
        "figures": {"dice": 0.5, "rmse_A": None, "per_layer": [3, 4]},
        "paths": {"model": "run"},
    }
    assert err == "Warning: The light is dim. Use a lamp.\n"


def test_people_get_figures_on_stdout_and_progress_on_stderr(run: Run) -> None:
    code, out, err = run(working, as_json=False)
    assert code == 0
    assert out.splitlines() == [
        "Completed.",
        "  dice         0.5",
        "  rmse A       undefined",
        "  per layer    3, 4",
        "  wrote model  run",
    ]
    assert "Epoch 1/2, loss 0.250, validation 0.500 *, Dice 0.750, 1:00 gone, 1:05 left" in err
    assert "Warning: The light is dim. Use a lamp." in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_job_and_keeps_what_is_done(run: Run, number: signal.Signals, code: int) -> None:
    exit_code, out, err = run(interrupted(number))
    assert exit_code == code
    assert json.loads(out)["finish_reason"] == "canceled"
    assert json.loads(out)["paths"] == {"model": "run"}
    assert "Stopping after this step" in err


def test_a_second_interrupt_aborts_at_once(run: Run) -> None:
    code, out, _ = run(interrupted(signal.SIGINT, signal.SIGINT))
    assert code == 130
    assert json.loads(out) == {"finish_reason": "canceled", "error": None, "figures": {}, "paths": {}}


def test_an_interrupt_before_the_job_ends_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    def make_job(_control: JobControl, _display: object) -> Job:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the signal must end it")

    assert run_command(make_job, as_json=True, verbose=False) == 130
    assert json.loads(capfd.readouterr().out)["finish_reason"] == "canceled"


def test_the_handlers_of_signals_are_put_back(run: Run) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run(interrupted(signal.SIGTERM))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_failure_is_one_line_with_its_remedy(run: Run) -> None:
    code, out, err = run(failing(ImageError("a.tif\nis dark.", remedy="Use a lamp.")))
    assert code == 1
    assert err == "Error: a.tif is dark. Use a lamp.\n"
    assert json.loads(out)["finish_reason"] == "failed"
    assert json.loads(out)["error"] == {
        "type": "ImageError",
        "message": "a.tif\nis dark.",
        "remedy": "Use a lamp.",
    }


def test_people_get_one_line_on_stderr_when_it_failed(run: Run) -> None:
    _, out, err = run(failing(ImageError("Dark.", remedy="Use a lamp.")), as_json=False)
    assert (out, err) == ("", "Error: Dark. Use a lamp.\n")


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyError("boom")])
def test_a_bug_exits_1_and_is_called_one(run: Run, error: Exception) -> None:
    code, out, err = run(failing(error))
    assert code == 1
    assert type(error).__name__ in err
    assert "Traceback" not in err
    assert "fault of the program" in json.loads(out)["error"]["remedy"]


def test_a_traceback_is_printed_on_demand(run: Run) -> None:
    assert "Traceback" in run(failing(RuntimeError("boom")), verbose=True)[2]


def test_too_little_memory_has_a_remedy(run: Run) -> None:
    assert "--tile-size" in run(failing(MemoryError()))[2]


def test_what_goes_wrong_before_the_job_is_reported_alike(capfd: pytest.CaptureFixture[str]) -> None:
    def make_job(_control: JobControl, _display: object) -> Job:
        raise ImageError("a.tif is dark.", remedy="Use a lamp.")

    assert run_command(make_job, as_json=True, verbose=False) == 1
    assert json.loads(capfd.readouterr().out)["error"]["type"] == "ImageError"


def test_an_option_that_cannot_be_is_left_to_the_caller() -> None:
    def make_job(_control: JobControl, _display: object) -> Job:
        raise typer.BadParameter("no")

    with pytest.raises(typer.BadParameter):
        run_command(make_job, as_json=True, verbose=False)


def test_a_job_that_stops_by_itself_is_no_success(capfd: pytest.CaptureFixture[str]) -> None:
    def events() -> Iterator[JobEvent]:
        yield JobEnded(FinishReason.CANCELED)

    assert run_command(lambda *_: events(), as_json=True, verbose=False) == 1
    assert json.loads(capfd.readouterr().out)["finish_reason"] == "canceled"


def test_the_summary_of_atoms_says_what_crowded_ones_are():
    *figures, crowded = atoms_words({"atoms": 9, "flags": {"border": 2, "crowded": 9}})
    assert figures == ["  atoms          9", "  flags border   2", "  flags crowded  9"]
    assert "fitted all the same" in crowded
    assert list(atoms_words({"atoms": 9, "flags": {}})) == ["  atoms  9"]


def test_the_summary_of_atoms_says_at_how_many_the_image_shows_none():
    assert list(atoms_words({"atoms": 9, "empty": 0})) == ["  atoms  9", "  empty  0"]
    *_, said = atoms_words({"atoms": 9, "empty": 2})
    assert said == "  At 2 atoms the image shows none: likely vacancies, among the candidates."
