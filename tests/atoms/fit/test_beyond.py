import numpy as np

from napari_strata.atoms.fit.beyond import places_beyond
from napari_strata.atoms.fit.fit import fit_peaks


def test_all_places_lie_outside_and_near_atoms():
    places, groups = places_beyond(np.array([[3.0, 30.0]]), np.array([7]), width_px=2, shape=(60, 60))
    assert len(places) and (groups == 7).all()
    assert (places[:, 0] < 0).all()
    assert (np.linalg.norm(places - [3.0, 30.0], axis=1) < 20).all()  # twice the reach of a peak


def test_an_atom_far_from_the_border_needs_none():
    assert not len(places_beyond(np.array([[30.0, 30.0]]), np.array([0]), width_px=2, shape=(60, 60))[0])


def test_a_crystal_that_goes_on_beyond_the_border_does_not_move_its_atoms():
    row = np.arange(-2, 10) * 6.0 + 1.3
    atoms = np.stack(np.meshgrid(row, row, indexing="ij"), axis=-1).reshape(-1, 2)
    along = np.exp(-((np.arange(44)[:, None] - row) ** 2) / (2 * 2.0**2)).sum(axis=1)
    counts = np.random.default_rng(1).poisson(400 * np.outer(along, along)).astype(float)
    inside = atoms[((atoms > -0.5) & (atoms < 43.5)).all(axis=1)]
    found = fit_peaks(counts, inside, width_px=2, gain=1, prior_px=0.5, hold_width=True)
    error = np.linalg.norm(found.positions - inside, axis=1)
    assert not found.failed.any()
    assert np.sqrt((error**2).mean()) < 0.25


def test_peaks_beyond_the_border_that_overlap_no_atom_do_not_raise_the_background():
    """Rows 5.5 widths from the last atoms, 0.5 widths outside: their light is seen, and near no atom."""
    row = np.arange(-1.0, 72, 12)
    along = np.exp(-((np.arange(71)[:, None] - row) ** 2) / (2 * 2.0**2)).sum(axis=1)
    inside = np.stack(np.meshgrid(row[1:-1], row[1:-1], indexing="ij"), axis=-1).reshape(-1, 2)
    found = fit_peaks(8 + 120 * np.outer(along, along), inside, width_px=2, gain=1, prior_px=0.3)
    assert (np.abs(found.background - 8) < 0.2).all()
    assert (np.abs(found.positions - inside) < 0.1 * found.sigma).all()
