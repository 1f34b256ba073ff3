"""How much main memory this process may still take; torch is not needed for it."""

import sys
from pathlib import Path

_CGROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_FILES = {2: ("memory.max", "memory.current"), 1: ("memory.limit_in_bytes", "memory.usage_in_bytes")}
"""Limit and use of a control group, by version."""


def free_main_memory() -> int:
    """Return what the machine has left, or less where Linux limits this process's control group [bytes]."""
    import psutil

    free = int(psutil.virtual_memory().available)
    if sys.platform == "linux" and _OWN.is_file():
        free = min([free, *left_in_groups(_OWN.read_text(), _CGROUPS)])
    return max(0, free)


def left_in_groups(own: str, root: Path) -> list[int]:
    """Return what is left in the process's memory groups and those around them.

    Parameters
    ----------
    own : str
        What /proc/self/cgroup says: lines of number, controllers and path.
    root : Path
        Where the groups are mounted.
    """
    left = []
    for line in own.splitlines():
        _number, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version, base = (1, root / "memory") if controllers else (2, root)
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            left += _left_in(folder, *_FILES[version])
            if folder == base:
                break
    return left


def _left_in(folder: Path, limit_file: str, use_file: str) -> list[int]:
    """Return what is left in one group; nothing where it has no limit. Files that are cached count as free."""
    try:
        limit = int((folder / limit_file).read_text())  # "max" is no number
        use = int((folder / use_file).read_text())
        statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return [limit - use + int(statistics.get("inactive_file", 0))]
    except (OSError, ValueError):
        return []
