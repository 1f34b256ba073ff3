import numpy as np
import pandas as pd

from honeycomb import honeycomb, inside
from napari_strata.control import JobControl
from napari_strata.jobs.propose_atoms import in_a_sentence, propose_atoms
from napari_strata.types import ImageStack, Prediction

EXTENT, PIXEL, SIDE = 18.0, 0.2, 90


def proposed(*, stop=False):
    """Locate all atoms of a crystal but one, where another one is dark; return kinds and places [Å]."""
    crystal = inside(honeycomb(EXTENT, angle=7.0), EXTENT, PIXEL)
    dark, left_out = (int(np.argmin(np.hypot(*(crystal - place).T))) for place in ((7, 7), (11, 12)))
    bright = np.delete(crystal, dark, axis=0)
    grid = np.arange(SIDE) * PIXEL
    y, x = (np.exp(-((grid[:, None] - place) ** 2) / (2 * 0.4**2)) for place in bright.T)
    image = np.random.default_rng(0).poisson(100 * y @ x.T + 10).astype(np.float32)
    y_px, x_px = np.delete(crystal, left_out, axis=0).T / PIXEL
    table = pd.DataFrame({"frame": 0, "layer": 0, "species": "C", "y_px": y_px, "x_px": x_px})
    maps = np.zeros((1, 1, 2, SIDE, SIDE), np.float32)
    control = JobControl()
    control.begin()
    control.run()
    if stop:
        control.request_stop()
    job = propose_atoms(
        table, Prediction(maps, ("C",), PIXEL, "one"), ImageStack(image[None], PIXEL, "one"), control, fitted=False
    )
    told = []
    while True:
        try:
            told.append(next(job))
        except StopIteration as end:
            found, is_whole = end.value
            break
    assert is_whole is not stop
    assert [one.fraction for one in told] == sorted({one.fraction for one in told})
    assert bool(told) is not stop
    assert found["image"].tolist() == ["one"] * len(found)
    assert list(found.columns[5:10]) == ["y_px", "x_px", "y_A", "x_A", "score"]
    np.testing.assert_allclose(found[["y_A", "x_A"]], PIXEL * found[["y_px", "x_px"]].astype(float))
    places = {"missing": crystal[left_out], "empty": crystal[dark]}
    for kind, place in found[["y_px", "x_px"]].set_axis(found["kind"]).iterrows():
        assert np.hypot(*(place * PIXEL - places[kind])) < 0.1
    return found["kind"].tolist()


def test_what_the_lattice_misses_and_what_the_image_does_not_show_are_proposed():
    assert proposed() == ["missing", "empty"]


def test_after_a_stop_only_what_the_lattice_tells_is_proposed():
    assert proposed(stop=True) == ["missing"]


def test_the_number_of_empty_places_is_a_sentence():
    assert in_a_sentence(1) == "At 1 atom the image shows none: a likely vacancy, among the candidates."
    assert in_a_sentence(1234).startswith("At 1,234 atoms the image shows none")
