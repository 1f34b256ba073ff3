"""Foreign atoms in words: ``Se for S 0 to 0.1`` are dopants, ``Si 0.5`` are adatoms.

A line of text is what a form, a YAML file and the command line can all hold.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_NUMBER = r"\d*\.?\d+(?:[eE][+-]?\d+)?"
_RANGE = rf"(?P<low>{_NUMBER})(?:\s+to\s+(?P<high>{_NUMBER}))?"


@dataclass(frozen=True, slots=True)
class ForeignAtoms:
    """Atoms of an element, and how many there are.

    Attributes
    ----------
    element : str
        Symbol of the element.
    amount : (float, float)
        Range from which each image draws how many there are.
    """

    element: str
    amount: tuple[float, float]
    pattern: ClassVar[re.Pattern[str]]
    example: ClassVar[str]
    most: ClassVar[float]

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a line of text.

        Raises
        ------
        ValueError
            If it is no such line, or its numbers are out of range.
        """
        if isinstance(value, cls):
            return value
        found = cls.pattern.fullmatch(str(value).strip())
        if found is None:
            raise ValueError(f"{str(value)!r} is not like {cls.example!r}")
        parts = found.groupdict()
        low = float(parts.pop("low"))
        high = float(parts.pop("high") or low)
        if not 0 <= low <= high <= cls.most:
            raise ValueError(f"{low:g} to {high:g} does not ascend within 0 to {cls.most:g}")
        return cls(**parts, amount=(low, high))

    @property
    def range_text(self) -> str:
        """The amount in words."""
        low, high = self.amount
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            cls.read, core_schema.any_schema(), serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "examples": [cls.example]}


@dataclass(frozen=True, slots=True)
class Dopant(ForeignAtoms):
    """Atoms that take the place of others.

    Attributes
    ----------
    host : str
        Symbol of the element whose places they take.
    element, amount
        Which take them, and which part of the places, 0 to 1.
    """

    host: str
    pattern = re.compile(rf"(?P<element>[A-Z][a-z]?)\s+for\s+(?P<host>[A-Z][a-z]?)\s+{_RANGE}")
    example = "Se for S 0 to 0.1"
    most = 1.0

    def __str__(self) -> str:
        return f"{self.element} for {self.host} {self.range_text}"


@dataclass(frozen=True, slots=True)
class Adatom(ForeignAtoms):
    """Atoms that lie on the last layer, anywhere; `amount` is their number per nm²."""

    pattern = re.compile(rf"(?P<element>[A-Z][a-z]?)\s+{_RANGE}")
    example = "Si 0 to 0.5"
    most = 20.0

    def __str__(self) -> str:
        return f"{self.element} {self.range_text}"
