"""How the weights move: optimizer, learning rate over time, averaged weights, ensembles."""

from typing import Literal, Self

from pydantic import model_validator

from napari_strata.config.base import Config, setting

OptimizerName = Literal["adamw", "adam", "sgd", "momentum", "rmsprop"]
ScheduleKind = Literal["cosine", "constant", "one-cycle", "plateau"]
AveragingKind = Literal["ema", "swa", "none"]
EnsembleKind = Literal["none", "deep", "snapshot"]


class OptimizerConfig(Config):
    """The optimizer and what it is told."""

    name: OptimizerName = setting(
        "adamw", "AdamW, Adam, plain SGD, SGD with momentum, or RMSprop.", title="Method", advanced=True
    )
    learning_rate: float = setting(2e-3, "Peak learning rate.", gt=0, le=10, advanced=True)
    weight_decay: float = setting(1e-2, "Weight decay.", ge=0, le=1, advanced=True)
    momentum: float = setting(0.9, "Momentum of SGD with momentum and of RMSprop.", ge=0, lt=1, advanced=True)
    clip_norm: float | None = setting(
        None,
        "Gradients with a larger norm are scaled down to this; empty never does.",
        title="Largest gradient",
        gt=0,
        advanced=True,
    )


class ScheduleConfig(Config):
    """The learning rate over a training."""

    kind: ScheduleKind = setting(
        "cosine",
        "Half a cosine after the warm-up, always the same, up and down once, or less whenever it gets no better.",
        title="Course",
        advanced=True,
    )
    warmup: float = setting(
        0.03, "Part of the training in which the rate rises.", title="Warm-up part", ge=0, lt=1, advanced=True
    )
    final: float = setting(
        0.01,
        "Part of the peak rate that is left at the end (cosine, one-cycle).",
        title="Rate at the end",
        gt=0,
        le=1,
        advanced=True,
    )
    plateau_patience: int = setting(
        5,
        "Epochs without a better score before the rate is lowered (plateau).",
        title="Lower after",
        unit="epochs",
        ge=1,
        le=10_000,
        advanced=True,
    )
    plateau_factor: float = setting(
        0.5,
        "What the rate is multiplied with then (plateau).",
        title="Lower to this part",
        gt=0,
        lt=1,
        advanced=True,
    )


class AveragingConfig(Config):
    """Averaged weights, which are validated and kept."""

    kind: AveragingKind = setting(
        "ema",
        "Exponential moving average, the mean of the last part of the training (SWA), or the weights as they are.",
        advanced=True,
    )
    decay: float = setting(
        0.99, "Decay of the moving average per step (ema).", title="Decay per step", ge=0, lt=1, advanced=True
    )
    swa_start: float = setting(
        0.75,
        "Part of the training after which weights are averaged (swa).",
        title="Average from",
        ge=0,
        lt=1,
        advanced=True,
    )


class EnsembleConfig(Config):
    """Several networks in one model, whose probabilities are averaged."""

    kind: EnsembleKind = setting(
        "none",
        "Deep: one network after the other, each from a seed of its own. Snapshot: one network whose rate falls "
        "and starts anew, kept at every fall.",
        advanced=True,
    )
    members: int = setting(5, "Networks in an ensemble.", ge=2, le=20, advanced=True)


class CorrectionsConfig(Config):
    """How labels count that are painted while the network trains."""

    share: float = setting(
        0.4,
        "Part of the patches that show what was painted just now.",
        title="Part of the patches",
        ge=0,
        le=0.9,
        advanced=True,
    )
    half_life: float = setting(
        10.0,
        "After this, half of that part is left.",
        title="Half after",
        unit="epochs",
        gt=0,
        le=100_000,
        advanced=True,
    )
    respect_pins: bool = setting(
        False,
        "Weights that are right in more of the pinned regions are better than all others, whatever their score.",
        title="Pins must be right",
        advanced=True,
    )


class StartConfig(Config):
    """Where the weights begin."""

    model: str = setting(
        "",
        "Folder of a saved model whose weights to start from; empty starts anew.",
        title="Folder of the model",
        advanced=True,
    )
    freeze_encoder: bool = setting(
        False, "Leave the encoder's weights as they are in that model.", title="Keep the encoder", advanced=True
    )

    @model_validator(mode="after")
    def _nothing_to_freeze(self) -> Self:
        if self.freeze_encoder and not self.model:
            raise ValueError("freeze_encoder needs a model to start from")
        return self
