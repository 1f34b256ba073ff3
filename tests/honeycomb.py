"""Honeycomb crystals and ideal probability maps of them, made from positions known to the last digit."""

import numpy as np
from scipy.spatial import KDTree
from scipy.special import expit

BOND = 1.42
RADIUS = 0.53


def honeycomb(extent, *, angle=0.0, bond=BOND, jitter=0.0, seed=0):
    """Return positions (y, x) [Å] of a honeycomb that fills 0 to `extent` [Å] and more; `angle` in degrees."""
    a = bond * np.sqrt(3)
    n = int(1.5 * extent / a) + 4
    i, j = np.mgrid[-n : n + 1, -n : n + 1].reshape(2, -1)
    cells = i[:, None] * np.array([a, 0.0]) + j[:, None] * np.array([a / 2, a * np.sqrt(3) / 2])
    crystal = np.concatenate([cells, cells + np.array([0.0, bond])])
    return _placed(crystal, extent, angle, jitter, seed)


def square(extent, *, angle=0.0, side=2.0, jitter=0.0, seed=0):
    """Return positions (y, x) [Å] of a square lattice; parameters as in `honeycomb`."""
    n = int(extent / side) + 4
    return _placed(np.mgrid[-n : n + 1, -n : n + 1].reshape(2, -1).T * side, extent, angle, jitter, seed)


def _placed(crystal, extent, angle, jitter, seed):
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    positions = crystal @ np.array([[c, -s], [s, c]]) + extent / 2
    positions = positions[((positions > -2) & (positions < extent + 2)).all(axis=1)]
    return positions + np.random.default_rng(seed).normal(0, jitter, positions.shape)


def footprints(positions, extent, pixel_size, *, edge=0.1, noise=0.0, seed=0):
    """Return the probability (y, x) of disks with a soft edge; `noise` is that of the logits."""
    side = round(extent / pixel_size)
    pixels = np.stack(np.meshgrid(*[np.arange(side) * pixel_size] * 2, indexing="ij"), axis=-1)
    distance = np.full((side, side), 2.0)
    if len(positions):
        distance = KDTree(positions).query(pixels, distance_upper_bound=2.0)[0].clip(max=2.0)
    logit = (RADIUS - distance) / edge + noise * np.random.default_rng(seed).normal(size=distance.shape)
    return expit(logit).astype(np.float32)


def maps(layers, extent, pixel_size, **options):
    """Return probabilities (layer, class, y, x) of background and one class for the positions of each layer."""
    foreground = np.stack([footprints(p, extent, pixel_size, seed=i, **options) for i, p in enumerate(layers)])
    return np.stack([1 - foreground, foreground], axis=1)


def inside(positions, extent, pixel_size):
    """Return the positions [Å] whose nearest pixel lies in the image."""
    return positions[((positions >= -pixel_size / 2) & (positions < extent - pixel_size / 2)).all(axis=1)]


def distances(found, truth):
    """Return the distance of every true position from the nearest found one."""
    return KDTree(found).query(truth)[0]
