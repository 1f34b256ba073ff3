"""What looks: probe, scan, contamination and detector."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import model_validator

from napari_strata.config.base import Config, setting
from napari_strata.config.ranges import Bounds, Limits

Microscope = Literal[
    "none", "60 kV corrected", "80 kV corrected", "200 kV corrected", "200 kV uncorrected", "300 kV corrected"
]
PRESETS: dict[str, dict[str, Any]] = {
    "60 kV corrected": {
        "voltage": 60.0,
        "aperture": (28.0, 35.0),
        "defocus": (-40.0, 40.0),
        "cs": (-0.002, 0.002),
        "focal_spread": (25.0, 45.0),
        "source": (0.25, 0.45),
    },
    "80 kV corrected": {
        "voltage": 80.0,
        "aperture": (24.0, 32.0),
        "defocus": (-40.0, 40.0),
        "cs": (-0.002, 0.002),
        "focal_spread": (15.0, 65.0),
        "source": (0.2, 0.4),
    },
    "200 kV corrected": {
        "voltage": 200.0,
        "aperture": (20.0, 27.0),
        "defocus": (-40.0, 40.0),
        "cs": (-0.003, 0.003),
        "focal_spread": (15.0, 35.0),
        "source": (0.15, 0.35),
    },
    "200 kV uncorrected": {
        "voltage": 200.0,
        "aperture": (9.0, 12.0),
        "defocus": (250.0, 600.0),
        "cs": (0.5, 1.2),
        "focal_spread": (20.0, 40.0),
        "source": (0.3, 0.5),
    },
    "300 kV corrected": {
        "voltage": 300.0,
        "aperture": (20.0, 30.0),
        "defocus": (-30.0, 30.0),
        "cs": (-0.003, 0.003),
        "focal_spread": (10.0, 30.0),
        "source": (0.15, 0.3),
    },
}
"""What each microscope fills in: typical values, not those of one instrument."""


class ProbeConfig(Config):
    """The image of one atom: a width and a tail, or what the optics make of it."""

    preset: Microscope = setting(
        "none",
        "A kind of microscope that fills in the optics; what is given beside it wins.",
        title="Microscope",
        fills=True,
        advanced=True,
    )
    kind: Literal["width", "optics"] = setting(
        "width", "Whether the probe is drawn by its width and tail, or computed from the optics.", advanced=True
    )
    sigma: Annotated[Bounds, Limits(0.05, 5)] = setting(
        (0.38, 0.62), "By width: standard deviation of one atom's image.", title="Width", unit="Å", advanced=True
    )
    tail_fraction: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.0, 0.45), "By width: part of an atom's intensity in the probe's broad tail.", advanced=True
    )
    tail_width: Annotated[Bounds, Limits(1, 20)] = setting(
        (1.8, 3.2), "By width: width of the tail in units of the probe's width.", advanced=True
    )
    voltage: float = setting(60.0, "By optics: acceleration voltage.", unit="kV", ge=20, le=1200, advanced=True)
    aperture: Annotated[Bounds, Limits(1, 60)] = setting(
        (28.0, 35.0), "By optics: semi-angle of convergence.", unit="mrad", advanced=True
    )
    defocus: Annotated[Bounds, Limits(-2000, 2000)] = setting(
        (-40.0, 40.0), "By optics: defocus, positive under focus.", unit="Å", advanced=True
    )
    cs: Annotated[Bounds, Limits(-5, 5)] = setting(
        (-0.002, 0.002), "By optics: spherical aberration of third order.", title="Cs", unit="mm", advanced=True
    )
    focal_spread: Annotated[Bounds, Limits(0, 300)] = setting(
        (25.0, 45.0),
        "By optics: standard deviation of the defocus, from chromatic aberration.",
        unit="Å",
        advanced=True,
    )
    source: Annotated[Bounds, Limits(0, 5)] = setting(
        (0.25, 0.45),
        "By optics: standard deviation of the source's image in the specimen.",
        title="Source size",
        unit="Å",
        advanced=True,
    )
    atom_width: Annotated[Bounds, Limits(0.02, 2)] = setting(
        (0.1, 0.15), "By optics: standard deviation of what scatters in one atom.", unit="Å", advanced=True
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        """Take what is not given from the microscope."""
        preset = PRESETS.get(str(values.get("preset"))) if isinstance(values, Mapping) else None
        return values if preset is None else {"kind": "optics", **preset, **values}


class ScanConfig(Config):
    """How the scan shows the specimen."""

    affine: float = setting(
        0.03, "Largest scale, shear and stretch of the whole scan.", ge=0, le=0.3, advanced=True
    )
    distortion: float = setting(
        0.15, "Amplitude of the smooth scan distortion.", unit="Å", ge=0, le=2, advanced=True
    )
    jitter: float = setting(0.03, "Random shift of each scan line.", unit="Å", ge=0, le=1, advanced=True)
    drift: Annotated[Bounds, Limits(0, 0.5)] = setting(
        (0.0, 0.0),
        "Way of the specimen during the scan, in any direction, in parts of the image's height.",
        advanced=True,
    )


class ContaminationConfig(Config):
    """What lies on the specimen."""

    background: Annotated[Bounds, Limits(0, 10)] = setting(
        (0.0, 0.6), "Smooth background relative to the brightest atom.", advanced=True
    )
    amorphous: Annotated[Bounds, Limits(0, 50)] = setting(
        (0.0, 0.0),
        "Thickness of amorphous carbon, atom by atom.",
        title="Amorphous carbon",
        unit="Å",
        advanced=True,
    )
    coverage: Annotated[Bounds, Limits(0, 1)] = setting(
        (0.3, 1.0), "Part of the image that the amorphous carbon covers, in patches.", advanced=True
    )


class DetectorConfig(Config):
    """How electrons become pixel values: gain · (counts) + offset, with read noise."""

    background: Annotated[Bounds, Limits(0, 10)] = setting(
        (0.0, 0.0), "Even background, counted with its noise, relative to the brightest atom.", advanced=True
    )
    gain: Annotated[Bounds, Limits(1e-3, 1e5)] = setting((1.0, 1.0), "Value of a pixel per count.", advanced=True)
    offset: Annotated[Bounds, Limits(-1e5, 1e5)] = setting(
        (0.0, 0.0), "Value of a pixel without counts.", advanced=True
    )
    read_noise: Annotated[Bounds, Limits(0, 1e4)] = setting(
        (0.0, 0.0), "Standard deviation of what reading adds to a pixel, in its values.", advanced=True
    )
