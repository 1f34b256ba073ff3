"""What all settings share: frozen, no unknown fields, and one description that feeds form, help and docs."""

from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from napari_strata.errors import ConfigError


class Config(BaseModel):
    """Base of every settings model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def parse(cls, values: object, *, source: str = "the settings") -> Self:
        """Validate plain data.

        Parameters
        ----------
        values : object
            A mapping as read from YAML or a form.
        source : str
            Where the values come from, named in the error.

        Raises
        ------
        ConfigError
            Naming each unknown field and each value out of range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{source}: {_in_words(error)}", remedy=_remedy(cls, error)) from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and validate a YAML file.

        Raises
        ------
        ConfigError
            If the file cannot be read, is not YAML, or does not fit the schema.
        """
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be read ({error.strerror}).", remedy="Check the path and its permissions."
            ) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:  # also a date that is none, nested too deep
            raise ConfigError(
                f"{path} is not valid YAML ({_one_line(error)}).", remedy="Mend the line that is named."
            ) from error
        return cls.parse(values if values is not None else {}, source=str(path))

    def to_yaml(self) -> str:
        """Return the settings as YAML, every default spelled out."""
        text: str = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)
        return text


def setting(
    default: Any,
    description: str,
    *,
    title: str | None = None,
    unit: str | None = None,
    advanced: bool = False,
    **bounds: Any,
) -> Any:
    """Declare one field of a settings model.

    Parameters
    ----------
    default : object
        The default value; ``...`` makes the field required.
    description : str
        One sentence for tooltip, ``--help`` and docs.
    title : str, optional
        Label in forms; by default the field's name.
    unit : str, optional
        Unit shown behind the field and in the tooltip.
    advanced : bool
        Folded away in forms unless asked for.
    **bounds
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, ``max_length`` as in pydantic.
    """
    text = f"{description} [{unit}]" if unit else description
    return Field(
        default, title=title, description=text, json_schema_extra={"unit": unit, "advanced": advanced}, **bounds
    )


def section(config_class: type[Config], description: str, *, title: str | None = None) -> Any:
    """Declare a field that is a settings model of its own, folded away in forms."""
    extra: dict[str, Any] = {"advanced": True}
    return Field(default_factory=config_class, title=title, description=description, json_schema_extra=extra)


def _in_words(error: ValidationError) -> str:
    return "; ".join(_one_in_words(one) for one in error.errors()) + "."


def _one_in_words(error: ErrorDetails) -> str:
    reason = error["msg"].removeprefix("Value error, ")  # pydantic's, before the words of our own checks
    if error["type"] == "extra_forbidden":
        reason = "there is no such field"
    return ": ".join(filter(None, (".".join(map(str, error["loc"])), reason)))


def _remedy(cls: type[BaseModel], error: ValidationError) -> str:
    if any(e["type"] == "extra_forbidden" and len(e["loc"]) == 1 for e in error.errors()):
        return f"Known fields here are {', '.join(cls.model_fields)}."
    return "Change or remove the named fields."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
