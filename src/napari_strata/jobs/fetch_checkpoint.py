"""Fetch the weights of a network of the Segment Anything family."""

from collections.abc import Generator
from pathlib import Path

from napari_strata.control import JobControl
from napari_strata.events import JobEvent, JobResult, Progress, StateChanged
from napari_strata.inference.promptable.checkpoint import CONFIG, LARGEST_CONFIG, WEIGHTS, read_family
from napari_strata.io.download import Fetched, fetch, parse_sha256
from napari_strata.jobs.job import JobBody, job

LARGEST_WEIGHTS = 10_000_000_000
"""Largest size of the weights [bytes]; the largest network of the family takes a quarter of it."""


@job
def fetch_checkpoint(control: JobControl, address: str, folder: Path, *, sha256: str = "") -> JobBody:
    """Fetch a configuration and its weights.

    The weights are kept only if they agree with the SHA-256 that the user pasted, or else with the one that the
    server states for them. The latter finds damage on the way, not a server that cannot be trusted.

    Parameters
    ----------
    control : JobControl
        Stop leaves no weights.
    address : str
        Folder on a server that has ``model.safetensors`` and ``config.json``.
    folder : Path
        Where to put them.
    sha256 : str
        Checksum of the weights, where the user knows it.

    Yields
    ------
    JobEvent
        `Progress` with every megabyte.

    Returns
    -------
    JobResult
        ``paths["checkpoint"]`` is the folder; ``figures`` has ``sha256`` and ``verified_by``.

    Raises
    ------
    DownloadError, OutputError, BundleError
        If they cannot be fetched or written, or the network is of another family.
    """
    wanted = parse_sha256(sha256)
    control.run()
    yield StateChanged(control.state)
    base = address.strip().rstrip("/")
    yield from _fetched(control, f"{base}/{CONFIG}", folder / CONFIG, "", largest=LARGEST_CONFIG)
    read_family(folder / CONFIG)
    weights = yield from _fetched(control, f"{base}/{WEIGHTS}", folder / WEIGHTS, wanted, largest=LARGEST_WEIGHTS)
    figures = {"sha256": weights.sha256, "verified_by": weights.verified_by}
    return JobResult(figures, {"checkpoint": str(folder)}, folder)


def _fetched(
    control: JobControl, url: str, path: Path, sha256: str, *, largest: int
) -> Generator[JobEvent, None, Fetched]:
    """Fetch one file; the configuration is no program and is read with care, so it needs no checksum."""
    needs_checksum = path.name == WEIGHTS
    steps = fetch(
        url, path, sha256=sha256, needs_checksum=needs_checksum, largest=largest, checkpoint=control.checkpoint
    )
    while True:
        try:
            size, total = next(steps)
        except StopIteration as stop:
            fetched: Fetched = stop.value
            return fetched
        whole = f" of {total / 1e6:,.0f} MB" if total else " MB"
        yield Progress(size / total if total else 0.0, f"Fetching {path.name}, {size / 1e6:,.0f}{whole}")
