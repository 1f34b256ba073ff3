"""Draw what is known at atoms as a smooth map on the pixels of their image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job


@job
def grid_map(
    control: JobControl,
    layers: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    shape: tuple[int, int],
) -> JobBody:
    """Draw one map, or the mean of those of several layers.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    layers : sequence of (ndarray, ndarray)
        Positions (n, 2) in px and values (n,) of each layer.
    shape : (int, int)
        Height and width of the image [px].

    Yields
    ------
    JobEvent
        `Progress` before every layer.

    Returns
    -------
    JobResult
        ``value`` is a `napari_strata.lattice.gridded.GriddedMap`: the mean of the layers where all are known.

    Raises
    ------
    LatticeError
        If a layer has fewer than four atoms with a value, or all are on one line.
    """
    from napari_strata.lattice.gridded import GriddedMap
    from napari_strata.lattice.gridded import grid_map as grid

    control.run()
    yield StateChanged(control.state)
    drawn: list[GriddedMap] = []
    for positions, values in layers:
        control.checkpoint()
        yield Progress(len(drawn) / len(layers), "Drawing the map")
        drawn.append(grid(positions, values, shape))
    mean = np.stack([one.values for one in drawn]).mean(axis=0, dtype=np.float32)
    return JobResult(value=GriddedMap(np.asarray(mean), drawn[0].step))
