"""Which fields there are at a place of the settings, and which of them a misspelt name may mean."""

from collections.abc import Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

Section = type[BaseModel]


def section_at(config_class: Section, place: Sequence[int | str]) -> tuple[Section | None, str]:
    """Find the section that a place within settings means.

    Parameters
    ----------
    config_class : type of BaseModel
        The settings.
    place : sequence of int or str
        Where, as pydantic gives it: names of fields, with the kind of a section where there are several.

    Returns
    -------
    section : type of BaseModel or None
        The section; None where there is something else.
    name : str
        The place as a file has it, with dots; kinds are left out.
    """
    sections: list[Section] = [config_class]
    names: list[str] = []
    for part in place:
        if len(sections) > 1:
            sections = [one for one in sections if part in _kinds(one)]
            continue
        names.append(str(part))
        field = sections[0].model_fields.get(str(part)) if sections else None
        sections = [] if field is None else _sections(field.annotation)
    return (sections[0] if len(sections) == 1 else None), ".".join(names)


def near_field(section: Section, name: str) -> str | None:
    """Return the field of that name in a section below, else the one here that is nearest; None where none is."""
    fields = section.model_fields
    if below := _below(section, name.lower()):
        return below
    titles = {(field.title or one).lower().replace(" ", "_"): one for one, field in fields.items()}
    spellings = {**titles, **{one: one for one in fields}}
    near = get_close_matches(name.lower(), spellings, n=1)
    return spellings[near[0]] if near else None


def _below(section: Section, name: str) -> str | None:
    """Return where a field of that very name is, with dots."""
    for own, field in section.model_fields.items():
        for deeper in _sections(field.annotation):
            found = name if name in deeper.model_fields else _below(deeper, name)
            if found:
                return f"{own}.{found}"
    return None


def _sections(annotation: Any) -> list[Section]:
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return [one for one in members if isinstance(one, type) and issubclass(one, BaseModel)]


def _kinds(section: Section) -> tuple[Any, ...]:
    """Return what tells a section from the others at its place: a constant in it, or its own name."""
    return section.__name__, *(field.default for field in section.model_fields.values() if field.default)
