"""``napari-strata judge``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.frame_codes import frame_codes
from napari_strata.cli.image_options import ImageOptions
from napari_strata.cli.model_options import Model, OneImage
from napari_strata.cli.named import METHOD_HELP, parse_measures, parse_method
from napari_strata.cli.option_groups import with_groups
from napari_strata.cli.options import Overwrite, option, with_options
from napari_strata.cli.question import Asked, Frame
from napari_strata.cli.runner import run_command
from napari_strata.config import JudgeConfig
from napari_strata.config.judge import MEASURES
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


@with_groups
def judge(
    model: Model,
    image: OneImage,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="TRUST.json", help="All figures, the curves included.")
    ] = None,
    asked: Asked,
    frame: Frame = 0,
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"The method {METHOD_HELP}", show_default=False)
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help=f"One or more tests, with commas or several times: {', '.join(MEASURES)}. All by default.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Mask codes (frame, layer, y, x), (layer, y, x) or (y, x): trains a network on those of the"
            " frame, permuted."
        ),
    ] = None,
    dose: Annotated[float | None, option(JudgeConfig, "dose")] = None,
    overwrite: Overwrite = False,
    options: ImageOptions,
) -> int:
    """Test whether the heatmap of a method can be trusted, and is better than an edge detector."""
    asked.check()
    named = None if method is None else parse_method(method)
    measures = parse_measures(measure or ())

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.judge_map import judge_map

        settings = options.settings(method=named)
        return judge_map(
            control,
            asked.inquiry(model, options.read(image, display), frame, settings),
            judging=with_options(settings.judge, measures=measures or None, dose=dose),
            labels=None if labels is None else frame_codes(labels, frame),
            out=out,
            overwrite=overwrite,
        )

    return run_command(make_job, as_json=options.as_json, verbose=options.verbose, words=judge_words)


def judge_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell the verdict, and one line for each measure; the curves stay in the JSON."""
    from napari_strata.explain.trust.report import report_lines

    return report_lines(figures)
