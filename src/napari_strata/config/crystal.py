"""What is looked at: crystals, how their layers lie on each other, and what is wrong with them."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import field_validator, model_validator

from napari_strata.config.base import Config, setting
from napari_strata.config.foreign_atoms import Adatom, Dopant
from napari_strata.config.ranges import Bounds, Limits

Material = Literal[
    "graphene",
    "hBN",
    "MoS2",
    "WS2",
    "MoSe2",
    "WSe2",
    "WSSe-Janus",
    "WSSe-alloy",
    "SrTiO3-001",
    "Si-110",
    "Au-110",
]
AnyCrystal = Material | Literal["random"]
"""What an image can draw: a crystal of the table, or one made up at random."""
_WHOLE = re.compile(r"[+-]?\d{1,6}", re.ASCII)
"""An index of a direction."""


class CrystalConfig(Config):
    """Which crystals, beyond the material of the table."""

    cif: Path | None = setting(
        None, "A CIF file with another crystal, instead of the material.", title="CIF file", advanced=True
    )
    zone_axis: tuple[int, int, int] = setting(
        (0, 0, 1),
        "Direction [uvw] along which the crystal of the CIF file is seen.",
        title="Zone axis",
        advanced=True,
    )
    upper: tuple[Material, ...] = setting(
        (),
        "Crystals of the second layer and those above; the last one goes on to the top. Empty: all layers alike.",
        title="Upper layers",
        max_length=3,
        advanced=True,
    )
    any_of: tuple[AnyCrystal, ...] = setting(
        (),
        "Crystals of which every image draws one, instead of the material: “MoS2, WS2”; “random” is one made up "
        "anew each time, for classes of columns. Empty: the material.",
        title="Any of",
        advanced=True,
    )
    mixed: float = setting(
        0.0,
        "Part of the images in which every layer draws a crystal of its own; in the others all layers are alike.",
        title="Mixed layers",
        ge=0,
        le=1,
        advanced=True,
    )
    thickness: int = setting(
        1,
        "Cells along the direction of view; each atom of a column can be missing or foreign.",
        ge=1,
        le=200,
        advanced=True,
    )
    alloy: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.3, 0.7), "Part of the second element of an alloy, as selenium in WSSe-alloy.", advanced=True
    )
    z_exponent: Annotated[Bounds, Limits(1, 2.5)] = setting(
        (1.7, 1.7),
        "Exponent n of the atomic number: a column's brightness is the sum of Z^n over its atoms.",
        title="Z-contrast exponent",
        advanced=True,
    )

    @field_validator("zone_axis", mode="before")
    @classmethod
    def _take_a_direction(cls, value: Any) -> tuple[int, ...]:
        """Read three whole numbers, as typed with commas or blanks between them, too."""
        parts = value if isinstance(value, list | tuple) else [value]
        words = " ".join(map(str, parts)).replace(",", " ").split()
        if len(words) != 3 or not all(_WHOLE.fullmatch(word) for word in words) or not any(map(int, words)):
            said = ", ".join(words) or "nothing"
            raise ValueError(f"{said} is no direction: take three whole numbers, not all 0, such as 0, 0, 1")
        return tuple(map(int, words))

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.any_of and self.cif is not None:
            raise ValueError("any_of: there is a CIF file as well; leave one of them empty")
        return self


class StackingConfig(Config):
    """How each layer lies and is strained."""

    layer_contrast: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.7, 1.0), "Brightness of each layer relative to the brightest.", advanced=True
    )
    shift: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.0, 1.0), "Shift of each layer along both lattice vectors, in parts of them.", advanced=True
    )
    aligned: float = setting(
        0.0,
        "Part of the images whose layers lie as in a bulk crystal, whatever twist and shift say: turned by 0 or "
        "60 degrees, columns over columns or over gaps. Hexagonal crystals only.",
        title="With aligned layers",
        ge=0,
        le=1,
        advanced=True,
    )
    strain: Annotated[Bounds, Limits(-0.2, 0.2)] = setting(
        (0.0, 0.0), "Both principal strains of each layer; their axes have any direction.", advanced=True
    )
    strain_field: Annotated[Bounds, Limits(0, 0.05)] = setting(
        (0.0, 0.0),
        "Root mean square of the strain that varies smoothly within each layer.",
        title="Varying strain",
        advanced=True,
    )
    strain_wavelength: Annotated[Bounds, Limits(20, 1000)] = setting(
        (40.0, 120.0), "Over which length the varying strain changes its sign twice.", unit="Å", advanced=True
    )
    relaxation: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.0, 0.0),
        "By how much the atoms of neighbouring layers move at most, so that unfavourable stackings shrink.",
        title="Moiré relaxation",
        unit="Å",
        advanced=True,
    )

    @model_validator(mode="after")
    def _enough_brightness(self) -> Self:
        if self.layer_contrast[1] == 0:
            raise ValueError("layer_contrast: at least one layer must be brighter than 0")
        return self


class DefectsConfig(Config):
    """Disorder, missing and foreign atoms, boundaries, holes and edges."""

    displacement: Annotated[Bounds, Limits(0, 2)] = setting(
        (0.02, 0.10), "Random static and thermal displacement per axis.", unit="Å", advanced=True
    )
    vacancies: Annotated[Bounds, Limits(0, 0.9)] = setting(
        (0.0, 0.02), "Part of the atoms that are missing.", advanced=True
    )
    dopants: tuple[Dopant, ...] = setting(
        (), "Atoms that replace others, with their part: “Se for S 0 to 0.1”; several with commas.", advanced=True
    )
    adatoms: tuple[Adatom, ...] = setting(
        (),
        "Atoms on the last layer, with their number per nm²: “Si 0 to 0.5”; several with commas.",
        advanced=True,
    )
    name_foreign: bool = setting(
        True,
        "Dopants and adatoms are classes of their own; otherwise a doped column keeps its name, and adatoms have "
        "no label.",
        title="Name foreign atoms",
        advanced=True,
    )
    grain_boundaries: float = setting(
        0.0,
        "Part of the layers that a grain boundary crosses.",
        title="With grain boundary",
        ge=0,
        le=1,
        advanced=True,
    )
    misorientation: Annotated[Bounds, Limits(0, 180)] = setting(
        (5.0, 30.0),
        "Angle between the grains, turned to either side.",
        title="Grain angle",
        unit="degrees",
        advanced=True,
    )
    holes: Annotated[Bounds, Limits(0, 20)] = setting(
        (0.0, 0.0), "Number of round holes in each layer per 100 nm².", unit="1/(100 nm²)", advanced=True
    )
    hole_radius: Annotated[Bounds, Limits(1, 200)] = setting(
        (3.0, 10.0), "Radius of a hole.", unit="Å", advanced=True
    )
    edges: float = setting(
        0.0,
        "Part of the images in which one of the layers ends at a straight edge.",
        title="With an edge",
        ge=0,
        le=1,
        advanced=True,
    )
    vacuum: float = setting(
        0.0,
        "Part of the images in which all layers end at one straight edge, beside vacuum.",
        title="With vacuum",
        ge=0,
        le=1,
        advanced=True,
    )
