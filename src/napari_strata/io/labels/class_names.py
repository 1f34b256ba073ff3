"""Which of the things that are said of an object is its class."""

from collections.abc import Collection

ONE_CLASS = "object"
"""Class of what has none in a file."""
_CLASS_KEYS = ("class", "label", "type", "name", "category", "species")


def find_class_key(keys: Collection[str]) -> str | None:
    """Return the attribute or column that holds the class.

    Parameters
    ----------
    keys : collection of str
        Names of attributes, in any case.

    Returns
    -------
    str or None
        The one named class, label, type, name, category or species, in this order; else the only one; else None.
    """
    by_name = {key.strip().casefold(): key for key in keys}
    named = next((by_name[name] for name in _CLASS_KEYS if name in by_name), None)
    return named if named is not None else next(iter(keys)) if len(keys) == 1 else None
