"""What a command prints when it has ended: one JSON object, or figures and paths for people."""

import json
import math
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from napari_strata.errors import StrataError
from napari_strata.events import FinishReason, JobEnded, JobResult
from napari_strata.numbers import plain

_BUG = "This is a fault of the program: run it again with --verbose, and report what it prints."
_MEMORY = (
    "There is too little memory: take a smaller image, --device cpu, or a smaller --tile-size"
    " (the default networks need 288)."
)


@dataclass(frozen=True, slots=True)
class Report:
    """How a command ended, in plain data; its fields are those of the JSON object.

    Attributes
    ----------
    finish_reason : str
        ``completed``, ``canceled`` or ``failed``.
    error : mapping or None
        ``type``, ``message`` and ``remedy``, where it failed.
    figures : mapping
        Scores and counts; what is not defined is None.
    paths : mapping
        Files written.
    """

    finish_reason: str
    error: Mapping[str, str] | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, ended: JobEnded) -> Self:
        """Report the end of a job."""
        result = ended.result or JobResult()
        error = None if ended.error is None else _error(ended.error)
        return cls(str(ended.reason), error, _plain(result.figures), _plain(result.paths))

    @classmethod
    def of_failure(cls, kind: str, message: str, remedy: str) -> Self:
        """Report something that failed before there was a job."""
        return cls(str(FinishReason.FAILED), {"type": kind, "message": message, "remedy": remedy})


Words = Callable[[Mapping[str, Any]], Iterable[str]]
"""Turns figures into lines for people."""


def print_report(report: Report, *, as_json: bool, words: Words | None = None) -> None:
    """Print the reason of a failure on stderr, and what was achieved on stdout.

    Parameters
    ----------
    report : Report
        How it ended.
    as_json : bool
        Whether stdout gets one JSON object on one line instead of text.
    words : callable, optional
        How the figures read as text; by default one line for each.
    """
    if report.error is not None:
        reason = f"{report.error['message']} {report.error['remedy']}"
        print("Error:", " ".join(reason.split()), file=sys.stderr)
        if "model" in report.paths:
            print(f"The best weights so far are kept in {report.paths['model']}.", file=sys.stderr)
    if as_json:
        print(json.dumps(asdict(report), allow_nan=False), flush=True)
    elif report.error is None:
        print("\n".join(_lines(report, words)), flush=True)


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """Return one line for each figure, as they are printed where there are no other words for them."""
    yield from _aligned(list(_flat(figures)))


def print_traceback(error: BaseException) -> None:
    """Print where an error came from, on stderr."""
    traceback.print_exception(error, file=sys.stderr)


def _error(error: Exception) -> dict[str, str]:
    if isinstance(error, StrataError):
        message, remedy = error.message, error.remedy
    else:
        no_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
        message, remedy = f"{type(error).__name__}: {error}.", _MEMORY if no_memory else _BUG
    return {"type": type(error).__name__, "message": message, "remedy": remedy}


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows: numpy numbers into Python's, undefined numbers into None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _lines(report: Report, words: Words | None) -> Iterator[str]:
    nothing_kept = report.finish_reason == FinishReason.CANCELED and not (report.figures or report.paths)
    yield f"{report.finish_reason.capitalize()}{'; nothing was kept' if nothing_kept else ''}."
    if words is not None:
        yield from words(report.figures)
    rows = [
        *(_flat(report.figures) if words is None else ()),
        *((f"wrote {name}", path) for name, path in report.paths.items()),
    ]
    yield from _aligned(rows)


def _aligned(rows: list[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        yield f"  {name:<{width}}  {text}"


def _flat(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from (
                (prefix + name.replace("_", " "), _readable([v for v in row.values() if v is not None]))
                for row in value
            )
        else:  # dotted names are those of settings, to be typed as they are
            is_setting = "." in name
            text = f"{value:.4g}" if is_setting and isinstance(value, float) else _readable(value)
            yield prefix + (name if is_setting else name.replace("_", " ")), text


def _readable(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_readable, value)) or "none"
    return plain(value) if value is None or isinstance(value, float) else str(value)
