from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_strata.errors import CalibrationError, TableError
from napari_strata.io.atom_tables import read_atoms, write_atoms
from napari_strata.types import ATOM_COLUMNS


def bilayer() -> pd.DataFrame:
    rows = [
        ("moire", 0, 0, "C", 0.0, 0.0, 0.0, 0.0, 0.9),
        ("moire", 0, 0, "C", 10.0, 20.0, 1.0, 2.0, 0.9),
        ("moire", 0, 1, "top column", 5.0, 5.0, 0.5, 0.5, 0.8),
    ]
    return pd.DataFrame(rows, columns=list(ATOM_COLUMNS))


def test_every_layer_is_a_structure_in_a_box_seen_as_the_image_is(tmp_path: Path) -> None:
    from ase.io import read

    write_atoms(bilayer(), tmp_path / "a.cif")
    bottom, top = read(tmp_path / "a.cif", index=":")
    np.testing.assert_allclose(bottom.cell.lengths(), [12, 11, 10])
    np.testing.assert_allclose(bottom.positions, [[5, 6, 5], [7, 5, 5]])
    assert top.get_chemical_symbols() == ["X"]


def test_species_that_are_no_elements_come_back_all_the_same(tmp_path: Path) -> None:
    write_atoms(bilayer(), tmp_path / "a.cif")
    pd.testing.assert_frame_equal(read_atoms(tmp_path / "a.cif"), bilayer())


def test_a_structure_from_elsewhere_becomes_a_layer_with_a_pixel_size(tmp_path: Path) -> None:
    from ase import Atoms
    from ase.io import write

    write(tmp_path / "cell.cif", Atoms("BN", positions=[[0, 0, 0], [1, 2, 3]], cell=[4, 5, 6], pbc=True))
    with pytest.raises(CalibrationError):
        read_atoms(tmp_path / "cell.cif")
    table = read_atoms(tmp_path / "cell.cif", pixel_size=0.5)
    assert table["species"].tolist() == ["B", "N"]
    np.testing.assert_allclose(table[["y_px", "x_px"]], [[0, 0], [-4, 2]])


@pytest.mark.parametrize("text", ["", "data_nothing\n", "not a cif\n", "data_x\nloop_\n_atom_site_fract_x\n0.5\n"])
def test_what_holds_no_structure_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.cif").write_text(text)
    with pytest.raises(TableError, match=r"a\.cif"):
        read_atoms(tmp_path / "a.cif", pixel_size=1)
