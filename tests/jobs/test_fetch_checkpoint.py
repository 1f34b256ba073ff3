import hashlib
import json

import pytest

from file_server import FileServer, serving
from napari_strata.control import JobControl
from napari_strata.errors import BundleError, DownloadError
from napari_strata.events import FinishReason, JobEnded, Progress
from napari_strata.jobs.fetch_checkpoint import fetch_checkpoint

WEIGHTS = bytes(3_000_000)
SUM = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def server():
    files = {"sam/config.json": json.dumps({"model_type": "sam"}).encode(), "sam/model.safetensors": WEIGHTS}
    with serving(FileServer(files=files, stated={"sam/model.safetensors": SUM})) as running:
        yield running


def run(server, folder, *, stop_at: str = "", sha256=""):
    control, events = JobControl(), []
    for event in fetch_checkpoint(control, f"{server.url}/sam/", folder, sha256=sha256):
        events.append(event)
        if stop_at and isinstance(event, Progress) and stop_at in event.message:
            control.request_stop()
    assert isinstance(events[-1], JobEnded)
    return events


def test_both_files_are_fetched_and_who_stated_the_checksum_is_told(server, tmp_path):
    *events, ended = run(server, tmp_path / "sam")
    assert ended.reason is FinishReason.COMPLETED
    assert ended.result.figures == {"sha256": SUM, "verified_by": "127.0.0.1"}
    assert (tmp_path / "sam" / "model.safetensors").read_bytes() == WEIGHTS
    assert "Fetching model.safetensors, 3 of 3 MB" in [e.message for e in events if isinstance(e, Progress)]


def test_a_wrong_checksum_fails_and_leaves_no_weights(server, tmp_path):
    ended = run(server, tmp_path, sha256="1" * 64)[-1]
    assert isinstance(ended.error, DownloadError)
    assert [file.name for file in tmp_path.iterdir()] == ["config.json"]


def test_a_stop_leaves_no_weights(server, tmp_path):
    ended = run(server, tmp_path, stop_at="model.safetensors")[-1]
    assert (ended.reason, ended.result) == (FinishReason.CANCELED, None)
    assert [file.name for file in tmp_path.iterdir()] == ["config.json"]


def test_the_weights_of_another_family_are_not_fetched(server, tmp_path):
    server.files["sam/config.json"] = b'{"model_type": "bert"}'
    assert isinstance(run(server, tmp_path)[-1].error, BundleError)
    assert server.asked == ["sam/config.json"]


def test_a_checksum_that_is_none_is_told_before_anything_is_fetched(server, tmp_path):
    assert isinstance(run(server, tmp_path, sha256="abc")[-1].error, DownloadError)
    assert server.asked == []
