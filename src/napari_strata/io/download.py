"""Fetching a large file over https, checked against a SHA-256 before it gets its name.

The standard library fetches, because the hub states the checksum of a large file in the header ``X-Linked-Etag``
of a redirection, which common libraries for downloads do not show, and because a fetch must be stoppable.
"""

import hashlib
import re
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from napari_strata.errors import DownloadError, OutputError
from napari_strata.io.files import replacing

STATED = "X-Linked-Etag"
"""Header in which the Hugging Face hub states the SHA-256 of a large file."""
PATIENCE = 15.0
"""Longest silence of a server [s]."""
Size = tuple[int, int | None]
_CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes
    ----------
    path : Path
        Where it lies.
    sha256 : str
        Its checksum.
    verified_by : str
        Who stated the same checksum: ``you``, the name of the server, or nobody, an empty text.
    """

    path: Path
    sha256: str
    verified_by: str


def parse_sha256(text: str) -> str:
    """Return a pasted checksum in the common form; an empty text stays empty.

    Raises
    ------
    DownloadError
        If it is no SHA-256.
    """
    plain = text.strip().lower().removeprefix("sha256:")
    if plain and not _SHA256.fullmatch(plain):
        raise DownloadError(
            f"{text.strip()[:80]!r} is no SHA-256.", remedy="It has 64 digits 0 to 9 and a to f; copy it whole."
        )
    return plain


def fetch(
    url: str,
    path: Path,
    *,
    sha256: str = "",
    needs_checksum: bool = True,
    largest: int,
    checkpoint: Callable[[], None],
) -> Generator[Size, None, Fetched]:
    """Fetch a file; nothing is left at `path` unless it is whole and agrees with its checksum.

    Parameters
    ----------
    url : str
        An address that begins with https; plain http is taken from this machine only.
    path : Path
        Where to put it.
    sha256 : str
        The checksum that the user knows; it counts more than what the server states.
    needs_checksum : bool
        Whether a file whose checksum nobody states is refused.
    largest : int
        Largest size [bytes].
    checkpoint : callable
        Called before each part of a megabyte; raises to stop.

    Yields
    ------
    tuple of int and int or None
        Bytes that are there, and how many there will be.

    Returns
    -------
    Fetched
        As the value of the generator.

    Raises
    ------
    DownloadError
        If the server cannot be reached, sends less than it announces, or sends something else.
    OutputError
        If the file cannot be written.
    """
    wanted = parse_sha256(sha256)
    _check_address(url)
    host = urlsplit(url).hostname or ""
    listener = _Redirections(host)
    request = Request(url, headers={"User-Agent": "napari-strata"})
    try:
        answer = build_opener(listener).open(request, timeout=PATIENCE)
    except (OSError, HTTPException, ValueError) as error:
        raise _unreachable(url, error) from error
    with answer:
        stated = listener.stated or (_stated(answer.headers) if urlsplit(answer.url).hostname == host else "")
        source = "you" if wanted else host if stated else ""
        if needs_checksum and not source:
            raise DownloadError(
                f"{host} states no SHA-256 for {path.name}.", remedy="Paste the one that its publisher states."
            )
        total = _announced(answer.headers, path, largest)
        with replacing(path) as part:
            found = yield from _copy(answer, part, total, largest, checkpoint)
            _check_sum(found, wanted or stated, path.name, source)
    return Fetched(path, found, source)


class _Redirections(HTTPRedirectHandler):
    """Follows redirections to safe addresses, and notes the checksum that the host we asked states."""

    def __init__(self, host: str) -> None:
        self.stated = ""
        self._host = host

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check_address(newurl)
        if urlsplit(req.full_url).hostname == self._host:
            self.stated = self.stated or _stated(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    except ValueError:
        is_safe = False
    if not is_safe or not parts.hostname:
        raise DownloadError(f"{url[:200]!r} is no safe address.", remedy="Give one that begins with https://.")


def _stated(headers: HTTPMessage) -> str:
    stated = headers.get(STATED, "").removeprefix("W/").strip('"').lower()
    return stated if _SHA256.fullmatch(stated) else ""


def _announced(headers: HTTPMessage, path: Path, largest: int) -> int | None:
    """Return the size that a server announces, if it does and there is room for it."""
    length = headers.get("Content-Length", "")
    if not length.isdecimal():
        return None
    size = int(length)
    if size > largest:
        raise _too_large(path.name, largest)
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    if size > shutil.disk_usage(folder).free:
        raise OutputError(
            f"{path.name} takes {size / 1e6:,.0f} MB, and there is less room in {folder}.",
            remedy="Make room, or fetch it to another place and open it there.",
        )
    return size


def _copy(
    answer: HTTPResponse, part: Path, total: int | None, largest: int, checkpoint: Callable[[], None]
) -> Generator[Size, None, str]:
    """Write what comes; return its SHA-256."""
    checksum, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        while chunk := _read(answer, part.name):
            checkpoint()
            size += len(chunk)
            if size > largest:
                raise _too_large(part.name, largest)
            file.write(chunk)
            checksum.update(chunk)
            yield size, total
    if total is not None and size < total:
        raise _unreachable(answer.url, f"it ended after {size:,} of {total:,} bytes")
    return checksum.hexdigest()


def _read(answer: HTTPResponse, name: str) -> bytes:
    try:
        return answer.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _unreachable(name, error) from error


def _check_sum(found: str, wanted: str, name: str, source: str) -> None:
    if wanted and found != wanted:
        raise DownloadError(
            f"{name} was thrown away: its SHA-256 is {found}, but {source} stated {wanted}.",
            remedy="Fetch it again; if that happens again, do not use it.",
        )


def _too_large(name: str, largest: int) -> DownloadError:
    return DownloadError(f"{name} is larger than {largest / 1e6:,.0f} MB.", remedy="Check the address.")


def _unreachable(what: str, why: object) -> DownloadError:
    reason = getattr(why, "reason", None) or why
    return DownloadError(
        f"{what} cannot be fetched ({reason}).",
        remedy="Check the address and the network, or fetch the files with a browser and open their folder.",
    )
