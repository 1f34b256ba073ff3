"""What a reader passed over, counted, so that ten thousand times the same is one warning."""

import re
from collections import Counter

_TOLD = 10
"""Places that are told of each kind of thing."""


class PassedOver:
    """Counts what is passed over.

    Examples
    --------
    >>> passed_over = PassedOver()
    >>> passed_over.add("cuboids")
    >>> passed_over.add("polygons of less than three vertices", "a.png")
    >>> passed_over.warnings
    ('1 cuboid was passed over.', '1 polygon of less than three vertices (a.png) was passed over.')
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._places: dict[str, list[str]] = {}

    def add(self, what: str, place: str = "") -> None:
        """Count one more.

        Parameters
        ----------
        what : str
            What it is, as a plural; perhaps with a colon and a reason behind it.
        place : str
            Where it is, or its name; the first few are told.
        """
        self._counts[what] += 1
        places = self._places.setdefault(what, [])
        if place and place not in places and len(places) <= _TOLD:
            places.append(place)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each kind of thing."""
        return tuple(self._sentence(what) for what in self._counts)

    def _sentence(self, what: str) -> str:
        things, colon, reason = what.partition(": ")
        count = self._counts[what]
        were = "was" if count == 1 else "were"
        return f"{_counted(count, things)}{self._told(what)} {were} passed over{colon}{reason}."

    def _told(self, what: str) -> str:
        places = self._places[what]
        more = ", ..." if len(places) > _TOLD else ""
        return f" ({', '.join(places[:_TOLD])}{more})" if places else ""


def _counted(count: int, what: str) -> str:
    """Return a number of things that are named in the plural."""
    if count > 1:
        return f"{count:,} {what}"
    head, link, rest, *_ = *re.split("( of | that | without )", what, maxsplit=1), "", ""
    has_plural = head.endswith("s") and "," not in head and link != " that "
    return f"1 {head[:-1]}{link}{rest}" if has_plural else f"1 of the {what}"
