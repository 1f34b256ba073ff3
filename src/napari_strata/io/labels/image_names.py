"""How annotation files name images: with folders or without, with another ending, with what an export appended."""

import re
from collections.abc import Sequence
from itertools import chain, count
from pathlib import PurePosixPath

_ENDINGS = frozenset(
    [
        ".tif",
        ".tiff",
        ".npy",
        ".npz",
        ".png",
        ".jpg",
        ".jpeg",
        ".jfif",
        ".bmp",
        ".gif",
        ".webp",
        ".dm3",
        ".dm4",
        ".emd",
        ".mrc",
        ".ser",
        ".h5",
        ".zarr",
        ".mp4",
        ".avi",
    ]
)
"""Endings of image files; what else follows a dot belongs to the name."""
_ROBOFLOW = re.compile(r"^(.+?)_(?:tiff?|png|jpe?g|bmp|gif|webp)\.rf\.\w+$", re.IGNORECASE)
"""What Roboflow makes of a name: ``name_png.rf.0123abcd``."""


def parts_of(name: str) -> tuple[str, ...]:
    """Return the folders and the file name of a path, whichever system wrote it."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def stem_of(name: str) -> str:
    """Return the file name of a path without the ending of an image, if it has one."""
    base = parts_of(name)[-1] if parts_of(name) else name
    path = PurePosixPath(base)
    return path.stem if path.suffix.lower() in _ENDINGS else base


def plain_stem_of(name: str) -> str:
    """Return what is left of a stem without what programs change: case, blanks and hyphens, Roboflow's suffix."""
    stem = stem_of(name)
    exported = _ROBOFLOW.match(stem)
    return re.sub(r"[\s_-]+", "_", exported[1] if exported else stem).casefold()


def label_file_names(names: Sequence[str], ending: str) -> list[str]:
    """Return a name for the label file of each image: its stem, or where two are alike its path, or with a number.

    Parameters
    ----------
    names : sequence of str
        Names of the images, all different; what leads out of a folder is left out of them.
    ending : str
        Ending of the label files.
    """
    inside = [_plain_path(name) for name in names]
    for shorten in (stem_of, _without_ending):
        short = [shorten(name) for name in inside]
        if len({one.casefold() for one in short}) == len(short):
            return [f"{one}{ending}" for one in short]
    names, taken = [], set()
    for name in inside:
        ways = chain([name], (f"{name}_{number}" for number in count(2)))
        names.append(next(one for one in ways if one.casefold() not in taken))
        taken.add(names[-1].casefold())
    return [f"{name}{ending}" for name in names]


def _plain_path(name: str) -> str:
    parts = [part for part in parts_of(name) if part != ".."]
    return "/".join(re.sub(r'[<>:"|?*\x00-\x1f]', "_", part) for part in parts) or "image"


def _without_ending(name: str) -> str:
    return "/".join((*parts_of(name)[:-1], stem_of(name)))
