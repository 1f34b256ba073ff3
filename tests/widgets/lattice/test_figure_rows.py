from dataclasses import replace

import numpy as np
import pandas as pd
from lattice_scene import honeycombs

from napari_strata.control import JobControl
from napari_strata.jobs.map_lattice import LatticeMaps, map_lattice
from napari_strata.lattice.fourier import FourierFrame
from napari_strata.lattice.moire import SeenMoire
from napari_strata.lattice.spectrum import Spots
from napari_strata.widgets.lattice.figure_rows import figure_rows


def lattice_maps(table: pd.DataFrame) -> LatticeMaps:
    *_, ended = map_lattice(JobControl(), table, fourier=False)
    return ended.result.value


def test_a_moire_that_is_seen_is_told_where_no_lattice_is():
    maps = lattice_maps(honeycombs())
    (predicted,) = maps.lattices.moires
    none = Spots(np.empty((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0))
    found = FourierFrame(none, (None, None), None, (), (SeenMoire(predicted, 3, "image", 9.0),), ())
    titles = [row.title for row in figure_rows(replace(maps, fourier=found))]
    assert titles[-2:] == ["From the Fourier transform", "Moiré, seen [Å]"]
    assert "From the Fourier transform" not in [
        row.title for row in figure_rows(replace(maps, fourier=replace(found, moires=(None,))))
    ]


def test_layers_that_share_no_distortion_have_no_stretch_of_the_scan():
    table = honeycombs()
    moved = table[["y_A", "x_A"]] + np.random.default_rng(0).normal(0, 0.02, (len(table), 2))
    table[["y_A", "x_A"]] = moved
    rows = {row.title: row.values for row in figure_rows(lattice_maps(table))}
    assert "does not fit" not in rows["Stretch of the scan"][0]
    table.loc[table["layer"] == 1, "y_A"] *= 0.98
    rows = {row.title: row.values for row in figure_rows(lattice_maps(table))}
    assert rows["Stretch of the scan"] == ("one for all layers does not fit",)
