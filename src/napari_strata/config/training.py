"""How to train: on what data, for how long, on what hardware; the parts have files of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.config.base import Config, section, setting
from napari_strata.config.labels import SpotConfig
from napari_strata.config.loss import LossConfig
from napari_strata.config.model import ModelConfig
from napari_strata.config.optimization import (
    AveragingConfig,
    CorrectionsConfig,
    EnsembleConfig,
    OptimizerConfig,
    ScheduleConfig,
    StartConfig,
)
from napari_strata.config.paired import PairedData
from napari_strata.config.simulation import SimulationConfig

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Engine = Literal["thread", "process"]
Origin = Literal["human", "imported", "model", "corrected"]
"""Where a label comes from, as `annotation.provenance.Provenance` names it."""
ORIGINS: tuple[Origin, ...] = ("human", "imported", "model", "corrected")


class SimulatedData(Config):
    """Train on crystals simulated on the fly; no labels are needed."""

    source: Literal["simulated"] = "simulated"
    simulation: SimulationConfig = Field(default_factory=SimulationConfig, description="What to simulate.")
    scale_jitter: float = setting(
        0.2,
        "Crystals are magnified or shrunk by up to this part, so that an imprecise pixel size does no harm.",
        ge=0,
        le=0.5,
        advanced=True,
    )


class LabelledData(Config):
    """Train on images with painted or imported labels, file by file."""

    source: Literal["labels"] = "labels"
    images: tuple[Path, ...] = setting(
        ..., "Image files, (y, x) or (frame, y, x), relative to this file.", min_length=1
    )
    labels: tuple[Path, ...] = setting(
        ...,
        "Label files in the same order: 0 not labelled, 1 background, 2.. classes; or atom tables (csv).",
        min_length=1,
    )
    classes: tuple[Annotated[str, Field(min_length=1)], ...] = setting(
        ..., "Names of the classes with codes 2, 3, ...", min_length=1, max_length=253
    )
    provenance: tuple[Path, ...] = setting(
        (),
        "Files that say where each label comes from, in the same order: 1 painted by hand, 2 imported, 3 drawn by "
        "a network, 4 corrected by hand.",
    )
    learn_from: tuple[Origin, ...] = setting(
        ORIGINS, "Where the labels come from that count; the others are taken as not labelled.", min_length=1
    )
    image_pixel_size: float | None = setting(
        None, "Pixel size of the images where the files do not say.", unit="Å/px", gt=0
    )
    atoms: SpotConfig = Field(
        default_factory=SpotConfig, description="How atom tables among the labels become masks."
    )

    @property
    def files(self) -> dict[str, tuple[Path, ...]]:
        """The fields that name files."""
        return {"images": self.images, "labels": self.labels, "provenance": self.provenance}

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.images) != len(self.labels):
            raise ValueError(f"{len(self.images)} images but {len(self.labels)} label files")
        if self.provenance and len(self.provenance) != len(self.labels):
            raise ValueError(f"{len(self.labels)} label files but {len(self.provenance)} provenance files")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("two classes have the same name")
        return self


Data = Annotated[SimulatedData | LabelledData | PairedData, Field(discriminator="source")]


class TrainingConfig(Config):
    """Length, hardware, and all that decides how the weights move."""

    time_limit: float | None = setting(
        5.0,
        "Training ends after this time; a file that names epochs or deterministic but no time limit has none.",
        unit="minutes",
        gt=0,
        le=10_000,
    )
    epochs: int = setting(100, "Training ends after so many epochs.", ge=1, le=100_000)
    patience: int | None = setting(
        None,
        "Training ends after so many epochs without a better score; empty never does.",
        title="Stop early after",
        unit="epochs",
        ge=1,
        advanced=True,
    )
    steps_per_epoch: int = setting(
        50, "Batches between two validations.", title="Batches per epoch", ge=1, le=100_000, advanced=True
    )
    batch_size: int = setting(8, "Patches per batch.", ge=1, le=1024, advanced=True)
    patch_size: int = setting(128, "Side of a training patch.", unit="px", ge=16, le=2048, advanced=True)
    validation_fraction: float = setting(
        0.2, "Part of the slices held out.", title="Part held out", ge=0, lt=1, advanced=True
    )
    validation_crops: int = setting(
        24, "Simulated crystals held out.", title="Crystals held out", ge=1, le=10_000, advanced=True
    )
    optimizer: OptimizerConfig = section(OptimizerConfig, "The optimizer.")
    schedule: ScheduleConfig = section(
        ScheduleConfig, "The learning rate over the training.", title="Learning rate over time"
    )
    averaging: AveragingConfig = section(AveragingConfig, "Averaged weights.", title="Averaged weights")
    loss: LossConfig = section(LossConfig, "What is made small.")
    augmentation: AugmentationConfig = section(
        AugmentationConfig, "How patches are varied.", title="Varied patches (augmentation)"
    )
    corrections: CorrectionsConfig = section(
        CorrectionsConfig, "What is painted while the network trains.", title="Painted while it learns"
    )
    ensemble: EnsembleConfig = section(
        EnsembleConfig, "Several networks in one model.", title="Several networks (ensemble)"
    )
    start: StartConfig = section(StartConfig, "Where the weights begin.", title="Start from a model")
    precision: Precision = setting(
        "auto", "bf16 where the hardware has it, fp32 otherwise, or one of them always.", advanced=True
    )
    device: Device = setting("auto", "Where to compute.", advanced=True)
    engine: Engine = setting(
        "thread",
        "In a thread of this program, or in a process of its own, which cannot take this one down.",
        advanced=True,
    )
    devices: int = setting(1, "Devices, or processes on a CPU, that train together.", ge=1, le=64, advanced=True)
    nodes: int = setting(1, "Machines that train together.", title="Machines", ge=1, le=1024, advanced=True)
    deterministic: bool = setting(
        False,
        "Repeat to the bit: steps alone, not the clock, steer the learning rate; only exact algorithms.",
        title="Repeat exactly",
        advanced=True,
    )
    preview_interval: float = setting(
        4.0,
        "Shortest time between two previews on the image.",
        title="Live preview every",
        unit="s",
        ge=0.1,
        le=3600,
        advanced=True,
    )
    tensorboard: bool = setting(
        True, "Write the curves for TensorBoard, too, where it is installed.", title="TensorBoard", advanced=True
    )
    seed: int = setting(0, "Seed of every random draw.", ge=0, advanced=True)

    @model_validator(mode="after")
    def _epochs_alone_are_a_budget(self) -> Self:
        """Let the clock end nothing whose length was named otherwise, or that is to be repeated exactly."""
        is_long_enough = "epochs" in self.model_fields_set or self.deterministic
        if is_long_enough and "time_limit" not in self.model_fields_set:
            object.__setattr__(self, "time_limit", None)  # pydantic freezes fields already here
        return self

    @model_validator(mode="after")
    def _snapshots_need_whole_cycles(self) -> Self:
        if self.ensemble.kind == "snapshot":
            if self.schedule.kind != "cosine":
                raise ValueError("a snapshot ensemble needs the cosine schedule")
            if self.averaging.kind == "swa":
                raise ValueError("a snapshot ensemble keeps the end of each cycle; choose averaging ema or none")
            if self.patience is not None:
                raise ValueError("a snapshot ensemble needs all its cycles; leave patience empty")
        return self

    @model_validator(mode="after")
    def _patience_outlasts_a_plateau(self) -> Self:
        wait = self.schedule.plateau_patience
        if self.schedule.kind == "plateau" and self.patience is not None and self.patience <= wait:
            raise ValueError(
                f"the training ends after {self.patience} epochs without a better score, before the rate is "
                f"lowered (after {wait}); choose patience above schedule.plateau_patience"
            )
        return self


class TrainConfig(Config):
    """Everything that a training run needs; the schema of ``napari-strata train CONFIG.yaml``."""

    name: str = setting("", "Name of the model; empty takes architecture and data.")
    model: ModelConfig = Field(default_factory=ModelConfig, description="Which network.")
    data: Data = Field(default_factory=SimulatedData, description="What to learn from.")
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="How to train.")

    @model_validator(mode="before")
    @classmethod
    def _describes_no_search(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "search" in values and "search" not in cls.model_fields:
            raise ValueError(
                "the section search is read by napari-strata search CONFIG.yaml alone; take it out to train once"
            )
        return values

    @model_validator(mode="after")
    def _layers_agree(self) -> Self:
        if isinstance(self.data, SimulatedData):
            if self.data.simulation.layers != self.model.layers:
                raise ValueError(
                    f"the model has {self.model.layers} layers, the simulation {self.data.simulation.layers}"
                )
            if self.model.pixel_size is None:
                raise ValueError("training on simulated crystals needs model.pixel_size")
        if self.training.patch_size < 2 ** (len(self.model.filters) - 1):
            raise ValueError("training.patch_size is smaller than the network's coarsest pixel")
        return self

    @model_validator(mode="after")
    def _loss_fits_output(self) -> Self:
        if (self.model.output == "values") != isinstance(self.data, PairedData):
            raise ValueError(
                f"a network whose output is {self.model.output!r} does not learn from data.source "
                f"{self.data.source!r}; values are learned from images, classes from labels or simulated crystals"
            )
        changes: dict[str, Config] = {"loss": self.training.loss.fitted(self.model.output)}
        if isinstance(self.data, PairedData):
            changes["augmentation"] = self.training.augmentation.of_known_values
        # so that the run's record says what was done; pydantic freezes fields already here
        object.__setattr__(self, "training", self.training.model_copy(update=changes))
        return self
