"""``napari-strata explain-layers``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.model_options import IMAGE_FILES, Model, OnDevice
from napari_strata.cli.options import (
    AsJson,
    Overwrite,
    PixelSize,
    SignalName,
    ToGrey,
    Verbose,
    option,
    with_options,
)
from napari_strata.cli.runner import run_command
from napari_strata.config import InsideConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def explain_layers(
    model: Model,
    image: Annotated[
        Path | None,
        typer.Argument(
            metavar="[IMAGE]",
            help=f"{IMAGE_FILES}; for all but the kernels.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for what is asked for; without it the feature maps are listed."),
    ] = None,
    feature_map: Annotated[str | None, option(InsideConfig, "feature_map")] = None,
    frame: Annotated[int, typer.Option(min=0, help="Frame of activations and inversion, from 0.")] = 0,
    channel: Annotated[
        int | None,
        typer.Option(min=0, help="Write the patches, in all frames, to which this channel responds most."),
    ] = None,
    patches: Annotated[int | None, option(InsideConfig, "patches")] = None,
    invert: Annotated[bool, typer.Option("--invert", help="Make an image from the activations.")] = False,
    steps: Annotated[int | None, option(InsideConfig, "steps")] = None,
    seed: Annotated[int | None, option(InsideConfig, "seed")] = None,
    pixel_size: PixelSize = None,
    device: OnDevice = None,
    overwrite: Overwrite = False,
    to_grey: ToGrey = False,
    signal: SignalName = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """List the feature maps inside a network, and write what they show.

    With --out it writes kernels.tif and kernels.png; with an IMAGE also STEM_activations.tif (channel, y, x) of
    one feature map, with --channel STEM_patches.json and .png, and with --invert STEM_inversion.tif.
    """
    if image is not None and out is None:
        raise typer.BadParameter("an image needs a folder for what is written.", param_hint=["--out"])
    if image is None and (channel is not None or invert):
        raise typer.BadParameter("patches and inversion need an image.", param_hint=["IMAGE"])

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.browse_network import browse_network

        config = with_options(
            InsideConfig(),
            feature_map=feature_map,
            channel=channel,
            patches=patches,
            steps=steps,
            seed=seed,
            device=device,
        )
        stacks = read_stacks(
            [] if image is None else [image], display, pixel_size=pixel_size, to_grey=to_grey, signal=signal
        )
        asked = {
            "kernels": out is not None,
            "activations": image is not None,
            "patches": channel is not None,
            "inversion": invert,
        }
        wanted: Any = frozenset(part for part, is_wanted in asked.items() if is_wanted)
        shown = stacks[0] if stacks else None
        return browse_network(
            control, model, shown, wanted=wanted, config=config, frame=frame, out=out, overwrite=overwrite
        )

    return run_command(make_job, as_json=as_json, verbose=verbose, words=_words)


def _words(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{name}: {one['channels']} channels, pixels of {one['pixel_px']} px, each sees {one['sees_px']} px"
        for name, one in figures["feature_maps"].items()
    ]
    return lines + [f"{name}: {value}" for name, value in figures.items() if name != "feature_maps"]
