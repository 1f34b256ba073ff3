"""One measured figure, and the line that is printed for it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from benchmarks.device import cpu


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure.

    Attributes
    ----------
    name : str
        What was measured, on what.
    value : float, int, str or None
        The figure; None where it could not be measured or is not defined.
    unit : str
        Its unit; empty for counts and ratios.
    target : str
        What it should be; empty where nothing is asked.
    baseline : mapping of str to float or None
        What else it can be compared with, by name.
    device : str
        Where it was measured.
    """

    name: str
    value: float | str | None
    unit: str = ""
    target: str = ""
    baseline: Mapping[str, float | None] = field(default_factory=dict)
    device: str = field(default_factory=cpu)

    def as_json(self) -> str:
        """Return one line of JSON; a value that is not defined is null."""
        plain = asdict(self)
        plain["value"] = _plain(self.value)
        plain["baseline"] = {name: _plain(value) for name, value in self.baseline.items()}
        return json.dumps(plain, ensure_ascii=False, allow_nan=False)


def _plain(value: float | str | None) -> float | str | None:
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value
