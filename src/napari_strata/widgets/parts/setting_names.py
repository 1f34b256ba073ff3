"""Dotted names of settings in words."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from napari_strata.config import TrainConfig
from napari_strata.config.base import title_of

_SECTIONS = {"model": "Network", "training": ""}
"""Sections that have another title in the Train dock than their field, or none."""


def setting_name(name: str) -> str:
    """Return the titles of the Train dock: ``Network: Dropout`` for ``model.dropout``."""
    section = name.rpartition(".")[0]
    title = _SECTIONS[section] if section in _SECTIONS else _title(section)
    return f"{title}: {_title(name)}" if title else _title(name)


def short_names(names: Sequence[str]) -> list[str]:
    """Return names without their section, as far as they can be told apart."""
    titles = [_title(name) for name in names]
    often = Counter(titles)
    return [title if often[title] == 1 else setting_name(name) for name, title in zip(names, titles, strict=True)]


def value_text(value: object) -> str:
    """Return a value as people write it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _title(name: str) -> str:
    """Return the title of the field, or of the section, that a dotted name means."""
    config_class: Any = TrainConfig
    *sections, last = name.split(".")
    for section in sections:
        config_class = config_class.model_fields[section].annotation
    return title_of(last, config_class.model_fields[last])
