from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_strata.io.atoms.formats import CSV, CSV_WITH_UNITS
from napari_strata.widgets.predict.atom_files import ask_for_atom_file


@pytest.fixture
def ask(qtbot, monkeypatch):
    parent = QWidget()
    qtbot.addWidget(parent)

    def answered(typed, chosen=""):
        asked = []

        def dialog(_parent, _title, proposal, filters):
            asked[:] = [proposal, filters]
            return typed, next((one for one in filters.split(";;") if one.startswith(chosen)), "")

        monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
        return ask_for_atom_file(parent, "moire_atoms"), asked

    return answered


def test_every_format_is_offered_csv_first(ask):
    _, (proposal, filters) = ask("")
    assert proposal == "moire_atoms.csv"
    assert filters.split(";;")[:3] == ["CSV table (*.csv)", "CSV table with units (*.csv)", "Parquet (*.parquet)"]
    assert "CIF, a block per layer (*.cif)" in filters


def test_nothing_chosen_is_nothing(ask):
    assert ask("")[0] is None


@pytest.mark.parametrize(
    ("typed", "chosen", "path"),
    [
        ("/a/atoms", "", "/a/atoms.csv"),
        ("/a/atoms", "GeoJSON", "/a/atoms.geojson"),
        ("/a/image 0.5 nm", "CIF", "/a/image 0.5 nm.cif"),
        ("/a/atoms.cif", "CSV table", "/a/atoms.cif"),
        ("/a/atoms.XYZ", "Extended XYZ", "/a/atoms.XYZ"),
        ("/a/moire_atoms.csv", "Parquet", "/a/moire_atoms.parquet"),
    ],
)
def test_a_typed_ending_wins_over_the_list_and_the_proposed_one_does_not(ask, typed, chosen, path):
    (found, format_), _ = ask(typed, chosen)
    assert found == Path(path)
    assert found.suffix.lower() == format_.ending


def test_a_table_with_units_is_told_from_a_plain_one(ask):
    assert ask("/a/atoms.csv", "CSV table (")[0][1] is CSV
    assert ask("/a/atoms.csv", "CSV table with units")[0][1] is CSV_WITH_UNITS


@pytest.mark.parametrize("answer", [QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No])
def test_a_file_that_the_added_ending_would_replace_is_asked_about(ask, tmp_path, monkeypatch, answer):
    (tmp_path / "a.cif").touch()
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answer)
    found, _ = ask(str(tmp_path / "a"), "CIF")
    assert (found is not None) == (answer is QMessageBox.StandardButton.Yes)
