from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.lattice import figures_of, measure
from lattices import atoms, cell, image
from napari_strata.types import ImageStack


def test_without_the_image_or_a_model_it_is_skipped_with_the_reason(tmp_path: Path) -> None:
    [no_image] = measure(tmp_path, image=tmp_path / "none.npz")
    assert (no_image.name, no_image.value) == ("lattice: skipped", "there is no none.npz; name it with --image")
    (tmp_path / "some.npz").touch()
    [no_model] = measure(tmp_path / "model", image=tmp_path / "some.npz")
    assert no_model.value == "there is no model; name it with --model"


def test_a_bilayer_has_all_figures() -> None:
    layers = [atoms(cell(2.46, angle=t), 33.0)[0] - 4 for t in (4.0, 32.9)]
    pixels = image(layers, 25.6, 0.2, noise=0.05)[None]
    rows = [pd.DataFrame({"layer": i, "y_A": p[:, 0], "x_A": p[:, 1]}) for i, p in enumerate(layers)]
    table = pd.concat(rows, ignore_index=True).assign(image="m", frame=0)
    table = table[table[["y_A", "x_A"]].ge(0).all(axis=1) & table[["y_A", "x_A"]].lt(25.6).all(axis=1)]
    table[["y_A", "x_A"]] += np.random.default_rng(0).normal(0, 0.02, (len(table), 2))
    table[["y_px", "x_px"]] = table[["y_A", "x_A"]] / 0.2
    figures = {figure.name: figure.value for figure in figures_of(table, ImageStack(pixels, 0.2, "m"))}
    for source in ("atoms", "Fourier transform"):
        assert figures[f"lattice: a from the {source}, layer 1"] == pytest.approx(2.46, abs=0.01)
        assert figures[f"lattice: twist from the {source}"] == pytest.approx(28.9, abs=0.3)
    assert figures["lattice: median residual of held-out atoms after the smooth field"] < 0.03
    inside = "lattice: atoms half a bond from the border, part of those expected, layer 1"
    assert figures[inside] == pytest.approx(1, abs=0.03)
