"""What was asked for in the Inside the network dock, and the jobs that answer it."""

from dataclasses import dataclass

from napari_strata.config import InsideConfig
from napari_strata.control import JobControl
from napari_strata.jobs.browse_network import browse_network
from napari_strata.jobs.inside import Part
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.source import Source
from napari_strata.widgets.parts.models import ModelEntry


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for when the job was started."""

    source: Source
    config: InsideConfig
    frame: int
    part: Part


def list_job(entry: ModelEntry, control: JobControl) -> Job:
    """Make the job that lists the feature maps of a model."""
    return browse_network(control, entry.path, None, wanted=frozenset(), config=InsideConfig(device="cpu"))


def browse_job(request: Request, control: JobControl) -> Job:
    """Make the job that looks into a network."""
    source = request.source
    return browse_network(
        control,
        source.entry.path,
        source.stack,
        wanted=frozenset({request.part}),
        config=request.config,
        frame=request.frame,
    )
