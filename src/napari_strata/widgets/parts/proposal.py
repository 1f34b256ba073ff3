"""Values that a form proposes but the user may change."""

from collections.abc import Callable
from typing import Any


class Proposal:
    """Shows a proposed value only when it is another one than before, so that what a user set meanwhile stays.

    Parameters
    ----------
    show : callable
        Shows a value.
    """

    def __init__(self, show: Callable[[Any], Any]) -> None:
        self._show = show
        self._last: tuple[Any, ...] = ()

    def make(self, value: Any) -> None:
        """Propose a value."""
        if self._last != (value,):
            self._last = (value,)
            self._show(value)
