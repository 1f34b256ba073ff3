"""``napari-strata what-if``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.image_options import ImageOptions
from napari_strata.cli.model_options import Model, OneImage
from napari_strata.cli.option_groups import with_groups
from napari_strata.cli.options import Overwrite, option, with_options
from napari_strata.cli.question import Asked, Frame
from napari_strata.cli.region_file import read_region
from napari_strata.cli.runner import run_command
from napari_strata.config.what_if import READS, Change, WhatIfConfig
from napari_strata.control import JobControl
from napari_strata.explain.score_digits import score_digits
from napari_strata.jobs.job import Job


@with_groups
def what_if(
    model: Model,
    image: OneImage,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Changed image and masks around the region, and a report.")
    ] = None,
    asked: Asked,
    frame: Frame = 0,
    mask: Annotated[
        Path | None, typer.Option(help="Mask (y, x), not 0 where the image is changed; else at the target.")
    ] = None,
    change: Annotated[Change | None, option(WhatIfConfig, "change")] = None,
    part: Annotated[float | None, option(WhatIfConfig, "part")] = None,
    blur: Annotated[float | None, option(WhatIfConfig, "blur")] = None,
    strength: Annotated[float | None, option(WhatIfConfig, "strength")] = None,
    shift_y: Annotated[float | None, option(WhatIfConfig, "shift_y")] = None,
    shift_x: Annotated[float | None, option(WhatIfConfig, "shift_x")] = None,
    grow: Annotated[float | None, option(WhatIfConfig, "grow")] = None,
    overwrite: Overwrite = False,
    options: ImageOptions,
) -> int:
    """Change a part of an image, and tell how the prediction and the score of a question change."""
    asked.check()

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.what_if import what_if as job

        wanted = {
            "change": change,
            "part": part,
            "blur": blur,
            "strength": strength,
            "shift_y": shift_y,
            "shift_x": shift_x,
            "grow": grow,
        }
        config = with_options(WhatIfConfig(), **wanted)
        _check_read(config, wanted)
        stack = options.read(image, display)
        return job(
            control,
            asked.inquiry(model, stack, frame, options.settings()),
            change=config,
            mask=None if mask is None else read_region(mask, stack),
            out=out,
            overwrite=overwrite,
        )

    return run_command(make_job, as_json=options.as_json, verbose=options.verbose, words=what_if_words)


def _check_read(config: WhatIfConfig, wanted: Mapping[str, object]) -> None:
    """Refuse options that are of another change."""
    strange = [
        f"--{name.replace('_', '-')}"
        for name, value in wanted.items()
        if value is not None and name not in ("change", "grow", *READS[config.change])
    ]
    if strange:
        raise typer.BadParameter(f"that is of another --change than {config.change}.", param_hint=strange)


def what_if_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell scores, probabilities and atoms, before and after."""
    if "score_before" not in figures:
        return
    if words := figures.get("words"):
        yield words
    before, after = (score_digits(figures[name]) for name in ("score_before", "score"))
    yield f"Score {before} -> {after} (mean log-odds)"
    if figures["probability"] is not None:
        yield f"Probability {figures['probability_before']:.3f} -> {figures['probability']:.3f}"
    if figures["vanished"] is not None:
        yield (
            f"Atoms: {figures['vanished']} vanish, {figures['appeared']} appear,"
            f" {figures['renamed']} change species"
        )
    for words in ("target_words", "fill_words"):
        if figures.get(words):
            yield figures[words]
