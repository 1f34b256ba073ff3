"""The class table: what each mask code means, and how it looks; and how atoms given as points become a mask."""

from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting
from napari_strata.types import BACKGROUND

PALETTE = ("#e6550d", "#3182bd", "#31a354", "#c51b8a", "#fdae6b", "#9ecae1", "#a1d99b", "#fa9fb5")
"""Default colours of classes 2, 3, ...; told apart by colour-blind readers for the first four."""


class LabelClass(Config):
    """One foreground class."""

    name: str = setting(..., "Name of the class.", min_length=1)
    color: str = setting(..., "Colour as #rrggbb.", pattern="^#[0-9a-fA-F]{6}$")


class ClassTable(Config):
    """Foreground classes in the order of their codes 2, 3, ...; 0 and 1 are not labelled and background."""

    classes: tuple[LabelClass, ...] = setting(..., "Classes with codes 2, 3, ...", min_length=1, max_length=253)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError("two classes have the same name")
        return self

    @classmethod
    def from_names(cls, names: tuple[str, ...]) -> Self:
        """Make a table with default colours."""
        return cls(classes=tuple(LabelClass(name=n, color=PALETTE[i % len(PALETTE)]) for i, n in enumerate(names)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of their codes."""
        return tuple(c.name for c in self.classes)

    def code(self, name: str) -> int:
        """Return the mask code of a class."""
        return self.names.index(name) + BACKGROUND + 1


class SpotConfig(Config):
    """How atoms that are given as points become a mask."""

    radius: float = setting(0.5, "Radius of the spot that labels an atom.", unit="Å", gt=0, le=10)
    spot: Literal["disk", "gaussian"] = setting(
        "disk",
        "disk: what is beyond the radius is background. gaussian: a spot of this half width; its faint rim, "
        "between 1/2 and 1/10 of its height, counts nowhere.",
    )
    background: bool = setting(
        True,
        "What is beyond the atoms of a slice becomes background. Untick it unless every atom of the slice has its "
        "point.",
    )
