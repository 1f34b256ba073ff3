from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysed import bilayer, card
from napari_strata.io.atom_tables import write_atoms
from napari_strata.io.images import write_images

Strata = Callable[..., Any]


@pytest.fixture
def words(tmp_path: Path) -> tuple[object, ...]:
    """Return the words of a command on files that belong together."""
    stack, table = bilayer()
    write_images(stack.data[0], tmp_path / "moire.tif", pixel_size=0.2)
    write_atoms(table, tmp_path / "atoms.csv")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card.yaml").write_text(card().to_yaml(), encoding="utf-8")
    return ("report", tmp_path / "moire.tif", "--atoms", tmp_path / "atoms.csv", "--out", tmp_path / "out")


def test_people_read_the_text_and_where_all_is(strata: Strata, words: tuple[object, ...], tmp_path: Path) -> None:
    call = strata(*words, "--model", tmp_path / "model", "--crystal", "graphene", "--columns", "one")
    assert call.code == 0, call.err
    assert "as the header of its file states" in call.out
    assert "“my_net”" in call.out
    assert "expected in graphene is 1.42 Å" in call.out
    assert str(tmp_path / "out" / "figure.pdf") in call.out


def test_options_of_atoms_are_told_with_the_defaults_of_the_others(
    strata: Strata, words: tuple[object, ...]
) -> None:
    figures = strata(*words, "--min-probability", 0.5, "--json").report["figures"]
    assert figures["settings"]["min_probability"] == 0.5
    assert figures["settings"]["min_distance"] == 0.9
    assert "of at least 0.5 and no closer than 0.9 Å" in figures["methods"]


def test_a_file_of_settings_says_how_atoms_were_located_and_what_to_show(
    strata: Strata, words: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("atoms: {min_distance: 1.1}\nreport: {crystal: graphene, quantity: eyy}\n")
    text = strata(*words, "--config", tmp_path / "mine.yaml", "--json").report["figures"]["methods"]
    assert "no closer than 1.1 Å" in text
    assert "expected in graphene is 1.42 Å" in text
    assert "Strain εyy" in text


def test_a_contradiction_fails_with_its_remedy(strata: Strata, words: tuple[object, ...]) -> None:
    call = strata(*words, "--refine", "image", "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "TableError"
    assert "--refine" in call.report["error"]["remedy"]


def test_programs_read_figures_and_paths_and_replace_a_report_only_where_that_is_asked_for(
    strata: Strata, words: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "methods.txt").write_text("mine")
    call = strata(*words)
    assert call.code == 1
    assert "holds methods.txt already. Choose another folder, or allow to overwrite (--overwrite)." in call.err
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["mine"]
    again = strata(*words, "--overwrite", "--map", "rotation", "--json")
    assert Path(again.report["paths"]["figure_svg"]).is_file()
    assert (tmp_path / "out" / "methods.txt").read_text("utf-8") == again.report["figures"]["methods"]
    assert again.report["figures"]["settings"] is None
    assert again.report["figures"]["lattices"]["twists"][0]["modulo_deg"] == 60
