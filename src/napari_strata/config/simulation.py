"""What to simulate: the crystal, its layers, and the ranges from which the microscope is drawn."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from napari_strata.config.base import Config, setting

Bounds = tuple[float, float]
"""Lower and upper bound of a uniform draw."""


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
            raise ValueError(f"the lower bound {low:g} is above the upper bound {high:g}")
        if not self.ge <= low <= high <= self.le:
            raise ValueError(f"{low:g} to {high:g} does not lie within {self.ge:g} to {self.le:g}")
        return bounds

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler(schema)
        for item in described["prefixItems"]:
            item.update(minimum=self.ge, maximum=self.le)
        return described


Material = Literal["graphene", "WS2"]


class SimulationConfig(Config):
    """A family of simulated images; every image draws its own values from these ranges."""

    material: Material = setting("graphene", "Crystal of every layer.")
    layers: int = setting(2, "Number of stacked crystal layers.", ge=1, le=4)
    twist: Annotated[Bounds, Limits(0, 180)] = setting(
        (4.0, 56.0), "Twist of each layer against the one before.", unit="degrees"
    )
    dose: Annotated[Bounds, Limits(1e-3, 1e9)] = setting(
        (4.0, 150.0),
        "Expected counts in the brightest pixel at 0.2 Å/px; drawn log-uniformly.",
        unit="counts",
    )
    probe_sigma: Annotated[Bounds, Limits(0.05, 5)] = setting(
        (0.38, 0.62), "Width (standard deviation) of one atom's image.", unit="Å", advanced=True
    )
    tail_fraction: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.0, 0.45), "Part of an atom's intensity in the probe's broad tail.", advanced=True
    )
    tail_width: Annotated[Bounds, Limits(1, 20)] = setting(
        (1.8, 3.2), "Width of the tail in units of the probe's width.", advanced=True
    )
    displacement: Annotated[Bounds, Limits(0, 2)] = setting(
        (0.02, 0.10), "Random static and thermal displacement per axis.", unit="Å", advanced=True
    )
    vacancies: Annotated[Bounds, Limits(0, 0.9)] = setting(
        (0.0, 0.02), "Part of the atoms that are missing.", advanced=True
    )
    layer_contrast: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.7, 1.0), "Brightness of each layer relative to the brightest.", advanced=True
    )
    affine: float = setting(
        0.03, "Largest scale, shear and stretch of the whole scan.", ge=0, le=0.3, advanced=True
    )
    scan_distortion: float = setting(
        0.15, "Amplitude of the smooth scan distortion.", unit="Å", ge=0, le=2, advanced=True
    )
    scan_jitter: float = setting(0.03, "Random shift of each scan line.", unit="Å", ge=0, le=1, advanced=True)
    background: Annotated[Bounds, Limits(0, 10)] = setting(
        (0.0, 0.6), "Smooth background relative to the brightest atom.", advanced=True
    )
    mask_radius: float = setting(
        0.53, "Radius of the disk that labels an atom.", unit="Å", gt=0, le=2, advanced=True
    )

    @model_validator(mode="after")
    def _enough_brightness(self) -> Self:
        if self.layer_contrast[1] == 0:
            raise ValueError("layer_contrast: at least one layer must be brighter than 0")
        return self
