"""Dotted names of settings in words."""

from collections import Counter
from collections.abc import Sequence

_SECTIONS = {
    "model": "Network",
    "training": "",
    "training.averaging": "Average",
    "training.start": "Start",
}


def setting_name(name: str) -> str:
    """Return ``Optimizer: learning rate`` for ``training.optimizer.learning_rate``."""
    section, _, last = name.rpartition(".")
    title = _SECTIONS.get(section, section.rpartition(".")[2].replace("_", " ").capitalize())
    words = last.replace("_", " ")
    return f"{title}: {words}" if title else words.capitalize()


def short_names(names: Sequence[str]) -> list[str]:
    """Return names without their section, as far as they can be told apart."""
    lasts = Counter(name.rpartition(".")[2] for name in names)
    return [
        last.replace("_", " ").capitalize() if lasts[last] == 1 else setting_name(name)
        for name, last in ((name, name.rpartition(".")[2]) for name in names)
    ]


def value_text(value: object) -> str:
    """Return a value as people write it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
