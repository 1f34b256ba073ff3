"""Options of the commands: those that a settings field describes are generated from it."""

import math
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from napari_strata.config import AnalysisConfig, Config
from napari_strata.errors import ConfigError
from napari_strata.numbers import plain

C = TypeVar("C", bound=Config)

_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def length_of_pixel(size: float | None) -> float | None:
    """Refuse what is no length of a pixel [Å].

    Raises
    ------
    typer.BadParameter
        If it is not a positive number.
    """
    if size is not None and not 0 < size < math.inf:
        raise typer.BadParameter(f"{size:g} is no length of a pixel; give a positive number of Å.")
    return size


AsJson = Annotated[
    bool, typer.Option("--json", help="For programs: print one JSON object as the last line of stdout.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print the traceback of a failure.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of results that are there already.")]
PixelSize = Annotated[
    float | None,
    typer.Option(
        help="Length of one pixel [Å]; wins over the file's own.",
        show_default=False,
        callback=length_of_pixel,
    ),
]
AnalysisFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="YAML",
        help="File with sections inference, atoms, explain; options win over it.",
        show_default=False,
    ),
]
SignalName = Annotated[
    str | None,
    typer.Option("--signal", metavar="NAME", help="Which image of a file that holds several.", show_default=False),
]
ToGrey = Annotated[bool, typer.Option("--to-grey", help="Turn colour pictures grey; else they are refused.")]


def option(config: type[Config], field: str, *flags: str, default: str | None = None) -> Any:
    """Make an option from a settings field: description, unit, bounds and default are the field's.

    Parameters
    ----------
    config : type of Config
        The settings model.
    field : str
        Name of the field.
    *flags : str
        Flags; by default ``--field``.
    default : str, optional
        What to call the default, where it is not the field's own.

    Returns
    -------
    object
        For use in ``Annotated[T | None, option(...)] = None``; None means that it was not given.
    """
    info = config.model_fields[field]
    remarks = [
        f"{words} {plain(getattr(constraint, name), 10)}"
        for constraint in info.metadata
        for name, words in _BOUNDS.items()
        if hasattr(constraint, name)
    ]
    remarks.append(f"default {default or _said(info.default)}")
    return typer.Option(*flags, help=f"{info.description} ({', '.join(remarks)})", show_default=False)


def _said(default: object) -> str:
    """Write a default as people read it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "none" if default is None else str(default)


def read_analysis(path: Path | None) -> AnalysisConfig:
    """Read the file of ``--config``; without one, return the defaults.

    Raises
    ------
    ConfigError
        If the file cannot be read or does not fit the schema.
    """
    return AnalysisConfig() if path is None else AnalysisConfig.read(path)


def with_options(config: C, **given: object) -> C:
    """Return settings with the options that were given.

    Parameters
    ----------
    config : Config
        The settings to start from.
    **given : object
        Field and value; None where the option was not given.

    Raises
    ------
    typer.BadParameter
        If a value is out of its range, or contradicts the other settings.
    """
    values = {field: value for field, value in given.items() if value is not None}
    if not values:
        return config
    try:
        return config.parse(config.model_dump(exclude_unset=True) | values, source="not possible")
    except ConfigError as error:
        flags = [f"--{field.replace('_', '-')}" for field in values]
        raise typer.BadParameter(error.message, param_hint=flags) from error
