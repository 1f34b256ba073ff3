"""Which files are read through RosettaSciIO, and by which of its readers."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from napari_strata.errors import ExtraError

_READERS = {
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".emd": "emd",
    ".emi": "tia",
    ".hspy": "hspy",
    ".mrc": "mrc",
    ".ser": "tia",
    ".zspy": "zspy",
}
ENDINGS = tuple(_READERS)
"""Endings of the files; a .zspy is a folder, or a zip file of one."""
_HDF5 = (".emd", ".hspy")
_INSTALL = (
    'Install the extra: pip install "napari-strata[formats]"; it brings RosettaSciIO, whose licence is the GPL.'
)


def is_microscope_file(path: Path) -> bool:
    """Tell by its ending whether a file is read through RosettaSciIO."""
    return path.suffix.lower() in _READERS


def reader_of(path: Path) -> Any:
    """Return RosettaSciIO's module for a file.

    Raises
    ------
    ExtraError
        If RosettaSciIO, or h5py where the file needs it, is not installed.
    """
    ending = path.suffix.lower()
    needed = ("rsciio", "h5py") if ending in _HDF5 else ("rsciio",)
    if any(find_spec(name) is None for name in needed):
        raise ExtraError(f"{path.name} needs RosettaSciIO, which is not installed.", remedy=_INSTALL)
    import rsciio

    rsciio.set_log_level("ERROR")  # its warnings are about options that only its own callers could change
    return import_module(f"rsciio.{_READERS[ending]}")
