"""Options that several commands share, as one parameter of each."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any


def with_groups(command: Callable[..., int]) -> Callable[..., int]:
    """Let typer see the fields of a dataclass of options where a command has one parameter for them all.

    Parameters
    ----------
    command : callable
        Some of its parameters are annotated with a dataclass whose fields are annotated as typer's options.

    Returns
    -------
    callable
        Has a parameter for each field instead, in the same order, all of them keywords.
    """
    signature = inspect.signature(command)
    groups: dict[str, type[Any]] = {
        name: one.annotation
        for name, one in signature.parameters.items()
        if isinstance(one.annotation, type) and is_dataclass(one.annotation)
    }

    @wraps(command)
    def grouped(**given: Any) -> int:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return command(**given, **made)

    seen = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, one in signature.parameters.items()
        for option in (inspect.signature(groups[name]).parameters.values() if name in groups else (one,))
    ]
    grouped.__signature__ = signature.replace(parameters=seen)  # type: ignore[attr-defined]
    grouped.__annotations__ = {option.name: option.annotation for option in seen}
    return grouped
