"""Lattices made from numbers known to the last digit, distorted and damaged on purpose, and images of them."""

import numpy as np

HONEYCOMB = ((1 / 3, 2 / 3), (2 / 3, 1 / 3))
ONE = ((0.0, 0.0),)
HEXAGON_BOND = 1 / np.sqrt(3)


def rotation(degrees):
    """Return the matrix that turns column vectors (y, x) from x towards y."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, s], [-s, c]])


def cell(a, b=None, gamma=120.0, *, angle=0.0, affine=None):
    """Return vectors a, b as rows (y, x), a turned by `angle` from x towards y, then under an affine matrix."""
    b, g = b or a, np.deg2rad(gamma)
    vectors = np.array([[0.0, a], [b * np.sin(g), b * np.cos(g)]]) @ rotation(angle).T
    return vectors if affine is None else vectors @ affine.T


def atoms(vectors, extent, *, sites=HONEYCOMB, origin=(0.3, 0.7), jitter=0.0, seed=0):
    """Return all atoms (y, x) in a square from 0 to `extent`, and the site of each."""
    reach = int(1.6 * extent / np.linalg.norm(vectors, axis=1).min()) + 4
    ij = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    places = ((ij + np.asarray(sites)) @ vectors + extent / 2 + origin).reshape(-1, 2)
    site = np.tile(np.arange(len(sites)), len(ij))
    places = places + np.random.default_rng(seed).normal(0, jitter, places.shape)
    inside = ((places > 0) & (places < extent)).all(axis=1)
    return places[inside], site[inside]


def image(layers, extent, pixel_size, *, width=0.4, noise=0.0, seed=0):
    """Return an image (y, x) of atoms as Gaussian peaks of height 1 and standard deviation `width` [Å]."""
    side = round(extent / pixel_size)
    grid = np.arange(side) * pixel_size
    total = np.random.default_rng(seed).normal(0, noise, (side, side))
    for positions in layers:
        y, x = (np.exp(-((grid[:, None] - p) ** 2) / (2 * width**2)) for p in positions.T)
        total += y @ x.T
    return total
