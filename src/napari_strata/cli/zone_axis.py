"""A command whose option ``--zone-axis`` takes three numbers as one word or as three."""

from itertools import takewhile

import typer
from typer.core import TyperCommand

OPTION = "--zone-axis"


class WithZoneAxis(TyperCommand):
    """Joins the numbers of a direction, so that ``0 0 1`` is read as ``0,0,1`` is."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the words of a command line."""
        return super().parse_args(ctx, _joined(args))


def _joined(args: list[str]) -> list[str]:
    """Return the words of a command line with up to three whole numbers after the option as one word."""
    if OPTION not in args:
        return args
    start = args.index(OPTION) + 1
    numbers = list(takewhile(_is_whole, args[start : start + 3]))
    if len(numbers) < 2:
        return args
    return [*args[:start], ",".join(numbers), *args[start + len(numbers) :]]


def _is_whole(word: str) -> bool:
    return word.removeprefix("-").isdecimal()
