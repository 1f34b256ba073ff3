"""The jobs without a screen: ``napari-strata COMMAND``; `napari_strata.cli.program` lists the commands."""

import json
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from napari_strata.cli.report import Report

_NAME = "napari-strata"


class Interrupted(BaseException):
    """A signal came while no job could hear it.

    Attributes
    ----------
    number : int
        Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; by default those of this process.

    Returns
    -------
    int
        Exit code: 0 done, 1 failed, 2 wrong usage, 130 after SIGINT, 143 after SIGTERM.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    previous = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _run(words)
    except Interrupted as interrupted:
        return _report_interrupted(interrupted.number, as_json="--json" in words)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run(words: list[str]) -> int:
    # imported here, where a signal is heard: this takes most of the start-up
    import typer

    from napari_strata.cli.program import app
    from napari_strata.cli.report import print_report
    from napari_strata.cli.runner import WRONG_USAGE

    usage_error = cast(type[Exception], typer.BadParameter.__base__)  # typer exports only its children
    if not words:
        app(["--help"], prog_name=_NAME, standalone_mode=False)
        return WRONG_USAGE
    try:
        code = app(words, prog_name=_NAME, standalone_mode=False)
    except usage_error as error:
        print_report(_wrong_usage(error), as_json="--json" in words)
        return WRONG_USAGE
    except typer.Abort as error:
        raise Interrupted(signal.SIGINT) from error
    return int(code or 0)


def _wrong_usage(error: Exception) -> "Report":
    from napari_strata.cli.report import Report

    message: str = cast(Any, error).format_message().replace(": Value error, ", ": ", 1)  # a word of pydantic's
    context = getattr(error, "ctx", None)
    command = context.command_path if context else _NAME
    return Report.of_failure("UsageError", f"{message.rstrip('.')}.", f"See {command} --help.")


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(number)


def _report_interrupted(number: int, *, as_json: bool) -> int:
    """Print what `Report` would print, without importing anything: an import may have been interrupted."""
    report: dict[str, Any] = {"finish_reason": "canceled", "error": None, "figures": {}, "paths": {}}
    print(json.dumps(report) if as_json else "Canceled.", flush=True)
    return 128 + number
