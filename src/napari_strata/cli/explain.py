"""``napari-strata explain``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_strata.cli.options import AsJson, PixelSize, ToGrey, Verbose, option, with_options
from napari_strata.cli.predict import Model, OnDevice
from napari_strata.config import ExplainConfig, ExplainMethod

TargetKind = Literal["atom", "pixel", "region"]


def explain(
    model: Model,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="tif, npy, npz or png.")],
    out: Annotated[Path, typer.Option(metavar="HEAT.tif", help="Heatmap on the image's grid, (y, x).")],
    at: Annotated[str | None, typer.Option(metavar="Y,X", help="Where to look [px].")] = None,
    layer: Annotated[int, typer.Option(min=0, help="Decoder whose output is explained, from 0.")] = 0,
    frame: Annotated[int, typer.Option(min=0, help="Frame of the stack, from 0.")] = 0,
    target: Annotated[TargetKind, typer.Option(help="What at --at: nearest atom, pixel; or --region.")] = "atom",
    region: Annotated[
        Path | None, typer.Option(help="Mask (y, x), not 0 where the region is, for --target region.")
    ] = None,
    method: Annotated[ExplainMethod | None, option(ExplainConfig, "method")] = None,
    tolerance: Annotated[float | None, option(ExplainConfig, "tolerance")] = None,
    pixel_size: PixelSize = None,
    device: OnDevice = None,
    to_grey: ToGrey = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Show which pixels of an image made a network say what it says about an atom, a pixel or a region."""
    config = with_options(ExplainConfig(), method=method, tolerance=tolerance, device=device)
    raise NotImplementedError(config, at, target, region, layer, frame)
