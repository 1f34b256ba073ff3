"""Folders of files: several that are written all or not at all, and those of one kind that are there."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from napari_strata.errors import OutputError

_NAMES_SHOWN = 5


@contextlib.contextmanager
def filling(folder: Path, *, overwrite: bool = False, spare: Iterable[Path] = ()) -> Iterator[Path]:
    """Lend an empty folder, and move what is in it to `folder` if the block ends well.

    Parameters
    ----------
    folder : Path
        Where the files shall be; it is made, with its parents, only at the end.
    overwrite : bool
        Whether files of the same names that are there may be replaced.
    spare : iterable of Path
        Files, and folders of files, that are replaced even then in no case: what was read.

    Yields
    ------
    Path
        Where to write, on the same disk; gone afterwards, whatever happened.

    Raises
    ------
    OutputError
        If the files cannot be written, or would overwrite others.
    """
    try:
        lent = Path(tempfile.mkdtemp(prefix=".strata-", dir=_nearest(folder)))
        try:
            yield lent
            names = _names_below(lent)
            check_free(folder, [name for name in names if not overwrite or (folder / name).is_dir()])
            check_spared(folder, names, spare)
            for name in names:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(lent / name, folder / name)
        finally:
            shutil.rmtree(lent, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error}).",
            remedy="Choose a folder that you may write to and that has space left.",
        ) from error


def check_new(files: Iterable[Path | None], *, overwrite: bool) -> None:
    """Check, before any work, that files to be written would replace none that are there.

    Parameters
    ----------
    files : iterable of Path or None
        Where they shall be; None for those that are not written.
    overwrite : bool
        Whether files that are there may be replaced.

    Raises
    ------
    OutputError
        If some are there already, and may not be.
    """
    taken = [str(file) for file in files if file is not None and file.exists()]
    if taken and not overwrite:
        raise OutputError(
            f"{_shown(taken)} {'is' if len(taken) == 1 else 'are'} there already.",
            remedy="Choose another name, or allow to overwrite (--overwrite).",
        )


def check_free(folder: Path, names: Iterable[str], *, overwrite: bool = False) -> None:
    """Check that files can be written without overwriting others.

    Parameters
    ----------
    folder : Path
        Where they shall be.
    names : iterable of str
        Their names in it.
    overwrite : bool
        Whether files of these names may be replaced.

    Raises
    ------
    OutputError
        If some are there already, and may not be.
    """
    taken = [name for name in names if (folder / name).exists()]
    if taken and not overwrite:
        raise OutputError(
            f"{folder} holds {_shown(taken)} already.",
            remedy="Choose another folder, or allow to overwrite (--overwrite).",
        )


def check_spared(folder: Path, names: Iterable[str], spare: Iterable[Path]) -> None:
    """Check that files to be written would replace none of those that were read.

    Parameters
    ----------
    folder : Path
        Where they shall be.
    names : iterable of str
        Their names in it.
    spare : iterable of Path
        Files that were read, and folders of such files.

    Raises
    ------
    OutputError
        If some would.
    """
    read = {path.resolve() for path in spare}
    targets = {name: (folder / name).resolve() for name in names if (folder / name).exists()}
    hurt = [name for name, target in targets.items() if target in read or target.parent in read]
    if hurt:
        raise OutputError(
            f"{_shown(hurt)} in {folder} would be replaced, which was read just now.",
            remedy="Choose another folder: images and annotations are never overwritten.",
        )


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())


def _names_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if names[_NAMES_SHOWN:] else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def files_in(folder: Path, *suffixes: str) -> list[Path]:
    """Return the files of a folder with one of some suffixes, in order; none where it cannot be read."""
    try:
        return sorted(file for file in folder.iterdir() if file.suffix.lower() in suffixes and file.is_file())
    except OSError:
        return []
