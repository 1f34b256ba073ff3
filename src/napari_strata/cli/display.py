"""What a command shows while its job runs, on stderr: a progress bar and lines, or with --json warnings only."""

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from napari_strata.events import (
    BatchEnded,
    EpochEnded,
    JobEvent,
    Progress,
    StartedFrom,
    TrialEnded,
    TrialStarted,
    Warned,
)

LONG = 2.0
"""Time left that is worth a line where there is no bar [s]."""


class Display(Protocol):
    """Where events of a job become visible; a context manager."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End to show."""
        ...

    def show(self, event: JobEvent) -> None:
        """Show one event."""
        ...

    def say(self, text: str) -> None:
        """Show a line of text."""
        ...


def make_display(*, as_json: bool) -> Display:
    """Return a progress bar, or with `as_json` a display for programs."""
    return Lines() if as_json else Bar()


class Lines:
    """Warnings only, a line each."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing has to be tidied up."""

    def show(self, event: JobEvent) -> None:
        """Show a warning."""
        if isinstance(event, Warned):
            self.say(warning(event))

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=sys.stderr, flush=True)


class Bar:
    """A progress bar with the time left, and above it a line for each warning and each epoch.

    Where no bar can move, the time left is told once, if it is long.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        text = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(), TaskProgressColumn(), text)
        console = Console(stderr=True)
        # where no bar can move, rich would leave an empty line in its place
        self._bar = RichProgress(*columns, console=console, transient=True, disable=not console.is_interactive)
        self._task = self._bar.add_task("Preparing", total=1.0)
        self._has_told_time = console.is_interactive

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, event: JobEvent) -> None:
        """Move the bar, or print a line above it."""
        match event:
            case Progress():
                self._move(event.fraction, event.message, event.seconds_left)
            case BatchEnded():
                planned = event.elapsed + event.seconds_left
                text = f"Epoch {event.epoch}, loss {event.loss:.3f}"
                self._move(event.elapsed / planned if planned > 0 else 1.0, text, event.seconds_left)
            case EpochEnded():
                self.say(epoch_line(event))
            case TrialStarted():
                self.say(f"Trial {event.trial}/{event.trials}: {in_short(event.values)}")
            case TrialEnded():
                self.say(trial_line(event))
            case StartedFrom(message=message):
                self.say(message)
            case Warned():
                self.say(warning(event))

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _move(self, fraction: float, text: str, seconds_left: float | None) -> None:
        left = "" if seconds_left is None else f", {_clock(seconds_left)} left"
        if seconds_left is not None and seconds_left >= LONG and not self._has_told_time:
            self._has_told_time = True
            self.say(f"{text}: about {_clock(seconds_left)} left")
        self._bar.update(self._task, completed=fraction, description=text + left)


def warning(event: Warned) -> str:
    """Return a warning as one line."""
    return f"Warning: {event.message} {event.remedy}".rstrip()


def epoch_line(event: EpochEnded) -> str:
    """Return an epoch as one line; a star marks the best validation loss so far."""
    parts = [f"Epoch {event.epoch}/{event.epochs}", f"loss {event.train_loss:.3f}"]
    if event.validation_loss is not None:
        parts.append(f"validation {event.validation_loss:.3f}{' *' if event.is_best else ''}")
    if event.validation_dice is not None:
        parts.append(f"Dice {event.validation_dice:.3f}")
    if event.validation_r2 is not None:
        parts.append(f"R² {event.validation_r2:.3f}")
    return ", ".join([*parts, f"{_clock(event.elapsed)} gone", f"{_clock(event.seconds_left)} left"])


def trial_line(event: TrialEnded) -> str:
    """Return how a trial ended as one line; a star marks the best so far."""
    score = "" if event.score is None else f", score {event.score:.4g}{' *' if event.is_best else ''}"
    return f"Trial {event.trial}/{event.trials} {event.state} after {event.epochs} epochs{score}"


def in_short(values: Mapping[str, Any]) -> str:
    """Return settings by the last part of their names."""
    plain = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in values.items()}
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in plain.items())


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
