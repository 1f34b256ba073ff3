"""``napari-strata smallest-change``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.model_options import Model, OnDevice, OneImage
from napari_strata.cli.options import (
    AnalysisFile,
    AsJson,
    PixelSize,
    SignalName,
    ToGrey,
    Verbose,
    option,
    read_analysis,
    with_options,
)
from napari_strata.cli.question import Asked, At, Class, Frame, Kind, Label, Layer, RatherThan, Region
from napari_strata.cli.runner import run_command
from napari_strata.cli.what_if import read_mask, what_if_words
from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def smallest_change(
    model: Model,
    image: OneImage,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The change, the changed image, new masks, and a report.")
    ] = None,
    at: At = None,
    layer: Layer = 0,
    frame: Frame = 0,
    target: Kind = "atom",
    region: Region = None,
    label: Label = None,
    species: Class = None,
    rather_than: RatherThan = None,
    mask: Annotated[
        Path | None, typer.Option(help="Mask (y, x), not 0 where pixels may change; else near the target.")
    ] = None,
    reach: Annotated[float | None, option(SmallestChangeConfig, "reach")] = None,
    bound: Annotated[float | None, option(SmallestChangeConfig, "bound")] = None,
    steps: Annotated[int | None, option(SmallestChangeConfig, "steps")] = None,
    dose: Annotated[float | None, option(SmallestChangeConfig, "dose")] = None,
    pixel_size: PixelSize = None,
    device: OnDevice = None,
    config: AnalysisFile = None,
    to_grey: ToGrey = False,
    signal: SignalName = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Find the smallest change of the pixels that flips what a network says, beside the image's shot noise."""
    asked = Asked(at, layer, target, region, label, species, rather_than)
    asked.check()

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.smallest_change import smallest_change as job

        settings = read_analysis(config)
        (stack,) = read_stacks([image], display, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        return job(
            control,
            model,
            stack,
            frame=frame,
            question=asked.question(stack, frame),
            config=with_options(settings.explain, device=device),
            looking=with_options(SmallestChangeConfig(), reach=reach, bound=bound, steps=steps, dose=dose),
            mask=read_mask(mask),
            inference=settings.inference,
            locating=settings.atoms,
            out=out,
        )

    return run_command(make_job, as_json=as_json, verbose=verbose, words=what_if_words)
