"""Save points: what a label set was at a time, browsed, compared and restored; they share unchanged files.

Every file of a label set is replaced by moving another one into its place, never changed. So a save point is a
tree of hard links to the present files: it takes no space until a chunk is painted anew, and no painting can reach
it. Where a file system has no hard links the files are copied.
"""

import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from napari_strata.annotation.store import points
from napari_strata.annotation.store.card import CARD, SetCard
from napari_strata.annotation.store.label_set import VERSIONS, now
from napari_strata.annotation.store.zarr_labels import FOLDER as LABELS
from napari_strata.config.base import Config
from napari_strata.errors import ConfigError, LabelsError
from napari_strata.io.files import replacing

KEPT = 30
"""How many save points made by the program are kept; those that somebody named always are."""
_VERSION = "version.json"


class VersionCard(Config):
    """A save point.

    Attributes
    ----------
    saved : str
        When, in ISO format with the time zone.
    what : str
        Why, in words, or the name that the user gave it.
    by_hand : bool
        Whether the user made it.
    painted : dict
        Pixels per mask code, or points, by the key of the layer.
    content : SetCard
        The label set's card at that time.
    """

    saved: str
    what: str
    by_hand: bool
    painted: dict[str, dict[int, int]]
    content: SetCard

    @property
    def time(self) -> datetime:
        """When it was made, in the user's time zone."""
        return datetime.fromisoformat(self.saved).astimezone()


def save_version(
    folder: Path, card: SetCard, what: str, painted: Mapping[str, dict[int, int]], *, by_hand: bool
) -> Path:
    """Make a save point of the files of a label set.

    Parameters
    ----------
    folder : Path
        Folder of the label set.
    card : SetCard
        Its card.
    what : str
        Why, or the name that the user gave it.
    painted : mapping
        Pixels per mask code, or points, by the key of the layer.
    by_hand : bool
        Whether the user made it; then it is kept for ever.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    OSError, OutputError
        If it cannot be written; nothing of it is then left.
    """
    stamp = f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    version, part = folder / VERSIONS / stamp, folder / VERSIONS / f".{stamp}.part"
    record = VersionCard(saved=now(), what=what, by_hand=by_hand, painted=dict(painted), content=card)
    try:
        part.mkdir(parents=True)
        for name in (LABELS, points.FOLDER, CARD):
            _link(folder / name, part / name)
        with replacing(part / _VERSION) as path:
            path.write_text(record.model_dump_json(indent=1), encoding="utf-8")
        part.rename(version)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _thin(folder)
    return version


def list_versions(folder: Path) -> list[tuple[Path, VersionCard]]:
    """Return the save points of a label set that can be read, newest first."""
    found = []
    for version in sorted((folder / VERSIONS).glob("[!.]*"), reverse=True):
        try:
            found.append((version, read_version(version)))
        except LabelsError:
            continue
    return found


def read_version(version: Path) -> VersionCard:
    """Read what a save point says of itself.

    Raises
    ------
    LabelsError
        If it is damaged.
    """
    path = version / _VERSION
    try:
        return VersionCard.parse(json.loads(path.read_text(encoding="utf-8")), source=str(path))
    except (OSError, ValueError, RecursionError, ConfigError) as error:
        raise LabelsError(f"{path} is damaged ({error}).", remedy="Choose another save point.") from error


def _link(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link_file, ignore=shutil.ignore_patterns("*.partial"))
    elif source.exists():
        _link_file(str(source), str(target))


def _link_file(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def _thin(folder: Path) -> None:
    """Remove the oldest of the save points that the program made, if there are too many."""
    made = [version for version, card in list_versions(folder) if not card.by_hand]
    for version in made[KEPT:]:
        shutil.rmtree(version, ignore_errors=True)
