"""The jobs without a screen: ``napari-strata simulate | train | predict | atoms | explain | evaluate``."""

import sys
from collections.abc import Sequence
from typing import Any, cast

import typer

from napari_strata.cli.program import app
from napari_strata.cli.report import Report, print_report
from napari_strata.cli.runner import WRONG_USAGE

_NAME = "napari-strata"
_UsageError = cast(type[Exception], typer.BadParameter.__base__)  # typer exports only its children


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
    if not words:
        app(["--help"], prog_name=_NAME, standalone_mode=False)
        return WRONG_USAGE
    try:
        code = app(words, prog_name=_NAME, standalone_mode=False)
    except _UsageError as error:
        print_report(_wrong_usage(error), as_json="--json" in words)
        return WRONG_USAGE
    return int(code or 0)


def _wrong_usage(error: Exception) -> Report:
    message: str = cast(Any, error).format_message()
    context = getattr(error, "ctx", None)
    command = context.command_path if context else _NAME
    return Report.of_failure("UsageError", message, f"See {command} --help.")
