"""``napari-strata smallest-change``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.image_options import ImageOptions
from napari_strata.cli.model_options import Model, OneImage
from napari_strata.cli.option_groups import with_groups
from napari_strata.cli.options import Overwrite, option, with_options
from napari_strata.cli.question import Asked, Frame
from napari_strata.cli.region_file import read_region
from napari_strata.cli.runner import run_command
from napari_strata.cli.what_if import what_if_words
from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


@with_groups
def smallest_change(
    model: Model,
    image: OneImage,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The change, the changed image, new masks, and a report.")
    ] = None,
    asked: Asked,
    frame: Frame = 0,
    mask: Annotated[
        Path | None, typer.Option(help="Mask (y, x), not 0 where pixels may change; else near the target.")
    ] = None,
    reach: Annotated[float | None, option(SmallestChangeConfig, "reach")] = None,
    bound: Annotated[float | None, option(SmallestChangeConfig, "bound")] = None,
    steps: Annotated[int | None, option(SmallestChangeConfig, "steps")] = None,
    dose: Annotated[float | None, option(SmallestChangeConfig, "dose")] = None,
    overwrite: Overwrite = False,
    options: ImageOptions,
) -> int:
    """Find the smallest change of the pixels that flips what a network says, beside the image's shot noise."""
    asked.check()

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.smallest_change import smallest_change as job

        stack = options.read(image, display)
        return job(
            control,
            asked.inquiry(model, stack, frame, options.settings()),
            looking=with_options(SmallestChangeConfig(), reach=reach, bound=bound, steps=steps, dose=dose),
            mask=None if mask is None else read_region(mask, stack),
            out=out,
            overwrite=overwrite,
        )

    return run_command(make_job, as_json=options.as_json, verbose=options.verbose, words=what_if_words)
