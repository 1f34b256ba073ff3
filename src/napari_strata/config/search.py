"""What a search for good settings tries, and how long."""

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from napari_strata.config.base import Config, setting
from napari_strata.config.optimization import CorrectionsConfig, EnsembleConfig
from napari_strata.config.training import TrainConfig
from napari_strata.errors import ConfigError

SamplerName = Literal["tpe", "random", "grid"]
PrunerName = Literal["hyperband", "none"]
ScoreName = Literal["dice", "loss"]

SECTIONS = ("model", "training")
"""Parts of `TrainConfig` whose settings can be searched; what is learned from stays the same."""
_LENGTH = "search.epochs is the length of every trial"
_JUDGEMENT = "it decides what trials are scored on, and their scores could not be compared"
_MACHINE = "it makes no network better"
FIXED = {
    **dict.fromkeys(("training.epochs", "training.time_limit", "training.steps_per_epoch"), _LENGTH),
    "training.patience": "search.pruner ends trials that do badly",
    **dict.fromkeys(("training.seed", "training.validation_fraction", "training.validation_crops"), _JUDGEMENT),
    **dict.fromkeys(("model.layers", "model.output"), "it decides what the network is for"),
    **{
        f"training.{name}": _MACHINE
        for name in ("device", "devices", "nodes", "engine", "deterministic", "preview_interval", "tensorboard")
    },
    **{f"training.corrections.{name}": "nobody paints during a search" for name in CorrectionsConfig.model_fields},
    **{f"training.ensemble.{name}": "every trial trains one network" for name in EnsembleConfig.model_fields},
}
"""Settings that cannot be searched, and why."""


class Range(Config):
    """Numbers between two ends, which are tried, too."""

    low: float = setting(..., "Smallest value.")
    high: float = setting(..., "Largest value.")
    log: bool = setting(False, "Try as many values between 0.001 and 0.01 as between 0.01 and 0.1.")
    points: int = setting(4, "Values of a grid search.", ge=2, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low is {self.low:g}, which is not below high, {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low is {self.low:g}, but log needs a positive number")
        return self


class Choices(Config):
    """Values of which one is taken."""

    choices: tuple[Any, ...] = setting(..., "The values.", min_length=1)


def _kind(value: object) -> str:
    has_choices = isinstance(value, Choices) or (isinstance(value, Mapping) and "choices" in value)
    return "choices" if has_choices else "range"


Parameter = Annotated[Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_kind)]


def default_parameters() -> dict[str, Range | Choices]:
    """Return what is searched unless something else is asked for."""
    return {
        "training.optimizer.learning_rate": Range(low=3e-4, high=1e-2, log=True),
        "training.optimizer.weight_decay": Range(low=1e-4, high=1e-1, log=True),
        "training.batch_size": Choices(choices=(4, 8, 16)),
        "model.dropout": Range(low=0.0, high=0.4),
        "training.averaging.decay": Choices(choices=(0.9, 0.97, 0.99, 0.997)),
    }


class SearchConfig(Config):
    """A search for the settings that give the best score."""

    sampler: SamplerName = setting(
        "tpe",
        "Where to look next: where it was good so far (TPE), anywhere (random), or at every point of a grid.",
    )
    pruner: PrunerName = setting("hyperband", "End trials early that do worse than others did, or never.")
    trials: int = setting(20, "Trainings that are tried.", ge=1, le=100_000)
    epochs: int = setting(10, "Epochs of every trial.", ge=1, le=100_000)
    time_limit: float | None = setting(
        None, "The search ends after this time; it can be continued.", unit="minutes", gt=0, le=100_000
    )
    score: ScoreName = setting(
        "dice",
        "What is compared, on held-out data: Dice, or the loss for networks that give values.",
        advanced=True,
    )
    keep_models: bool = setting(False, "Keep the models of all trials, not of the best alone.", advanced=True)
    seed: int = setting(0, "Seed of what is tried.", ge=0, advanced=True)
    parameters: dict[str, Parameter] = Field(
        default_factory=default_parameters,
        description="Settings to search by their names, each with low and high (and log), or with choices.",
        min_length=1,
    )

    @field_validator("parameters")
    @classmethod
    def _possible(cls, parameters: dict[str, Range | Choices]) -> dict[str, Range | Choices]:
        try:
            return {name: _checked(name, parameter) for name, parameter in parameters.items()}
        except ConfigError as error:
            raise ValueError(str(error).rstrip(".")) from error

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        losses = [name for name in self.parameters if name.startswith("training.loss.")]
        if losses and self.score == "loss":
            raise ValueError(f"{losses[0]} changes what the loss means; choose the score dice")
        return self


class SearchTrainConfig(TrainConfig):
    """What ``napari-strata search CONFIG.yaml`` reads: a training, and what to try about it."""

    search: SearchConfig = Field(default_factory=SearchConfig, description="What to try, and how often.")

    @model_validator(mode="after")
    def _score_fits_output(self) -> Self:
        if self.model.output == "values" and self.search.score == "dice":
            raise ValueError("search.score dice compares masks, and this network gives values; choose loss")
        return self

    @classmethod
    def of(cls, training: TrainConfig, search: SearchConfig) -> Self:
        """Put the two together.

        Raises
        ------
        ConfigError
            If they do not go together.
        """
        return cls.parse({**training.model_dump(), "search": search.model_dump()}, source="the search")

    @property
    def train_config(self) -> TrainConfig:
        """The training that every trial changes in the settings searched."""
        return TrainConfig.model_validate(self.model_dump(exclude={"search"}))


def setting_of(name: str) -> FieldInfo:
    """Return the field of `TrainConfig` that a dotted name means.

    Raises
    ------
    ConfigError
        If there is none, or it cannot be searched.
    """
    found = dict(searchable())
    if name in found:
        return found[name]
    if name in FIXED:
        raise ConfigError(f"{name} cannot be searched: {FIXED[name]}.", remedy="Take it out of the list.")
    parent, _, own = name.rpartition(".")
    namesakes = [one for one in found if one.rpartition(".")[2] == own]
    siblings = [one for one in found if one.rpartition(".")[0] == parent] or list(default_parameters())
    remedy = f"Is {' or '.join(namesakes)} meant?" if namesakes else f"There are {', '.join(siblings)}."
    raise ConfigError(f"{name} is no setting that can be searched.", remedy=remedy)


def searchable() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the dotted name and the field of every setting that can be searched."""
    for section in SECTIONS:
        config_class: Any = TrainConfig.model_fields[section].annotation
        yield from ((name, field) for name, field in _leaves(config_class, section) if name not in FIXED)


def is_whole(field: FieldInfo) -> bool:
    """Tell whether a setting is a whole number."""
    return int in _kinds(field)


def with_values(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """Return settings in which some have other values.

    Parameters
    ----------
    config : TrainConfig
        The settings to start from.
    values : mapping of str to object
        Values by dotted name.

    Raises
    ------
    ConfigError
        If they do not go together.
    """
    changed = config.model_dump()
    for name, value in values.items():
        *sections, last = name.split(".")
        part = changed
        for one in sections:
            part = part[one]
        part[last] = value
    told = ", ".join(f"{name} = {value}" for name, value in values.items())
    return TrainConfig.parse(changed, source=f"With {told}")


def value_of(config: TrainConfig, name: str) -> Any:
    """Return the value that a dotted name means."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _leaves(config_class: type[Config], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in config_class.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Config):
            yield from _leaves(kind, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", field


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    kind = field.annotation
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _checked(name: str, parameter: Range | Choices) -> Range | Choices:
    """Return the parameter with its values as the setting takes them."""
    field = setting_of(name)
    if isinstance(parameter, Choices):
        return Choices(choices=tuple(_valid(name, field, value) for value in parameter.choices))
    if not {int, float} & set(_kinds(field)):
        raise ConfigError(f"{name} is no number.", remedy="Give it choices instead of low and high.")
    ends: tuple[float, float] = (parameter.low, parameter.high)
    for end in ends:
        _valid(name, field, end)
    return parameter


def _valid(name: str, field: FieldInfo, value: Any) -> Any:
    kind: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ConfigError(f"{name} cannot be {value} ({reason}).", remedy="Change or remove it.") from error
