"""Which software did the work, for whoever reads its result."""

import platform
from importlib.metadata import version

LOCATING = ("napari-strata", "torch", "numpy", "scipy")
"""Packages that locate atoms."""


def versions_of(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of Python and some packages that are installed."""
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
