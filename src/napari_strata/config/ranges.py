"""Ranges from which every simulated image draws its own value."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from napari_strata.numbers import plain

Bounds = tuple[float, float]
"""Lower and upper bound of a uniform draw; where both are equal, the value is fixed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where both bounds of a draw must lie, the lower one not above the upper one.

    Attributes
    ----------
    ge, le : float
        Least and greatest value, named as in pydantic so that forms and docs find them.
    """

    ge: float
    le: float

    def check(self, bounds: Bounds) -> Bounds:
        """Return the bounds.

        Raises
        ------
        ValueError
            If they descend, or one lies outside the limits.
        """
        low, high = bounds
        if low > high:
            raise ValueError(f"the lower bound {plain(low, 10)} is above the upper bound {plain(high, 10)}")
        if not self.ge <= low <= high <= self.le:
            least, most = plain(self.ge, 10), plain(self.le, 10)
            raise ValueError(f"{plain(low, 10)} to {plain(high, 10)} does not lie within {least} to {most}")
        return bounds

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler(schema)
        for item in described["prefixItems"]:
            item.update(minimum=self.ge, maximum=self.le)
        return described
