"""Explain what a trained network says of one pixel, atom or region."""

import dataclasses
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobCanceled, JobControl
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import part_of_search, prepare_question
from napari_strata.jobs.stoppable import stoppable
from napari_strata.jobs.time_left import TimeLeft

if TYPE_CHECKING:
    from napari_strata.explain.heatmap import Heatmap
    from napari_strata.explain.prepare import Prepared


@job
def explain(control: JobControl, inquiry: Inquiry, *, out: Path | None = None, overwrite: bool = False) -> JobBody:
    """Compute the heatmap of one question.

    Parameters
    ----------
    control : JobControl
        Stop leaves the map as far as it was computed.
    inquiry : Inquiry
        What is asked.
    out : Path, optional
        File for the heatmap: tif, or OME-Zarr where its name ends in .zarr.
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Warned` where the model has not seen such images, `Progress`, and `Sketched` with every heatmap on the
        way.

    Returns
    -------
    JobResult
        ``value`` is a `napari_strata.explain.heatmap.Heatmap`.

    Raises
    ------
    TargetError
        If frame, layer or target do not exist, or no atom is near enough.
    MethodError
        If the method cannot be used on this network.
    ImageError, CalibrationError, BundleError, DeviceError, OutputError
        If an input cannot be used or the file cannot be written.
    """
    from napari_strata.explain.heatmap import check_heatmap_file, write_heatmap
    from napari_strata.io.folders import check_new

    start = time.monotonic()
    if out is not None:
        check_heatmap_file(out)
    check_new((out,), overwrite=overwrite)
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    control.run()
    yield StateChanged(control.state)
    yield from abandonable(control, lambda: list(doubts_about_images((shown,), loaded.card)))
    searched = part_of_search(loaded, inquiry)
    prepared, figures = yield from part_of(prepare_question(control, loaded, inquiry), 0, searched)
    heatmap = yield from part_of(_sharpen(control, prepared, inquiry.frame), searched, 1)
    if out is not None:
        write_heatmap(heatmap, out)
    paths = {} if out is None else {"heatmap": str(out)}
    return JobResult({**_figures(heatmap, start), **figures}, paths, heatmap)


def _sharpen(control: JobControl, prepared: "Prepared", frame: int) -> Generator[JobEvent, None, "Heatmap"]:
    """Compute a heatmap that gets better, until it is whole or a stop comes."""
    from napari_strata.explain.explainer import explain as sharpen

    heatmap: Heatmap | None = None
    maps, clock = sharpen(prepared), TimeLeft()
    try:
        with stoppable(prepared.score.network, control):
            for found in maps:
                done = found.metadata["done"]
                if found.covers:
                    heatmap = dataclasses.replace(found, metadata={**found.metadata, "frame": frame})
                if done < 1:
                    yield Progress(done, f"Explaining {found.metadata['image']}", clock.after(done))
                    if heatmap is not None:
                        yield Sketched(heatmap, done)
                    if control.stop_requested:
                        if heatmap is None:
                            control.checkpoint()  # a piece of a map is nothing to keep
                        break
                    control.wait_while_paused()
    except JobCanceled:
        if heatmap is None:
            raise  # there is nothing to keep
    finally:
        maps.close()
    assert heatmap is not None, "a method yields at least one map"
    return heatmap


def _figures(heatmap: "Heatmap", start: float) -> dict[str, Any]:
    y, x = heatmap.metadata["position"]
    named = {key: heatmap.metadata[key] for key in ("method", "layer", "decoder", "class", "score", "probability")}
    maximum = float(heatmap.data.max())
    return {**named, "y_px": y, "x_px": x, "maximum": maximum, "seconds": round(time.monotonic() - start, 2)}
