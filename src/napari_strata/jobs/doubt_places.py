"""Atoms that the image does not show: located in hollows between brighter columns."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.events import Warned
from napari_strata.jobs.doubt_atoms import frames_looked_at
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

MANY = 0.08
"""Part of a layer's atoms in hollows from which it is said. Of noise and of bilayers of a few counts it is 0.06 at
most, of the crystals that unet-columns knows 0.02, but of SrTiO3 with oxygen too faint to be seen up to 0.4; of a
model that put columns into the hollows of square lattices 0.08 to 0.46."""
LEAST = 3
"""Fewer atoms in hollows are chance."""


def doubts_about_places(table: "DataFrame", images: Sequence[ImageStack]) -> Iterator[Warned]:
    """Warn of layers many of whose atoms are darker than all around them, in the frames that are looked at.

    Where more atoms are darker than all around them than brighter, the model looks for dark ones: nothing is said.

    Parameters
    ----------
    table : DataFrame
        Located atoms, columns image, frame, layer, y_px and x_px.
    images : sequence of ImageStack
        The images in which they were located.
    """
    for image in images:
        atoms = table[table["image"] == image.name]
        frames = frames_looked_at(atoms)
        for layer, rows in atoms[atoms["frame"].isin(frames)].groupby("layer"):
            dark, bright = _dark_and_bright(rows, image)
            if dark >= LEAST and dark > MANY * len(rows) and dark <= bright:
                where = "" if len(image.data) == 1 else f" in the {len(frames)} frames looked at"
                yield Warned(
                    f"{image.name}: {dark:,} of {len(rows):,} atoms of layer {layer}{where} are darker than all"
                    " around them: the image does not show them.",
                    "They are columns too faint to be seen, such as oxygen, or invented. If your crystal has none"
                    " there, raise 'Min probability' to 0.9, or train on a few strokes of your own.",
                )


def _dark_and_bright(rows: "DataFrame", image: ImageStack) -> tuple[int, int]:
    """Count the atoms of one layer that are darker, and those that are brighter, than all around them."""
    from napari_strata.atoms.hollows import dark_and_bright

    counts = np.zeros(2, dtype=int)
    for frame, of_frame in rows.groupby("frame"):
        found = dark_and_bright(image.data[int(frame)], of_frame[["y_px", "x_px"]].to_numpy(np.float64))
        counts += [one.sum() for one in found]
    return int(counts[0]), int(counts[1])
