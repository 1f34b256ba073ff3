"""What to simulate: the crystal, its layers, and the ranges from which the microscope is drawn."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from napari_strata.config.base import Config, setting


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound {bounds[0]:g} is above the upper bound {bounds[1]:g}")
    if bounds[0] < 0:
        raise ValueError(f"the lower bound {bounds[0]:g} is negative")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(_ascending)]
"""Lower and upper bound of a uniform draw, both at least 0."""

Material = Literal["graphene", "WS2"]


class SimulationConfig(Config):
    """A family of simulated images; every image draws its own values from these ranges."""

    material: Material = setting("graphene", "Crystal of every layer.")
    layers: int = setting(2, "Number of stacked crystal layers.", ge=1, le=4)
    twist: Range = setting((4.0, 56.0), "Twist of each layer against the one before.", unit="degrees")
    dose: Range = setting(
        (4.0, 150.0),
        "Expected counts in the brightest pixel at 0.2 Å/px; drawn log-uniformly.",
        unit="counts",
    )
    probe_sigma: Range = setting(
        (0.38, 0.62), "Width (standard deviation) of one atom's image.", unit="Å", advanced=True
    )
    tail_fraction: Range = setting(
        (0.0, 0.45), "Part of an atom's intensity in the probe's broad tail.", advanced=True
    )
    tail_width: Range = setting((1.8, 3.2), "Width of the tail in units of the probe's width.", advanced=True)
    displacement: Range = setting(
        (0.02, 0.10), "Random static and thermal displacement per axis.", unit="Å", advanced=True
    )
    vacancies: Range = setting((0.0, 0.02), "Part of the atoms that are missing.", advanced=True)
    layer_contrast: Range = setting(
        (0.7, 1.0), "Brightness of each layer relative to the brightest.", advanced=True
    )
    affine: float = setting(
        0.03, "Largest scale, shear and stretch of the whole scan.", ge=0, le=0.3, advanced=True
    )
    scan_distortion: float = setting(
        0.15, "Amplitude of the smooth scan distortion.", unit="Å", ge=0, le=2, advanced=True
    )
    scan_jitter: float = setting(0.03, "Random shift of each scan line.", unit="Å", ge=0, le=1, advanced=True)
    background: Range = setting((0.0, 0.6), "Smooth background relative to the brightest atom.", advanced=True)
    mask_radius: float = setting(
        0.53, "Radius of the disk that labels an atom.", unit="Å", gt=0, le=2, advanced=True
    )

    @model_validator(mode="after")
    def _enough_brightness(self) -> Self:
        if self.layer_contrast[1] == 0:
            raise ValueError("layer_contrast: at least one layer must be brighter than 0")
        if self.dose[0] == 0 or self.probe_sigma[0] == 0:
            raise ValueError("dose and probe_sigma must be above 0")
        return self
