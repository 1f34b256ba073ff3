"""Propose missing, extra and empty atoms of an image whose atoms are located."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from napari_strata.atoms.telling import Tell
from napari_strata.control import JobCanceled, JobControl
from napari_strata.events import Progress
from napari_strata.jobs.abandonable import followable
from napari_strata.jobs.part import part_of, told_as
from napari_strata.numbers import counted
from napari_strata.types import ImageStack, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame


def propose_atoms(
    table: "DataFrame", prediction: Prediction, image: ImageStack, control: JobControl, *, fitted: bool
) -> "Generator[Progress, None, tuple[DataFrame, bool]]":
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
    candidates : DataFrame
        Columns image and `napari_strata.atoms.candidates.COLUMNS`, and the places y_A and x_A [Å].
    is_whole : bool
        Whether atoms that the image does not show were looked for in all its frames; else none are proposed.
    """
    import pandas as pd

    from napari_strata.atoms.candidates import find_candidates

    pixel_size = image.pixel_size
    assert pixel_size is not None, "checked before any work"
    height, width = prediction.probabilities.shape[-2:]
    tables = [find_candidates(table, (height, width))]
    try:
        tables += yield from _empty(table, image, pixel_size, control, fitted=fitted)
        is_whole = True
    except JobCanceled:
        is_whole = False
    found = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
    found.insert(0, "image", prediction.name)
    for name in ("y", "x"):
        found.insert(found.columns.get_loc("score"), f"{name}_A", found[f"{name}_px"].astype(float) * pixel_size)
    return found, is_whole


def _empty(
    table: "DataFrame", image: ImageStack, pixel_size: float, control: JobControl, *, fitted: bool
) -> "Generator[Progress, None, list[DataFrame]]":
    """Look in one frame after another for atoms that the image does not show."""
    from napari_strata.atoms.empty import find_empty

    tables: list[DataFrame] = []
    frames = table.groupby("frame")
    for done, (frame, rows) in enumerate(frames):
        control.checkpoint()
        where = f", frame {int(frame) + 1} of {len(image.data)}" if len(image.data) > 1 else ""

        def look(tell: Tell, rows: "DataFrame" = rows) -> "DataFrame":
            return find_empty(rows, image.data, pixel_size, fitted=fitted, tell=tell)

        told = told_as(followable(control, look), f"Looking for atoms that {image.name} does not show{where}")
        tables.append((yield from part_of(told, done / len(frames), (done + 1) / len(frames))))
    return tables


def in_a_sentence(empty: int) -> str:
    """Say how many atoms there are at whose places an image shows none."""
    likely = "a likely vacancy" if empty == 1 else "likely vacancies"
    return f"At {counted(empty, 'atom')} the image shows none: {likely}, among the candidates."
