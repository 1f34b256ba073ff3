import numpy as np
import pandas as pd
import pytest

from lattices import atoms, cell
from napari_strata.lattice.frame import describe_frame
from napari_strata.lattice.frame_maps import FrameMaps, Intensities, map_frame
from napari_strata.lattice.map_columns import map_columns
from napari_strata.lattice.map_images import draw_maps
from napari_strata.lattice.regions import EVERYWHERE, Region, statistics_in

PIXEL = 0.2
EXTENT = 20.0


def measured() -> FrameMaps:
    tables = []
    for layer, turn in enumerate((4.0, 32.9)):
        y, x = atoms(cell(2.46, angle=turn), EXTENT)[0].T
        at = {"y_px": y / PIXEL, "x_px": x / PIXEL, "y_A": y, "x_A": x}
        tables.append(pd.DataFrame({"image": "a", "frame": 0, "layer": layer, "species": "C", **at}))
    table = pd.concat(tables, ignore_index=True)
    table = table.iloc[np.random.default_rng(0).permutation(len(table))]
    values = np.where(table["x_px"] < 50, 1.0, 3.0)
    return map_frame(describe_frame(table), table, Intensities(values, "counts"))


MAPS = measured()


def test_columns_have_the_units_in_which_maps_are_shown() -> None:
    columns = map_columns(MAPS)
    shown = {"exx": "%", "rotation": "degrees", "displacement_y": "Å", "intensity": "counts", "stacking": ""}
    assert {name: columns.units[name] for name in shown} == shown
    assert columns.table["exx"].to_numpy() == pytest.approx(100 * MAPS.maps["exx"].to_numpy(), nan_ok=True)
    assert "stacking" not in columns.numbers
    intensity = columns.table["intensity"]
    assert set(intensity[MAPS.atoms.loc[intensity.index, "x_px"] < 50]) == {1.0}


def test_statistics_are_those_of_the_atoms_inside() -> None:
    box = Region("left", "rectangle", np.array([[10, 10], [10, 45], [90, 45], [90, 10]]), 0)
    other = Region("elsewhere", "rectangle", box.corners, 1)
    line = Region("line", "path", box.corners)
    rows = statistics_in(MAPS, [box, other, line], 0)
    assert {row["region"] for row in rows} == {EVERYWHERE, "left"}
    [found] = [row for row in rows if (row["region"], row["layer"], row["map"]) == ("left", 1, "intensity")]
    places = MAPS.atoms[MAPS.atoms["layer"] == 1]
    inside = places["y_px"].between(10, 90) & places["x_px"].between(10, 45)
    assert (found["atoms"], found["mean"], found["std"], found["unit"]) == (inside.sum(), 1.0, 0.0, "counts")
    [strain] = [row for row in rows if (row["region"], row["layer"], row["map"]) == (EVERYWHERE, 1, "exx")]
    assert strain["left_out"] == MAPS.maps.loc[places.index, "exx"].isna().sum() > 0
    assert strain["atoms"] + strain["left_out"] == len(places)
    parts = [
        row["mean"]
        for row in rows
        if row["region"] == EVERYWHERE and row["map"].startswith("stacking ") and row["unit"] == "%"
    ]
    assert sum(parts) == pytest.approx(100)
    assert any(row["map"] == "stacking vector length" and row["unit"] == "Å" for row in rows)


def test_an_ellipse_has_no_corners() -> None:
    round_ = Region("round", "ellipse", np.array([[0, 0], [0, 10], [10, 10], [10, 0]]))
    assert round_.holds(np.array([[5, 5], [5, 9.9], [9.5, 9.5]])).tolist() == [True, True, False]


def test_maps_are_drawn_layer_by_layer_on_the_pixels_of_the_image() -> None:
    columns = map_columns(MAPS)
    drawn = draw_maps([(3, MAPS.atoms.loc[MAPS.maps.index], columns)], (100, 100), PIXEL)
    assert drawn.values.shape == (len(columns.numbers), 1, 2, 100, 100)
    assert (drawn.frames, drawn.layers, drawn.pixel_size, drawn.offset) == ((3,), (0, 1), PIXEL, 0.0)
    nearest = drawn.values[drawn.names.index("nearest")]
    assert np.nanmean(nearest) == pytest.approx(2.46 / 3**0.5, abs=1e-4)
    vectors = drawn.values[drawn.names.index("stacking_y"), 0]
    assert np.isnan(vectors[0]).all() and np.isfinite(vectors[1]).any()
    intensity = drawn.values[drawn.names.index("intensity"), 0, 0]
    assert np.nanmedian(intensity[:, :40]) == 1 and np.nanmedian(intensity[:, 60:]) == 3
