"""What to simulate: the crystal, its layers, and the ranges from which the microscope is drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, section, setting
from napari_strata.config.crystal import CrystalConfig, DefectsConfig, Material, StackingConfig
from napari_strata.config.microscope import ContaminationConfig, DetectorConfig, ProbeConfig, ScanConfig
from napari_strata.config.ranges import Bounds, Limits

ClassesBy = Literal["elements", "kinds", "columns"]
MOST_NAMED = 4
"""So many crystals of which one is drawn are named one by one."""
_MOVED = {
    "probe_sigma": ("probe", "sigma"),
    "tail_fraction": ("probe", "tail_fraction"),
    "tail_width": ("probe", "tail_width"),
    "displacement": ("defects", "displacement"),
    "vacancies": ("defects", "vacancies"),
    "layer_contrast": ("stacking", "layer_contrast"),
    "affine": ("scan", "affine"),
    "scan_distortion": ("scan", "distortion"),
    "scan_jitter": ("scan", "jitter"),
    "background": ("contamination", "background"),
}
"""Where the settings of records from before there were sections are now."""


class SimulationConfig(Config):
    """A family of simulated images; every image draws its own values from these ranges."""

    material: Material = setting("graphene", "Crystal of every layer.")
    layers: int = setting(2, "Number of stacked crystal layers.", ge=1, le=4)
    twist: Annotated[Bounds, Limits(0, 180)] = setting(
        (4.0, 56.0), "Twist of each layer against the one before.", unit="degrees"
    )
    dose: Annotated[Bounds, Limits(1e-3, 1e9)] = setting(
        (4.0, 150.0),
        "Expected counts in the brightest pixel at 0.2 Å/px, or per Å²; drawn log-uniformly.",
        unit="counts",
    )
    dose_per: Literal["peak", "area"] = setting(
        "peak",
        "Whether the dose is that of the brightest pixel at 0.2 Å/px, or the mean per Å² of the image.",
        advanced=True,
    )
    mask_radius: float = setting(
        0.53, "Radius of the disk that labels an atom.", unit="Å", gt=0, le=2, advanced=True
    )
    classes: ClassesBy = setting(
        "elements",
        "What classes are: elements; kinds of elements, which are metal, chalcogen, or else the element itself; "
        "or just columns.",
        advanced=True,
    )
    faintest: float = setting(
        0.0,
        "Columns fainter than this part of the brightest perfect one have no label: neither atom nor background.",
        title="Faintest labelled",
        ge=0,
        le=1,
        advanced=True,
    )
    crystal: CrystalConfig = section(CrystalConfig, "Which crystals.", title="Crystals")
    stacking: StackingConfig = section(StackingConfig, "How the layers lie.", title="Stacking and strain")
    defects: DefectsConfig = section(
        DefectsConfig, "What is wrong with the crystals.", title="Disorder and defects"
    )
    probe: ProbeConfig = section(ProbeConfig, "The image of one atom.")
    scan: ScanConfig = section(ScanConfig, "How the scan shows the specimen.")
    contamination: ContaminationConfig = section(ContaminationConfig, "What lies on the specimen.")
    detector: DetectorConfig = section(DetectorConfig, "How electrons become pixel values.")

    @property
    def subject(self) -> str:
        """What is simulated, for names: ``graphene on hBN``, ``MoS2 or WS2``, or the name of the CIF file."""
        materials = (self._lowest, *self.crystal.upper[: self.layers - 1])
        return " on ".join(reversed(materials)) if len(set(materials)) > 1 else self._lowest

    @property
    def _lowest(self) -> str:
        drawn = tuple(dict.fromkeys(self.crystal.any_of))
        if len(drawn) > MOST_NAMED:
            named = len(drawn) - ("random" in drawn)
            return f"{named} crystals and random ones" if named < len(drawn) else f"{named} crystals"
        if drawn:
            return " or ".join(filter(None, (", ".join(drawn[:-1]), drawn[-1])))
        return self.material if self.crystal.cif is None else self.crystal.cif.stem

    @model_validator(mode="after")
    def _random_crystals_are_columns(self) -> Self:
        if "random" in self.crystal.any_of and self.classes != "columns":
            raise ValueError("classes: the columns of random crystals have no names; choose columns")
        return self

    def beside(self, folder: Path) -> Self:
        """Return the settings with the CIF file's path made absolute against a folder."""
        if self.crystal.cif is None:
            return self
        crystal = self.crystal.model_copy(update={"cif": (folder / self.crystal.cif).resolve()})
        return self.model_copy(update={"crystal": crystal})

    @model_validator(mode="before")
    @classmethod
    def _take_earlier_names(cls, values: Any) -> Any:
        """Read records from before there were sections."""
        if not isinstance(values, Mapping) or not _MOVED.keys() & values.keys():
            return values
        kept = {name: value for name, value in values.items() if name not in _MOVED}
        for name in _MOVED.keys() & values.keys():
            part, field = _MOVED[name]
            if isinstance(kept.get(part, {}), Mapping):
                kept[part] = {field: values[name], **kept.get(part, {})}
        return kept
