"""How to predict, locate atoms and explain."""

from typing import Literal

from pydantic import Field

from napari_strata.config.base import Config, setting
from napari_strata.config.explain import ExplainConfig
from napari_strata.config.judge import JudgeConfig
from napari_strata.config.report import ReportConfig
from napari_strata.config.training import Device


class InferenceConfig(Config):
    """Tiling of large images, and the device."""

    tile_size: int = setting(
        512,
        "Side of a tile on the network's grid; the default networks need 288 and take it for less.",
        unit="px",
        ge=64,
        le=8192,
        advanced=True,
    )
    align_layers: bool = setting(
        True,
        "Make each decoder mean the same crystal layer everywhere; looks at the image in four orientations.",
        advanced=True,
    )
    device: Device = setting("auto", "Where to compute.", advanced=True)


SpeciesBy = Literal["class", "intensity", "both"]
Refine = Literal["centroid", "probability", "image"]
Peaks = Literal["round", "elliptical"]


class AtomsConfig(Config):
    """How atoms are found in probability maps."""

    min_distance: float = setting(
        0.9,
        "Smallest distance of two atoms of one layer; atoms of one species keep more where the image shows more.",
        unit="Å",
        gt=0,
        le=100,
    )
    min_probability: float = setting(0.4, "Least probability of an atom at its peak.", gt=0, lt=1)
    refinement_radius: float = setting(
        0.5, "Radius within which a position is refined.", unit="Å", gt=0, le=100, advanced=True
    )
    refine: Refine = setting(
        "centroid",
        "What gives positions: the centroid in the probability map, or a joint fit of all atoms to that map or to"
        " the image, with uncertainties. Of a fit to the map they are those of the map's shape, not of the noise,"
        " and too small.",
    )
    peaks: Peaks = setting(
        "round",
        "What a fitted peak looks like: round, or elliptical, as an astigmatic probe makes it, which takes about"
        " twice the time.",
        title="Peak shape",
        advanced=True,
    )
    species: SpeciesBy = setting(
        "class",
        "What tells species apart: the class that the network sees, the brightness of the columns, or both.",
    )
    components: int = setting(
        0,
        "How many species the brightness tells apart; 0 lets the image decide. Only for species by intensity.",
        ge=0,
        le=6,
        advanced=True,
    )
    candidates: bool = setting(
        False,
        "Propose atoms that are missing from the lattice, some that do not belong to it, and some that the image"
        " does not show: a network may fill vacancies.",
    )


class AnalysisConfig(Config):
    """How to use a trained network: what ``--config`` of the commands that use one takes."""

    inference: InferenceConfig = Field(default_factory=InferenceConfig, description="How to predict.")
    atoms: AtomsConfig = Field(default_factory=AtomsConfig, description="How to locate atoms.")
    explain: ExplainConfig = Field(default_factory=ExplainConfig, description="How to explain.")
    judge: JudgeConfig = Field(default_factory=JudgeConfig, description="How to judge a heatmap.")
    report: ReportConfig = Field(default_factory=ReportConfig, description="What to show in a report.")
