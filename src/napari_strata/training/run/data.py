"""What a run learns from, kept in its folder where no file holds it: inputs/ with images, masks and classes.

A run of labels that were painted in the viewer can so be resumed and replayed when napari is gone. labels.tif and
provenance.tif beside it show the whole depth of the stack, for people and other programs.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_strata.config import ClassTable, Config, TrainConfig
from napari_strata.config.base import setting
from napari_strata.config.paired import PairedData
from napari_strata.config.training import ORIGINS, LabelledData, SimulatedData
from napari_strata.errors import OutputError
from napari_strata.io.files import replacing
from napari_strata.io.images import write_images
from napari_strata.io.masks import read_masks, write_masks
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.types import AnyArray

INPUTS = "inputs"
LABELS, PROVENANCE = "labels.tif", "provenance.tif"
IMAGE, MASKS, CARD = "image.tif", "masks.tif", "painted.yaml"


class PaintedCard(Config):
    """What the arrays in inputs/ are; stored there as painted.yaml."""

    frames: tuple[int, ...] = setting(..., "Frames of the stack that was painted on, from 0.")
    depth: int = setting(..., "Frames of that stack.", ge=1)
    classes: ClassTable | None = setting(None, "What the codes mean.")


def config_in_run(config: TrainConfig, inputs: TrainInputs) -> TrainConfig:
    """Return the configuration as it belongs into the run folder: it names files there, relative to it.

    Parameters
    ----------
    config : TrainConfig
        Names files, or napari layers where labels were painted.
    inputs : TrainInputs
        The run folder, and what was painted.
    """
    if isinstance(config.data, SimulatedData):
        return config
    data = config.data
    if isinstance(data, PairedData) or inputs.painted is None:
        kept = {name: _below(paths, inputs.out) for name, paths in data.files.items()}
        return config.model_copy(update={"data": data.model_copy(update=kept)})
    return config.model_copy(update={"data": _painted_data(data, inputs.painted, inputs.images[0].pixel_size)})


def check_free(folder: Path) -> None:
    """Check that a new run overwrites no file that is not from a run.

    Raises
    ------
    OutputError
        If it would.
    """
    if (folder / INPUTS / CARD).is_file():  # left by a run that was called off
        return
    for name in ("config.yaml", LABELS, PROVENANCE):
        if (folder / name).exists():
            raise OutputError(
                f"{folder} holds a file {name}, which a run would overwrite.",
                remedy=f"Choose a folder of its own for the run, such as {folder / 'run'}.",
            )


def keep_painted(inputs: TrainInputs) -> None:
    """Write what was painted, and the frames on which it was; files that were read are there already.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    if inputs.painted is None:
        return
    (stack,), (labels,), painted = inputs.images, inputs.labels, inputs.painted
    folder, pixel_size = inputs.out / INPUTS, stack.pixel_size
    for name, kept, codes in (
        (LABELS, MASKS, labels),
        (PROVENANCE, PROVENANCE, painted.provenance),
    ):
        if codes is not None:
            write_masks(_whole(codes, painted), inputs.out / name, pixel_size=pixel_size)
            write_masks(codes, folder / kept, pixel_size=pixel_size)
    write_images(_exact(stack.data), folder / IMAGE, pixel_size=pixel_size)
    card = PaintedCard(frames=painted.frames, depth=painted.depth, classes=inputs.classes)
    with replacing(folder / CARD) as path:
        path.write_text(card.to_yaml(), encoding="utf-8")


def as_painted(inputs: TrainInputs, run: Path) -> TrainInputs:
    """Return inputs that were read from a run folder as those that were painted there, where they were.

    Parameters
    ----------
    inputs : TrainInputs
        Images and labels.
    run : Path
        The run folder that they were read from.
    """
    folder = run / INPUTS
    if not (folder / CARD).is_file():
        return inputs
    card = PaintedCard.read(folder / CARD)
    provenance = read_masks(folder / PROVENANCE) if (folder / PROVENANCE).is_file() else None
    return replace(inputs, classes=card.classes, painted=Painted(card.frames, card.depth, provenance))


def _painted_data(data: LabelledData, painted: Painted, pixel_size: float | None) -> LabelledData:
    folder = Path(INPUTS)
    knows = painted.provenance is not None
    kept = {
        "images": (folder / IMAGE,),
        "labels": (folder / MASKS,),
        "provenance": (folder / PROVENANCE,) if knows else (),
        "learn_from": data.learn_from if knows else ORIGINS,
        "image_pixel_size": pixel_size,
    }
    return data.model_copy(update=kept)


def _below(paths: Iterable[Path], folder: Path) -> tuple[Path, ...]:
    """Make paths relative that lie in a folder, so that it can be moved."""
    home = folder.resolve()
    return tuple(path.relative_to(home) if path.is_relative_to(home) else path for path in paths)


def _whole(codes: AnyArray, painted: Painted) -> AnyArray:
    masks = np.zeros((painted.depth, *codes.shape[1:]), np.uint8)
    masks[list(painted.frames)] = codes
    return masks


def _exact(images: AnyArray) -> AnyArray:
    """Return pixels of a type that a tif holds, without changing a value."""
    return images.astype(np.uint8) if images.dtype == np.bool_ else np.ascontiguousarray(images)
