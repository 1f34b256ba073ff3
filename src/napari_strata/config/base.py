"""What all settings share: frozen, no unknown fields, and one description that feeds form, help and docs."""

from mimetypes import guess_type
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from napari_strata.config.known_fields import near_field, section_at
from napari_strata.errors import ConfigError

LONGEST = 60
"""A value is quoted in an error up to this length."""
_QUOTE = "'"


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
            raise ConfigError(f"{source}: {_in_words(cls, error)}", remedy=_remedy(cls, error)) from error

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
            raise _unreadable(path, error) from error
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
    fills: bool = False,
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
    fills : bool
        The value decides others of the model; a form then shows those.
    **bounds
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, ``max_length`` as in pydantic.
    """
    text = f"{description} [{unit}]" if unit else description
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced, "fills": fills}
    return Field(default, title=title, description=text, json_schema_extra=extra, **bounds)


def title_of(name: str, field: FieldInfo) -> str:
    """Return what people read in front of a field."""
    return field.title or name.replace("_", " ").capitalize()


def section(config_class: type[Config], description: str, *, title: str | None = None) -> Any:
    """Declare a field that is a settings model of its own, folded away in forms."""
    extra: dict[str, Any] = {"advanced": True}
    return Field(default_factory=config_class, title=title, description=description, json_schema_extra=extra)


def _in_words(cls: type[BaseModel], error: ValidationError) -> str:
    return "; ".join(_one_in_words(cls, one) for one in error.errors()) + "."


def _one_in_words(cls: type[BaseModel], error: ErrorDetails) -> str:
    _, place = section_at(cls, error["loc"])
    reason = error["msg"].removeprefix("Value error, ")  # pydantic's, before the words of our own checks
    match error["type"]:
        case "extra_forbidden":
            near = _near(cls, error)
            reason = "there is no such field" + (f" (is {near} meant?)" if near else "")
        case "literal_error":
            reason = f"{error['input']!r} is not {error['ctx']['expected']}"
        case "union_tag_invalid":
            place = f"{place}.{error['ctx']['discriminator'].strip(_QUOTE)}"
            reason = f"{error['ctx']['tag']!r} is not {error['ctx']['expected_tags']}"
        case "union_tag_not_found":
            reason = f"the field {error['ctx']['discriminator'].strip(_QUOTE)} is missing, which says what it is"
        case "model_type":
            reason = f"fields are expected here, each with its value, not {_short(error['input'])}"
    return ": ".join(filter(None, (place, reason)))


def _remedy(cls: type[BaseModel], error: ValidationError) -> str:
    """List the fields of the sections in which a name is like none of them."""
    unknown = [e for e in error.errors() if e["type"] == "extra_forbidden" and _near(cls, e) is None]
    known = {}
    for one in unknown:
        section, place = section_at(cls, one["loc"][:-1])
        if section is not None:
            known[place] = ", ".join(section.model_fields)
    lists = [f"Known fields {f'of {place}' if place else 'here'} are {names}." for place, names in known.items()]
    return " ".join(lists) or "Change or remove the named fields."


def _near(cls: type[BaseModel], error: ErrorDetails) -> str | None:
    section, _ = section_at(cls, error["loc"][:-1])
    return None if section is None else near_field(section, str(error["loc"][-1]))


def _unreadable(path: Path, error: Exception) -> ConfigError:
    """Say what a file is that is no YAML."""
    if isinstance(error, UnicodeError | ReaderError):
        is_image = (guess_type(path)[0] or "").startswith("image/")
        return ConfigError(
            f"{path} is {'an image' if is_image else 'no text'}, and no YAML file with settings.",
            remedy="Give a YAML file; it names the images. The how-to 'Work without a screen' shows some.",
        )
    has_line = isinstance(error, MarkedYAMLError) and error.problem_mark is not None
    return ConfigError(
        f"{path} is not valid YAML ({_one_line(error)}).",
        remedy="Mend the line that is named." if has_line else "Mend it with a text editor.",
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
