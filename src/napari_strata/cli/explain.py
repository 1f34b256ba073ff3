"""``napari-strata explain``."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
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
from napari_strata.cli.predict import Model, OnDevice
from napari_strata.cli.runner import run_command
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from napari_strata.explain.targets import Target

TargetKind = Literal["atom", "pixel", "region"]


def explain(
    model: Model,
    image: Annotated[
        Path,
        typer.Argument(metavar="IMAGE", help="tif, npy, npz, png, dm3, dm4, emd, ser, emi, mrc, hspy or zspy."),
    ],
    out: Annotated[Path, typer.Option(metavar="HEAT.tif", help="Heatmap on the image's grid, (y, x).")],
    at: Annotated[str | None, typer.Option(metavar="Y,X", help="Where to look [px].")] = None,
    layer: Annotated[int, typer.Option(min=0, help="Crystal layer as in predict and atoms, from 0.")] = 0,
    frame: Annotated[
        int,
        typer.Option(
            min=0,
            help="Frame of the stack, from 0; several layers are followed from frame 0 on, which takes time.",
        ),
    ] = 0,
    target: Annotated[
        TargetKind, typer.Option(help="The atom nearest to --at, the pixel at --at, or --region.")
    ] = "atom",
    region: Annotated[
        Path | None, typer.Option(help="Mask (y, x), not 0 where the region is, for --target region.")
    ] = None,
    method: Annotated[ExplainMethod | None, option(ExplainConfig, "method")] = None,
    tolerance: Annotated[float | None, option(ExplainConfig, "tolerance")] = None,
    pixel_size: PixelSize = None,
    device: OnDevice = None,
    config: AnalysisFile = None,
    to_grey: ToGrey = False,
    signal: SignalName = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Show which pixels of an image made a network say what it says about an atom, a pixel or a region."""
    if (target == "region") != (region is not None):
        raise typer.BadParameter("a region target and a region file belong together.", param_hint=["--region"])
    if (target == "region") == (at is not None):
        raise typer.BadParameter("an atom or a pixel needs a position, a region has none.", param_hint=["--at"])
    position = None if at is None else parse_position(at)

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.explain.question import Question
        from napari_strata.jobs.explain import explain as job

        settings = read_analysis(config)
        explaining = with_options(settings.explain, method=method, tolerance=tolerance, device=device)
        (stack,) = read_stacks([image], display, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        question = Question(make_target(target, position, region), layer)
        return job(
            control,
            model,
            stack,
            frame=frame,
            question=question,
            config=explaining,
            inference=settings.inference,
            locating=settings.atoms,
            out=out,
        )

    return run_command(make_job, as_json=as_json, verbose=verbose)


def parse_position(text: str) -> tuple[float, float]:
    """Read ``Y,X``.

    Raises
    ------
    typer.BadParameter
        If it is anything but two finite numbers.
    """
    try:
        y, x = (float(number) for number in text.split(","))
    except ValueError:
        y = x = math.nan
    if not (math.isfinite(y) and math.isfinite(x)):
        raise typer.BadParameter(f"{text!r} is not Y,X in px, for example 120.5,88.", param_hint=["--at"])
    return y, x


def make_target(kind: TargetKind, position: tuple[float, float] | None, region: Path | None) -> "Target":
    """Return what shall be explained, in the image's own pixels.

    Raises
    ------
    TargetError
        If the file of a region cannot be read.
    """
    from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget
    from napari_strata.io.arrays import read_array

    if region is not None:
        return RegionTarget(read_array(region, error_type=TargetError).codes.squeeze() != 0)
    assert position is not None
    y, x = position
    return PixelTarget(round(y), round(x)) if kind == "pixel" else AtomTarget(y, x)
