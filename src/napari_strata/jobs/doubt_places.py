"""Atoms that the image does not show: located in hollows between brighter columns."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from napari_strata.events import Warned
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

MANY = 0.08
"""Part of a layer's atoms in hollows from which it is said. Of noise and of bilayers of a few counts it is 0.06 at
most, of the crystals that unet-columns knows 0.02, but of SrTiO3 with oxygen too faint to be seen up to 0.4; of
square lattices of 2.4 to 2.8 Å with one column per cell 0.08 to 0.46, all of them invented."""


def doubts_about_places(table: "DataFrame", images: Sequence[ImageStack]) -> Iterator[Warned]:
    """Warn of layers many of whose atoms are darker than all around them, in the first frame of each image.

    Parameters
    ----------
    table : DataFrame
        Located atoms, columns image, frame, layer, y_px and x_px.
    images : sequence of ImageStack
        The images in which they were located.
    """
    from napari_strata.atoms.hollows import in_hollows

    for image in images:
        atoms = table[(table["image"] == image.name) & (table["frame"] == 0)]
        for layer, rows in atoms.groupby("layer"):
            count = int(in_hollows(image.data[0], rows[["y_px", "x_px"]].to_numpy(float)).sum())
            if count > MANY * len(rows):
                yield Warned(
                    f"{image.name}: {count:,} of {len(rows):,} atoms of layer {layer} are darker than all around"
                    " them: the image does not show them.",
                    "They are columns too faint to be seen, such as oxygen, or invented. If your crystal has none"
                    " there, raise 'Min probability' to 0.9, or train on a few strokes of your own.",
                )
