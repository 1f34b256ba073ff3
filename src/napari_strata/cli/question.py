"""The options that say what is to be explained."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer

from napari_strata.cli.frame_codes import layer_codes
from napari_strata.cli.options import option, with_options
from napari_strata.cli.region_file import read_numbers, read_region
from napari_strata.config import AnalysisConfig, ExplainConfig
from napari_strata.errors import TargetError

if TYPE_CHECKING:
    from napari_strata.explain.question import Against
    from napari_strata.explain.targets import Target
    from napari_strata.jobs.inquiry import Inquiry
    from napari_strata.types import ImageStack

TargetKind = Literal["atom", "pixel", "region", "instance", "slice"]
At = Annotated[str | None, typer.Option(metavar="Y,X", help="Where to look [px].", show_default=False)]
Layer = Annotated[int, typer.Option(min=0, help="Crystal layer as in predict and atoms, from 0.")]
Frame = Annotated[int, typer.Option(min=0, help="Frame of the stack, from 0.")]
Kind = Annotated[
    TargetKind,
    typer.Option(
        "--target",
        help="The atom nearest to --at, the pixel at --at, the pixels of --region, the label --label in it, or"
        " the pixels of the whole slice where the class is predicted.",
    ),
]
Region = Annotated[
    Path | None,
    typer.Option(
        metavar="MASK",
        help="Mask (y, x): not 0 where the region is, or numbered instances.",
        show_default=False,
    ),
]
Label = Annotated[int | None, typer.Option(min=1, help="Number of the instance in --region.", show_default=False)]
Class = Annotated[
    str | None,
    typer.Option(
        "--class", metavar="NAME", help="Why this class; else the atom's, or the likeliest.", show_default=False
    ),
]
RatherThan = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="background (the default), class:NAME, layer:NUMBER, or labels:FILE with corrected mask codes, which"
        " asks why the prediction differs from them.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Asked:
    """What is to be explained, as it was typed."""

    at: At = None
    layer: Layer = 0
    target: Kind = "atom"
    region: Region = None
    label: Label = None
    species: Class = None
    rather_than: RatherThan = None
    tolerance: Annotated[float | None, option(ExplainConfig, "tolerance")] = None

    def check(self) -> None:
        """Refuse options that do not fit each other.

        Raises
        ------
        typer.BadParameter
            Naming them.
        """
        if (self.target in ("region", "instance")) != (self.region is not None):
            raise typer.BadParameter(
                "a region or an instance and a file --region belong together.", param_hint=["--region"]
            )
        if (self.target in ("atom", "pixel")) == (self.at is None):
            raise typer.BadParameter(
                "an atom or a pixel needs a position, other targets have none.", param_hint=["--at"]
            )
        if (self.target == "instance") != (self.label is not None):
            raise typer.BadParameter("an instance and its --label belong together.", param_hint=["--label"])
        if self.at is not None:
            parse_position(self.at)
        _parse_rather_than(self.rather_than)

    def inquiry(self, model: Path, image: "ImageStack", frame: int, settings: AnalysisConfig) -> "Inquiry":
        """Read the files, and return what is asked of a model about a frame of an image.

        Raises
        ------
        TargetError, LabelsError
            If a file cannot be read, or there is no such label in it.
        typer.BadParameter
            If the tolerance is out of its range.
        """
        from napari_strata.explain.question import Question
        from napari_strata.jobs.inquiry import Inquiry

        question = Question(self._target(image), self.layer, self.species, self._against(frame))
        return Inquiry(
            model,
            image,
            question,
            with_options(settings.explain, tolerance=self.tolerance),
            frame,
            inference=settings.inference,
            locating=settings.atoms,
        )

    def _target(self, image: "ImageStack") -> "Target":
        from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget

        if self.target == "slice":
            return RegionTarget(np.ones(image.data.shape[-2:], bool), "slice")
        if self.label is not None:
            assert self.region is not None
            return _instance(self.region, self.label, image)
        if self.region is not None:
            return RegionTarget(read_region(self.region, image))
        assert self.at is not None
        y, x = parse_position(self.at)
        return PixelTarget(round(y), round(x)) if self.target == "pixel" else AtomTarget(y, x)

    def _against(self, frame: int) -> "Against | None":
        from napari_strata.explain.question import AgainstClass, AgainstCorrection, AgainstLayer

        match _parse_rather_than(self.rather_than):
            case ("class", name):
                return AgainstClass(name)
            case ("layer", number):
                return AgainstLayer(int(number))
            case ("labels", path):
                return AgainstCorrection(layer_codes(Path(path), frame, self.layer))
        return None


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


def _instance(path: Path, label: int, image: "ImageStack") -> "Target":
    from napari_strata.explain.targets import RegionTarget

    numbers = read_numbers(path, image)
    if not (numbers == label).any():
        known = np.unique(numbers[numbers != 0])
        remedy = "It is 0 everywhere; give a file of numbered instances."
        if known.size:
            listed = ", ".join(str(number) for number in known[:20])
            remedy = f"Its labels are: {listed}{', ...' if known.size > 20 else ''}."
        raise TargetError(f"{path.name} has no label {label}.", remedy=remedy)
    return RegionTarget(numbers == label, "instance")


def _parse_rather_than(text: str | None) -> tuple[str, str] | None:
    """Return kind and value of ``KIND:VALUE``; None for background."""
    if text is None or text == "background":
        return None
    kind, _, value = text.partition(":")
    if kind not in ("class", "layer", "labels") or not value or (kind == "layer" and not value.isdecimal()):
        raise typer.BadParameter(
            f"{text!r} is none of background, class:NAME, layer:NUMBER and labels:FILE.",
            param_hint=["--rather-than"],
        )
    return kind, value
