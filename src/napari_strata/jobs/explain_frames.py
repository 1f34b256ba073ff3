"""Ask one question of all frames of a stack, and write the maps."""

import json
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobControl
from napari_strata.errors import OutputError
from napari_strata.events import (
    FrameExplained,
    JobEnded,
    JobEvent,
    JobResult,
    Progress,
    StateChanged,
    Warned,
)
from napari_strata.explain.many.stack import check_repeatable
from napari_strata.io.files import replacing
from napari_strata.io.map_cache import MapCache
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.begun_frames import UNFINISHED, asked_of_all, begun, check_same, done_in, noted
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.explain_stack import explain_stack
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import locate_in_stack, part_of_search
from napari_strata.requests import FrameWanted

if TYPE_CHECKING:
    from pandas import DataFrame


@job
def explain_frames(
    control: JobControl,
    inquiry: Inquiry,
    *,
    out: Path | None,
    scores: Path | None,
    overwrite: bool = False,
    cache: MapCache | None = None,
) -> JobBody:
    """Compute and write the map of every frame.

    Parameters
    ----------
    control : JobControl
        A stop keeps the maps that are done.
    inquiry : Inquiry
        What is asked of every frame; of an atom, in every frame the one of its layer that is nearest to the place.
        A frame that has none within the tolerance has no map. Its own frame does not count.
    out : Path or None
        File for the maps, (frame, y, x): tif, or OME-Zarr where its name ends in .zarr; 0 where a frame has none.
    scores : Path or None
        JSON file of the figures and metadata of every frame.
    overwrite : bool
        Whether files that are there may be replaced. Those that the same question left when it was stopped are
        gone on with in any case.
    cache : MapCache, optional
        Where maps are kept, by default the user's; one that was computed earlier is not computed again.

    Yields
    ------
    JobEvent
        `Progress`, and `Warned` where the model has not seen such images.

    Returns
    -------
    JobResult
        ``value`` is a dict of frames and their `FrameExplained`; ``figures`` count the frames, and tell of each
        what its map is or why there is none.

    Raises
    ------
    TargetError
        If the question cannot be asked of every frame.
    ImageError, CalibrationError, BundleError, MethodError, DeviceError, OutputError
        If an input cannot be used or a file cannot be written.
    """
    from napari_strata.explain.heatmap import check_heatmap_file
    from napari_strata.io.folders import check_new

    start = time.monotonic()
    if out is not None:
        check_heatmap_file(out)
    if scores is not None and (scores.suffix.lower() != ".json" or scores.is_dir()):
        raise OutputError(f"{scores} is no .json file.", remedy="Let its name end in .json.")
    earlier = {} if overwrite else begun((out, scores))
    check_new((path for path in (out, scores) if path not in earlier), overwrite=overwrite)
    loaded, _ = abandonable(control, lambda: load_checked(inquiry))
    asked = abandonable(control, lambda: asked_of_all(loaded.card, inquiry))
    check_same(earlier, asked)
    check_repeatable(inquiry.question)
    control.run()
    yield StateChanged(control.state)
    yield from abandonable(control, lambda: list(doubts_about_images((inquiry.image,), loaded.card)))
    searched = part_of_search(loaded, inquiry)
    atoms = yield from part_of(locate_in_stack(control, loaded, inquiry), 0, searched)
    ended, found = yield from part_of(_explain_all(control, inquiry, atoms, cache or MapCache()), searched, 1)
    if ended.error is not None:
        raise ended.error
    if not found:
        control.checkpoint()
    assert ended.result is not None, "it did not fail"
    unfinished = noted(asked, len(found), ended.result.figures["frames"])
    told = {
        **ended.result.figures,
        "maps": {str(frame): _told(found[frame]) for frame in sorted(found)},
        "seconds": round(time.monotonic() - start, 2),
        **unfinished,
    }
    if unfinished and len(found) < done_in(earlier):  # stopped sooner than before: what is there has more
        return JobResult(told, {}, found)
    return JobResult(told, _write(found, told, inquiry, out, scores), found)


def _explain_all(
    control: JobControl, inquiry: Inquiry, atoms: "DataFrame | None", cache: MapCache
) -> Generator[JobEvent, None, tuple[JobEnded, dict[int, FrameExplained]]]:
    """Run the job of the dock inside this one, all frames wanted; return its end and the maps."""
    own, found = JobControl(), dict[int, FrameExplained]()
    for event in explain_stack(
        own,
        inquiry.model,
        inquiry.image,
        question=inquiry.question,
        config=inquiry.config,
        cache=cache,
        atoms=atoms,
    ):
        match event:
            case JobEnded():
                return event, found
            case StateChanged() if event.state.value == "running":
                own.post(FrameWanted(0, None))
            case FrameExplained() if event.done == 1:
                found[event.frame] = event
            case Progress() | Warned():
                yield event
        control.wait_while_paused()
        if control.stop_requested:
            own.request_stop()
    raise AssertionError("every job ends with JobEnded")


def _told(found: FrameExplained) -> dict[str, Any]:
    """Return what is known of the map of one frame, ready for JSON."""
    if found.data is None:
        return {"no_map": found.words}
    named = {
        name: found.metadata[name] for name in ("class", "layer", "decoder", "position", "score", "probability")
    }
    return {
        **named,
        "minimum": float(found.data.min()),
        "maximum": float(found.data.max()),
        **found.metadata["figures"],
    }


def _write(
    found: Mapping[int, FrameExplained],
    told: Mapping[str, Any],
    inquiry: Inquiry,
    out: Path | None,
    scores: Path | None,
) -> dict[str, str]:
    """Write all that is there; return the paths by what they hold."""
    from napari_strata.explain.heatmap import Heatmap, write_heatmaps

    paths = {}
    if out is not None:
        maps = [
            Heatmap(one.data, one.metadata) if (one := found.get(frame)) and one.data is not None else None
            for frame in range(told["frames"])
        ]
        more = {UNFINISHED: told[UNFINISHED]} if UNFINISHED in told else {}
        write_heatmaps(maps, (inquiry.image.data.shape[-2], inquiry.image.data.shape[-1]), out, more=more)
        paths["heatmaps"] = str(out)
    if scores is not None:
        metadata = {str(frame): dict(found[frame].metadata) for frame in sorted(found)}
        with replacing(scores) as temporary:
            text = json.dumps({**told, "metadata": metadata}, indent=2, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text, encoding="utf-8")
        paths["scores"] = str(scores)
    return paths
