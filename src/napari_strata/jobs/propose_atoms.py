"""Propose missing, extra and empty atoms of an image whose atoms are located."""

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from napari_strata.control import JobCanceled, JobControl
from napari_strata.events import Progress
from napari_strata.jobs.abandonable import abandonable
from napari_strata.numbers import counted
from napari_strata.types import ImageStack, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame


def propose_atoms(
    table: "DataFrame", prediction: Prediction, image: ImageStack, control: JobControl, *, fitted: bool
) -> "Generator[Progress, None, DataFrame]":
    """Propose candidates of one image; after a stop only those that the lattice tells, which takes no time.

    Parameters
    ----------
    table : DataFrame
        Its atoms.
    prediction : Prediction
        The maps in which they were located.
    image : ImageStack
        The image, with a pixel size.
    control : JobControl
        Who asks for the stop.
    fitted : bool
        Whether positions were fitted to the image.

    Returns
    -------
    DataFrame
        Columns image and `napari_strata.atoms.candidates.COLUMNS`.
    """
    import pandas as pd

    from napari_strata.atoms.candidates import find_candidates
    from napari_strata.atoms.empty import find_empty

    pixel_size = image.pixel_size
    assert pixel_size is not None, "checked before any work"
    height, width = prediction.probabilities.shape[-2:]
    tables = [find_candidates(table, (height, width))]
    doing, frames = f"Looking for atoms that {image.name} does not show", len(prediction.probabilities)
    with suppress(JobCanceled):
        for frame, rows in table.groupby("frame"):
            control.checkpoint()
            where = f", frame {int(frame) + 1} of {frames}" if frames > 1 else ""
            yield Progress(1.0, f"{doing}{where}")
            look = partial(find_empty, rows, image.data, pixel_size, fitted=fitted)
            tables.append(abandonable(control, look))
    found = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
    found.insert(0, "image", prediction.name)
    return found


def in_a_sentence(empty: int) -> str:
    """Say how many atoms there are at whose places an image shows none."""
    likely = "a likely vacancy" if empty == 1 else "likely vacancies"
    return f"At {counted(empty, 'atom')} the image shows none: {likely}, among the candidates."
