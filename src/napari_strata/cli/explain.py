"""``napari-strata explain``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.image_options import ImageOptions
from napari_strata.cli.judge import judge_words
from napari_strata.cli.model_options import Model, OneImage
from napari_strata.cli.named import METHOD_HELP, parse_methods
from napari_strata.cli.option_groups import with_groups
from napari_strata.cli.options import Overwrite, option, with_options
from napari_strata.cli.question import Asked
from napari_strata.cli.runner import run_command
from napari_strata.cli.settings_option import parse_settings
from napari_strata.config import AnalysisConfig, ExplainConfig, ExplainMethod, ProposalConfig
from napari_strata.config.proposal import Side
from napari_strata.control import JobControl
from napari_strata.explain.promise import broken_promise
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from napari_strata.explain.heatmap import Heatmap
    from napari_strata.jobs.explanation_files import ExplanationFiles
    from napari_strata.jobs.inquiry import Inquiry
    from napari_strata.types import ImageStack

_OWN_OPTIONS = ("method", "device", "tolerance")


@dataclass(frozen=True)
class _Files:
    """What is written."""

    out: Annotated[
        Path | None,
        typer.Option(
            metavar="HEAT.tif",
            help="Heatmap on the image's grid, (y, x); OME-Zarr where the name ends in .zarr. Of several methods"
            " each has its name before the ending.",
            show_default=False,
        ),
    ] = None
    picture: Annotated[
        Path | None,
        typer.Option(metavar="MAPS.png", help="Image, map and overlay side by side.", show_default=False),
    ] = None
    scores: Annotated[
        Path | None, typer.Option(metavar="SCORES.json", help="All figures and metadata.", show_default=False)
    ] = None
    propose: Annotated[
        Path | None,
        typer.Option(
            metavar="MASK.tif",
            help="Mask (y, x) that the map proposes, 1 there and 0 elsewhere.",
            show_default=False,
        ),
    ] = None
    part: Annotated[float | None, option(ProposalConfig, "part")] = None
    side: Annotated[Side | None, option(ProposalConfig, "side")] = None
    how: Annotated[Literal["threshold", "graph-cut"] | None, option(ProposalConfig, "how")] = None
    overwrite: Overwrite = False

    def check(self) -> None:
        """Refuse to write nothing."""
        if not any((self.out, self.picture, self.scores, self.propose)):
            hint = ["--out", "--picture", "--scores", "--propose"]
            raise typer.BadParameter("nothing would be written.", param_hint=hint)
        if self.propose is None and (self.part, self.side, self.how) != (None, None, None):
            hint = ["--part", "--side", "--how"]
            raise typer.BadParameter("they say how a mask is made; name its file by --propose.", param_hint=hint)

    def written(self) -> "ExplanationFiles":
        """Return what the job is to write."""
        from napari_strata.jobs.explanation_files import ExplanationFiles

        proposal = with_options(ProposalConfig(), part=self.part, side=self.side, how=self.how)
        return ExplanationFiles(self.out, self.scores, self.picture, self.propose, proposal, self.overwrite)


@dataclass(frozen=True)
class _How:
    """By which methods, with which settings."""

    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help=f"One or more methods, with commas or several times {METHOD_HELP}",
            show_default=False,
        ),
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the methods, as steps=100, several times for several; a name that is none lists"
            " them all.",
            show_default=False,
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Return the settings that were given."""
        return parse_settings(self.settings or (), ExplainConfig, without=_OWN_OPTIONS)


@with_groups
def explain(
    model: Model,
    image: OneImage,
    *,
    files: _Files,
    asked: Asked,
    frame: Annotated[
        int,
        typer.Option(
            min=0,
            help="Frame of the stack, from 0; several layers are followed from frame 0 on, which takes time.",
        ),
    ] = 0,
    all_frames: Annotated[
        bool,
        typer.Option("--all-frames", help="Ask the same of every frame, by one method: maps (frame, y, x)."),
    ] = False,
    by: _How,
    judge: Annotated[
        bool, typer.Option("--judge", help="Test whether each map can be trusted, as the command judge does.")
    ] = False,
    again: Annotated[
        Path | None,
        typer.Option(
            metavar="HEAT.tif",
            help="Ask what this map was asked, instead of a target, and tell how far the answer is from it.",
            show_default=False,
        ),
    ] = None,
    options: ImageOptions,
) -> int:
    """Show which pixels of an image made a network say what it says about a target.

    The target is an atom, a pixel, a region, a numbered instance or the whole slice; it is asked why a class is
    there rather than background, another class, another layer, or what was corrected.
    """
    if again is None:
        asked.check()
    elif (asked, frame) != (Asked(tolerance=asked.tolerance), 0):
        raise typer.BadParameter("the map says what is asked; name no target.", param_hint=["--again"])
    files.check()
    given, methods = {"tolerance": asked.tolerance, **by.given()}, parse_methods(by.method or ())
    if all_frames:
        _check_all_frames(frame, methods, files, judge=judge, again=again)

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.explain_methods import explain_methods

        analysis, stack = options.settings(**given), options.read(image, display)
        if all_frames:
            from napari_strata.jobs.explain_frames import explain_frames

            inquiry = asked.inquiry(model, stack, 0, analysis)
            config = inquiry.config.model_copy(update={"method": methods[0]} if methods else {})
            inquiry = replace(inquiry, config=config)
            return explain_frames(control, inquiry, out=files.out, scores=files.scores, overwrite=files.overwrite)
        earlier: Heatmap | None = None
        if again is None:
            inquiry = asked.inquiry(model, stack, frame, analysis)
        else:
            earlier = _read(again)
            inquiry = _asked_by(earlier, model, stack, analysis, {**given, "device": options.device})
        return explain_methods(
            control,
            inquiry,
            methods=methods or [inquiry.config.method],
            files=files.written(),
            judging=analysis.judge if judge else None,
            earlier=earlier,
        )

    return run_command(make_job, as_json=options.as_json, verbose=options.verbose, words=explain_words)


def explain_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell what was explained, a line for each map, and its verdict."""
    if "frames" in figures:
        yield from _frame_words(figures)
    if "class" not in figures:
        return
    place = f"y = {figures['y_px']:.1f}, x = {figures['x_px']:.1f} px"
    who = f"{figures['class']} in layer {figures['layer']} (drawn by decoder {figures['decoder']} here)"
    why = f"{who} rather than {figures['rather_than']}, at {place}"
    probability = figures["probability"]
    sure = "" if probability is None else f", P({figures['class']}) {probability:.3f}"
    yield f"{why}: score {figures['score']:.3f} (mean log-odds){sure}"
    for name, found in figures["maps"].items():
        told = [f"{key} {value:.3g}" for key, value in found.items() if isinstance(value, float | int)]
        at = f" at {found['feature_map']}" if "feature_map" in found else ""
        yield f"{name}{at}: {', '.join(told)}"
        if broken := broken_promise(name, figures["score"], found):
            yield f"  {broken}"
        if "verdict" in found:
            yield from (f"  {line}" for line in judge_words(found))
    if "off_earlier" in figures:
        yield f"off the earlier map by {figures['off_earlier']:.2g} of its largest value"


def _frame_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell what was explained in every frame."""
    yield f"{figures['computed'] + figures['kept']} of {figures['frames']} frames have a map"
    for frame, found in figures["maps"].items():
        if "no_map" in found:
            yield f"frame {frame}: {found['no_map']}"
        else:
            yield f"frame {frame}: {found['class']}, score {found['score']:.3f}, maximum {found['maximum']:.3g}"
    if "unfinished" in figures:
        yield "The same command goes on from here."


def _check_all_frames(
    frame: int, methods: Sequence[ExplainMethod], files: _Files, *, judge: bool, again: Path | None
) -> None:
    """Refuse what is of one frame only."""
    for name, is_given in {
        "--frame": frame != 0,
        "--judge": judge,
        "--again": again is not None,
        "--picture": files.picture is not None,
        "--propose": files.propose is not None,
    }.items():
        if is_given:
            raise typer.BadParameter("that is of one frame; leave --all-frames out.", param_hint=[name])
    if len(methods) > 1:
        raise typer.BadParameter("of all frames one method is asked at a time.", param_hint=["--method"])


def _asked_by(
    earlier: "Heatmap", model: Path, image: "ImageStack", analysis: AnalysisConfig, given: Mapping[str, Any]
) -> "Inquiry":
    """Return what an earlier map was asked, with the settings that are given now."""
    from napari_strata.explain.recall import recall
    from napari_strata.jobs.inquiry import Inquiry

    recalled = recall(earlier.metadata)
    return Inquiry(
        model,
        image,
        recalled.question,
        with_options(recalled.config, **given),
        recalled.frame,
        inference=analysis.inference,
        locating=analysis.atoms,
    )


def _read(path: Path) -> "Heatmap":
    from napari_strata.explain.heatmap import read_heatmap

    return read_heatmap(path)
