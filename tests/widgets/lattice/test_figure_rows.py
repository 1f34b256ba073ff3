from dataclasses import replace

import numpy as np
from lattice_scene import honeycombs

from napari_strata.control import JobControl
from napari_strata.jobs.map_lattice import map_lattice
from napari_strata.lattice.fourier import FourierFrame
from napari_strata.lattice.moire import SeenMoire
from napari_strata.lattice.spectrum import Spots
from napari_strata.widgets.lattice.figure_rows import figure_rows


def test_a_moire_that_is_seen_is_told_where_no_lattice_is():
    *_, ended = map_lattice(JobControl(), honeycombs(), fourier=False)
    maps = ended.result.value
    (predicted,) = maps.lattices.moires
    none = Spots(np.empty((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0))
    found = FourierFrame(none, (None, None), None, (), (SeenMoire(predicted, 3, "image", 9.0),), ())
    titles = [row.title for row in figure_rows(replace(maps, fourier=found))]
    assert titles[-2:] == ["From the Fourier transform", "Moiré, seen [Å]"]
    assert "From the Fourier transform" not in [
        row.title for row in figure_rows(replace(maps, fourier=replace(found, moires=(None,))))
    ]
