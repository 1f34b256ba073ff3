"""No command replaces files of results that are there already, unless it is allowed to."""

import numpy as np
import pandas as pd
import pytest
import tifffile
import typer

from napari_strata.cli import program
from napari_strata.errors import OutputError
from napari_strata.io import folders
from napari_strata.types import ATOM_COLUMNS

KEEP_THEIR_RUNS = {"train", "search"}
"""Commands that go on in a folder of theirs, and refuse any other that is in use."""
WRITING = {
    "predict": ("--out out", "out/spots_masks.tif"),
    "atoms": ("--out atoms.csv", "atoms.csv"),
    "atoms, candidates": ("--candidates --out found.csv", "found_candidates.csv"),
    "convert-atoms": ("atoms.csv new.xyz", "new.xyz"),
    "lattice": ("atoms.csv --out lattices.json", "lattices.json"),
    "lattice, maps": ("atoms.csv --maps-out maps.csv", "maps.csv"),
    "explain": ("--at 31,41 --out heat.tif", "heat.tif"),
    "explain, methods": ("--at 31,41 --method grad-cam,input-gradient --out heat.tif", "heat-grad-cam.tif"),
    "explain, scores": ("--at 31,41 --scores scores.json", "scores.json"),
    "explain, picture": ("--at 31,41 --picture maps.png", "maps.png"),
    "explain, mask": ("--at 31,41 --propose mask.tif", "mask.tif"),
    "explain, frames": ("--at 31,41 --all-frames --out heat.tif", "heat.tif"),
    "judge": ("--at 31,41 --out trust.json", "trust.json"),
    "what-if": ("--at 31,41 --out out", "out/what_if.json"),
    "smallest-change": ("--at 31,41 --out out", "out/change.tif"),
    "smallest-change, gone": ("--at 31,41 --out out", "out/gone/change.tif"),
    "score-atoms": ("atoms.csv --out scores.csv", "scores.csv"),
    "explain-layers": ("--out out --feature-map FEATURES", "out/spots_activations.tif"),
    "match": ("spots.tif --out simulation.yaml", "simulation.yaml"),
    "evaluate": ("--atoms atoms.csv --truth atoms.csv --out scores.csv", "scores.csv"),
    "evaluate, masks": ("--masks labels.tif --truth labels.tif --out scores.csv", "scores.csv"),
    "doctor": ("labels.tif --images . --out report.json", "report.json"),
    "simulate": ("out --size 32", "out/truth.json"),
    "report": ("spots.tif --atoms atoms.csv --out out", "out/report.json"),
}
"""Words of commands, and a file that each would write."""
WITHOUT_MODEL = {"convert-atoms", "lattice", "match", "evaluate", "doctor", "simulate", "report"}


@pytest.fixture
def inputs(asked, tmp_path, monkeypatch):
    """Put all that the commands read into the folder in which they run; return model and image."""
    monkeypatch.chdir(tmp_path)
    rows = [
        ("spots", 0, 0, "C", y, x, y * 0.2, x * 0.2, 1.0) for y in (9.0, 30.0, 50.0) for x in (9.0, 30.0, 50.0)
    ]
    pd.DataFrame(rows, columns=list(ATOM_COLUMNS)).to_csv("atoms.csv", index=False)
    tifffile.imwrite("labels.tif", np.ones((64, 64), np.uint8))
    return asked[:2]


@pytest.mark.parametrize("case", WRITING)
def test_a_file_that_is_there_is_refused_before_any_work_unless_it_may_be_replaced(
    strata, inputs, tmp_path, monkeypatch, case
):
    command, (typed, name) = case.split(",")[0], WRITING[case]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    if name != "atoms.csv":
        (tmp_path / name).write_text("old")
    old = (tmp_path / name).read_bytes()
    words = (command, *(() if command in WITHOUT_MODEL else inputs), *_words(strata, inputs, typed))
    call = strata(*words)
    assert call.code == 1
    assert f"{name.rpartition('/')[2]}" in call.err
    assert "already. Choose another" in call.err
    assert "or allow to overwrite (--overwrite)." in call.err
    assert (tmp_path / name).read_bytes() == old

    told = []

    def look(*_what, overwrite=False):
        told.append(overwrite)
        raise OutputError("Enough was seen.", remedy="")

    monkeypatch.setattr(folders, "check_new", look)
    monkeypatch.setattr(folders, "check_free", look)
    assert "Enough was seen." in strata(*words, "--overwrite").err
    assert told == [True]


def _words(strata, inputs, typed):
    """Split what is typed; take the first of the feature maps that the model has."""
    for word in typed.split():
        if word == "FEATURES":
            yield next(iter(strata("explain-layers", inputs[0], "--json").report["figures"]["feature_maps"]))
        else:
            yield word


def test_what_may_be_replaced_is(strata, inputs, tmp_path):
    (tmp_path / "new.xyz").write_text("old")
    assert strata("convert-atoms", "atoms.csv", "new.xyz", "--overwrite").code == 0
    assert (tmp_path / "new.xyz").read_text().startswith("9\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "spots_masks.tif").write_text("old")
    assert strata("predict", *inputs, "--out", "out", "--overwrite").code == 0
    assert tifffile.imread(tmp_path / "out" / "spots_masks.tif").shape[-2:] == (64, 64)


def test_every_command_that_writes_can_be_allowed_to_replace_files():
    outputs = {"out", "maps_out", "picture", "scores", "propose", "mend"}
    commands = typer.main.get_command(program.app).commands
    for name in set(commands) - KEEP_THEIR_RUNS:
        options = {one.name for one in commands[name].params}
        assert ("overwrite" in options) == bool(options & outputs), name
    assert {case.split(",")[0] for case in WRITING} == {
        name for name in commands if "overwrite" in {one.name for one in commands[name].params}
    }
