"""Numbers and lists in the words of a message."""

from collections.abc import Sequence

MOST = 6
"""Items that are named before the rest is only counted."""


def listed(items: Sequence[object]) -> str:
    """Return the first items, and how many more there are."""
    shown = ", ".join(str(item) for item in items[:MOST])
    return shown if len(items) <= MOST else f"{shown} and {len(items) - MOST} more"


def ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as ranges: ``0-3, 7``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return listed([f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts])


def slices(frames: Sequence[int]) -> str:
    """Return ``slice 4`` or ``slices 0-3, 7``."""
    return f"slice {frames[0]}" if len(frames) == 1 else f"slices {ranges(frames)}"
