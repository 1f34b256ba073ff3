import hashlib
from types import SimpleNamespace

import pytest

from file_server import FileServer, serving
from napari_strata.errors import DownloadError, OutputError
from napari_strata.io import download
from napari_strata.io.download import fetch, parse_sha256

CONTENT = bytes(range(256)) * 10_000
SUM = hashlib.sha256(CONTENT).hexdigest()
OTHER = "0" * 64


@pytest.fixture
def server():
    with serving(FileServer(files={"file": CONTENT})) as running:
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "weights"


def run(steps):
    sizes = []
    while True:
        try:
            sizes.append(next(steps))
        except StopIteration as stop:
            return stop.value, sizes


def get(server, path, name="file", **options):
    options = {"largest": 10**8, "checkpoint": lambda: None} | options
    return run(fetch(f"{server.url}/{name}", path, **options))


def left_in(path):
    return sorted(file.name for file in path.parent.glob("*")) if path.parent.exists() else []


def test_a_file_that_agrees_with_the_pasted_checksum_is_kept(server, path):
    fetched, sizes = get(server, path, sha256=f" SHA256:{SUM.upper()} ")
    assert path.read_bytes() == CONTENT
    assert (fetched.sha256, fetched.verified_by) == (SUM, "you")
    assert sizes == [(1 << 20, 2_560_000), (2 << 20, 2_560_000), (2_560_000, 2_560_000)]
    assert left_in(path) == ["weights"]


def test_a_file_with_another_checksum_is_removed_and_refused(server, path):
    with pytest.raises(
        DownloadError, match=f"weights was thrown away: its SHA-256 is {SUM}, but you stated {OTHER}"
    ):
        get(server, path, sha256=OTHER)
    assert left_in(path) == []


def test_an_earlier_file_survives_a_bad_one(server, path):
    path.parent.mkdir()
    path.write_bytes(b"good")
    with pytest.raises(DownloadError):
        get(server, path, sha256=OTHER)
    assert path.read_bytes() == b"good"


def test_the_checksum_that_the_hub_states_when_it_redirects_is_held_against_the_file(server, path):
    server.moved["hub"] = f"{server.url}/file"
    server.stated["hub"] = SUM
    assert get(server, path, "hub")[0].verified_by == "127.0.0.1"
    server.stated["hub"] = OTHER
    with pytest.raises(DownloadError, match=r"but 127\.0\.0\.1 stated 0000"):
        get(server, path, "hub")


def test_the_host_behind_a_redirection_is_not_asked_for_the_checksum(server, path):
    server.moved["hub"] = f"{server.url.replace('127.0.0.1', 'localhost')}/file"
    server.stated["file"] = SUM
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 states no SHA-256 for weights"):
        get(server, path, "hub")


def test_the_pasted_checksum_counts_more_than_the_stated_one(server, path):
    server.stated["file"] = OTHER
    assert get(server, path, sha256=SUM)[0].verified_by == "you"


@pytest.mark.parametrize("stated", ["", "d41d8cd98f00b204e9800998ecf8427e", "z" * 64])
def test_a_file_whose_checksum_nobody_states_is_refused_unless_it_needs_none(server, path, stated):
    server.stated["file"] = stated
    with pytest.raises(DownloadError, match=r"states no SHA-256.*Paste the one that its publisher states"):
        get(server, path)
    assert left_in(path) == []
    assert get(server, path, needs_checksum=False)[0].verified_by == ""


def test_a_stop_leaves_nothing(server, path):
    class Stop(Exception):
        pass

    calls = []

    def checkpoint():
        calls.append(1)
        if len(calls) == 2:
            raise Stop

    with pytest.raises(Stop):
        get(server, path, sha256=SUM, checkpoint=checkpoint)
    assert left_in(path) == []


def test_a_connection_that_ends_too_early_is_told_and_leaves_nothing(server, path):
    server.announced["file"] = len(CONTENT) + 1
    with pytest.raises(DownloadError, match="cannot be fetched"):
        get(server, path, sha256=SUM)
    assert left_in(path) == []


def test_what_is_not_there_is_told(server, path):
    with pytest.raises(DownloadError, match=r"cannot be fetched \(Not Found\)"):
        get(server, path, "nothing")


def test_a_server_that_is_not_there_is_told(server, path):
    server.url = "http://127.0.0.1:9"
    with pytest.raises(DownloadError, match="cannot be fetched"):
        get(server, path)


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_the_largest_size_is_refused(server, path, announced):
    if not announced:
        server.announced["file"] = None
    with pytest.raises(DownloadError, match="is larger than 1 MB"):
        get(server, path, sha256=SUM, largest=1_000_000)
    assert left_in(path) == []


def test_too_little_room_is_told_before_anything_is_written(server, path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=10))
    with pytest.raises(OutputError, match="takes 3 MB, and there is less room"):
        get(server, path, sha256=SUM)
    assert left_in(path) == []


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "file:///etc/passwd", "ftp://a/b", "x", "https://", "http://[", ""]
)
def test_only_https_is_a_safe_address(path, url):
    with pytest.raises(DownloadError, match="is no safe address"):
        run(fetch(url, path, largest=10, checkpoint=lambda: None))


@pytest.mark.parametrize("target", ["http://example.org/x", "file:///etc/passwd"])
def test_nobody_is_redirected_to_an_unsafe_address(server, path, target):
    server.moved["hub"] = target
    with pytest.raises(DownloadError):
        get(server, path, "hub", needs_checksum=False)
    assert left_in(path) == []


def test_a_checksum_is_taken_however_it_is_written():
    assert parse_sha256("") == ""
    assert parse_sha256(f"  {SUM.upper()}\n") == SUM
    for wrong in ("abc", SUM[:-1], SUM + "0", "g" * 64):
        with pytest.raises(DownloadError, match="is no SHA-256"):
            parse_sha256(wrong)
