"""Reading zip files that strangers packed: member paths and sizes are checked before anything is unpacked."""

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from napari_strata.io.labels.guard import LARGEST_FILE, refuse

LARGEST_ARCHIVE = 256 * 2**20
"""Bytes of all that is packed in a zip file."""


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip file whose members may be read one by one.

    Raises
    ------
    LabelsError
        If it is no plain zip file, a member's path leads out of it, or it holds more than can be honest.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        refuse(path, f"it is no zip file: {error}", "Export it again.")
    members = archive.infolist()
    if any(one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for one in members):
        archive.close()  # a packer of another kind may ask for any memory to unpack
        refuse(
            path, "it is packed in another way than zip files usually are", "Pack it again as a plain zip file."
        )
    strange = next((one.filename for one in members if not is_inside(one.filename)), None)
    if strange is not None:
        archive.close()
        refuse(path, f"its member {strange!r} leads out of the archive", "Do not trust this file.")
    if sum(one.file_size for one in members) > LARGEST_ARCHIVE:
        archive.close()
        refuse(path, f"unpacked it has more than {LARGEST_ARCHIVE / 2**20:.0f} MB", "Export it in parts.")
    return archive


def read_member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    """Read a text file that is packed in an archive.

    Raises
    ------
    LabelsError
        If it is not there, is damaged, or is larger than any honest annotation file.
    """
    try:
        if archive.getinfo(name).file_size > LARGEST_FILE:
            refuse(path, f"{name} in it is larger than {LARGEST_FILE / 2**20:.0f} MB", "Export it in parts.")
        return archive.read(name)
    except KeyError:
        refuse(path, f"there is no {name} in it", "Check the path.")
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        refuse(path, f"{name} in it cannot be unpacked: {error}", "Export it again.")


def is_inside(name: str) -> bool:
    """Tell whether a relative path stays in the folder that it starts from."""
    parts = PurePosixPath(name.replace("\\", "/"))
    return not parts.is_absolute() and ".." not in parts.parts and ":" not in name
