"""What a reader passed over, counted, so that ten thousand times the same is one warning."""

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
    ('1 x cuboids: passed over.', '1 x polygons of less than three vertices (a.png): passed over.')
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._places: dict[str, list[str]] = {}

    def add(self, what: str, place: str = "") -> None:
        """Count one more.

        Parameters
        ----------
        what : str
            What it is, as a plural.
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
        return tuple(f"{count} x {what}{self._told(what)}: passed over." for what, count in self._counts.items())

    def _told(self, what: str) -> str:
        places = self._places[what]
        more = ", ..." if len(places) > _TOLD else ""
        return f" ({', '.join(places[:_TOLD])}{more})" if places else ""
