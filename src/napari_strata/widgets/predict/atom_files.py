"""Asks where to write atoms, and in which format."""

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_strata.io.atoms.formats import CSV, ENDINGS, FORMATS, AtomFormat
from napari_strata.widgets.parts.save_place import may_write


def ask_for_atom_file(parent: QWidget, name: str) -> tuple[Path, AtomFormat] | None:
    """Ask for a file to write atoms to.

    Parameters
    ----------
    parent : QWidget
        Where to ask.
    name : str
        Proposed name of the file, without its ending.

    Returns
    -------
    tuple of Path and AtomFormat, or None
        What was chosen; an ending that was typed wins over the format in the list. None if nothing was, or if the
        ending that is added leads to a file that shall stay as it is.
    """
    filters = {f"{one.title} (*{one.ending})": one for one in FORMATS}
    typed, chosen = QFileDialog.getSaveFileName(parent, "Export atoms", f"{name}{CSV.ending}", ";;".join(filters))
    if not typed:
        return None
    path, format_ = _completed(Path(typed), filters.get(chosen, CSV), proposed=name)
    return (path, format_) if may_write(parent, "Export atoms", path, typed=typed) else None


def _completed(path: Path, format_: AtomFormat, *, proposed: str) -> tuple[Path, AtomFormat]:
    """Return a path with an ending, and the format that the ending means."""
    if path.suffix.lower() not in ENDINGS:
        return path.with_name(path.name + format_.ending), format_
    if path.suffix.lower() == format_.ending:
        return path, format_
    if path.stem == proposed and path.suffix == CSV.ending:  # the proposal, which some dialogs leave as it is
        return path.with_suffix(format_.ending), format_
    return path, next(one for one in FORMATS if one.ending == path.suffix.lower())
