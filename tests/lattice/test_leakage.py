import numpy as np
import pytest

from lattices import atoms, cell, image
from napari_strata.lattice.fourier import fourier_frame

CONSTANT = 2.46


def seen(side: int, twist: float, seed: int):
    """Return what the transform of a bilayer of `side` pixels of 0.1 Å tells."""
    extent, turns = side * 0.1, (4 + 9 * seed, 4 + 9 * seed + twist)
    vectors = [cell(CONSTANT, angle=turn) for turn in turns]
    layers = [atoms(one, extent + 8, origin=(0.3 * seed, 0.7))[0] - 4 for one in vectors]
    return fourier_frame(image(layers, extent, 0.1, width=0.5, noise=0.05, seed=seed), 0.1, vectors, "hexagonal")


@pytest.mark.parametrize(("side", "twist"), [(150, 21.8), (192, 13.0), (256, 13.0)])
def test_uncertainties_hold_where_spots_of_layers_disturb_each_other(side, twist):
    lattices = [one for seed in range(4) for one in seen(side, twist, seed).lattices if one is not None]
    lengths = [length for one in lattices for length in (one.parameters.a, one.parameters.b)]
    assert len(lengths) >= 6
    off = np.array([(length.value - CONSTANT) / length.sigma for length in lengths])
    assert np.abs(off).max() < 3
    assert np.sqrt((off**2).mean()) == pytest.approx(0.8, abs=0.4)


def test_an_image_too_small_to_tell_the_layers_apart_gives_no_figures():
    frames = [seen(106, 21.8, seed) for seed in range(4)]
    assert all(one.lattices == (None, None) for one in frames)
    assert any(
        "The image of 10.6 x 10.6 Å is too small to tell the spots of the layers apart." in f.gaps for f in frames
    )
