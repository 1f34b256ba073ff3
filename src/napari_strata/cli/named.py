"""Options whose values are names: one that is none lists those there are."""

from collections.abc import Iterable, Sequence
from typing import cast

import typer

from napari_strata.config import ExplainMethod
from napari_strata.config.judge import MEASURES, Measure

METHOD_HELP = "(default input-gradient, which is Gradient saliency); a name that is none lists them all."


def parse_methods(texts: Sequence[str]) -> list[ExplainMethod]:
    """Return the methods that are named, with commas between them or one by one.

    Raises
    ------
    typer.BadParameter
        If one is none; it lists those there are.
    """
    from napari_strata.explain.catalogue import METHODS

    return cast(list[ExplainMethod], _known(texts, METHODS, "method"))


def parse_method(text: str) -> ExplainMethod:
    """Return the one method that is named.

    Raises
    ------
    typer.BadParameter
        If it is none, or there are several.
    """
    names = parse_methods([text])
    if len(names) > 1:
        raise typer.BadParameter("name one method; each is judged by itself.", param_hint=["--method"])
    return names[0]


def parse_measures(texts: Sequence[str]) -> tuple[Measure, ...]:
    """Return the tests that are named, with commas between them or one by one.

    Raises
    ------
    typer.BadParameter
        If one is none; it lists those there are.
    """
    return cast(tuple[Measure, ...], tuple(_known(texts, MEASURES, "measure")))


def _known(texts: Sequence[str], known: Iterable[str], what: str) -> list[str]:
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name not in known:
            raise typer.BadParameter(
                f"{name!r} is no {what}; there are {', '.join(known)}.", param_hint=[f"--{what}"]
            )
    return list(dict.fromkeys(names))
