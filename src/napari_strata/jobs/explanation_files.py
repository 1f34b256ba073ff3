"""What is written of the maps of one question: maps, scores and a picture."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import ProposalConfig
from napari_strata.errors import OutputError
from napari_strata.explain.catalogue import METHODS
from napari_strata.io.files import replacing
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from napari_strata.explain.heatmap import Heatmap
    from napari_strata.report.explained import Mark


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The map of one method.

    Attributes
    ----------
    heatmap : Heatmap
        The map.
    figures : mapping
        What is told of it, ready for JSON.
    """

    heatmap: "Heatmap"
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExplanationFiles:
    """What is written, each if it has a name.

    Attributes
    ----------
    maps : Path or None
        tif or zarr; of several methods the name of each comes before the ending, as in ``heat-grad-cam.tif``.
    scores : Path or None
        JSON file of all figures and metadata.
    picture : Path or None
        PNG of image, map and both together, one row for each method.
    masks : Path or None
        tif of what a map proposes as a mask, 1 there and 0 elsewhere; of several methods named as the maps.
    proposal : ProposalConfig
        How a mask is made of a map.
    overwrite : bool
        Whether files that are there may be replaced.
    """

    maps: Path | None = None
    scores: Path | None = None
    picture: Path | None = None
    masks: Path | None = None
    proposal: ProposalConfig = field(default_factory=ProposalConfig)
    overwrite: bool = False

    def check(self, methods: Sequence[str]) -> None:
        """Check, before any work, that the files of these methods can have these names.

        Raises
        ------
        OutputError
            If an ending does not fit, or a file is there already and may not be replaced.
        """
        from napari_strata.explain.heatmap import check_heatmap_file
        from napari_strata.io.folders import check_new

        if self.maps is not None:
            check_heatmap_file(self.maps)
        for path, ending in ((self.scores, ".json"), (self.picture, ".png"), (self.masks, ".tif")):
            if path is not None and (path.suffix.lower() != ending or path.is_dir()):
                raise OutputError(f"{path} is no {ending} file.", remedy=f"Let its name end in {ending}.")
        named = [_named(path, method, len(methods)) for path in (self.maps, self.masks) for method in methods]
        check_new((*named, self.scores, self.picture), overwrite=self.overwrite)

    def map_of(self, method: str, methods: int) -> Path | None:
        """Return the file of a method's map, where so many methods are asked."""
        return _named(self.maps, method, methods)

    def write(
        self, answers: Sequence[Answer], figures: Mapping[str, Any], shown: ImageStack, *, methods: int
    ) -> dict[str, str]:
        """Write all answers; return the paths by what they hold, those of maps by method.

        Parameters
        ----------
        answers : sequence of Answer
            Those that there are.
        figures : mapping
            What is told of all of them, ready for JSON.
        shown : ImageStack
            The frame.
        methods : int
            How many methods were asked.

        Raises
        ------
        OutputError
            If a file cannot be written.
        TargetError
            If a map is 0, so that it proposes no mask; all other files are written before.
        """
        from napari_strata.explain.heatmap import write_heatmap

        paths = {}
        for answer in answers:
            method = answer.heatmap.metadata["method"]
            if (path := self.map_of(method, methods)) is not None:
                write_heatmap(answer.heatmap, path)
                paths[method] = str(path)
        if self.scores is not None:
            told = {**figures, "metadata": {a.heatmap.metadata["method"]: a.heatmap.metadata for a in answers}}
            with replacing(self.scores) as temporary:
                text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
                temporary.write_text(text, encoding="utf-8")
            paths["scores"] = str(self.scores)
        if self.picture is not None:
            _draw(answers, shown, self.picture)
            paths["picture"] = str(self.picture)
        return paths | self._write_masks(answers, shown, methods)

    def _write_masks(self, answers: Sequence[Answer], shown: ImageStack, methods: int) -> dict[str, str]:
        from napari_strata.explain.proposals.proposal import propose
        from napari_strata.io.images import write_images

        paths = {}
        for answer in answers if self.masks is not None else ():
            method = answer.heatmap.metadata["method"]
            path = _named(self.masks, method, methods)
            assert path is not None, "masks are wanted"
            mask = propose(answer.heatmap.data, shown.data[0], self.proposal)
            write_images(mask.astype(np.uint8), path, pixel_size=shown.pixel_size)
            paths[f"mask {method}"] = str(path)
        return paths


def _named(path: Path | None, method: str, methods: int) -> Path | None:
    """Return a file's name with that of a method before its ending, where there are several methods."""
    return path if path is None or methods == 1 else path.with_name(f"{path.stem}-{method}{path.suffix}")


def _draw(answers: Sequence[Answer], shown: ImageStack, path: Path) -> None:
    from napari_strata.report.explained import DrawnMap, draw_explained, save_explained

    maps = [
        DrawnMap(METHODS[metadata["method"]].title, answer.heatmap.data, METHODS[metadata["method"]].signed)
        for answer in answers
        for metadata in [answer.heatmap.metadata]
    ]
    mark = _mark(answers[0].heatmap.metadata, shown)
    save_explained(draw_explained(shown.data[0], shown.pixel_size, maps, mark), path)


def _mark(metadata: Mapping[str, Any], shown: ImageStack) -> "Mark":
    """Return where the target lies, in px of the image."""
    from napari_strata.explain.runs import from_runs
    from napari_strata.report.explained import Mark

    target, (y, x) = metadata["target"], metadata["position"]
    if "runs" in target:
        return Mark(y, x, mask=from_runs(target["runs"]) != 0)
    radius = target.get("radius_A")
    return Mark(y, x, radius=None if radius is None or shown.pixel_size is None else radius / shown.pixel_size)
