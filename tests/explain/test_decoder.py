import numpy as np
import torch

from napari_strata.explain.decoder import find_decoders
from two_faced import two_faced_network

BRIGHT = np.array([[8.0, 8.0], [8.0, 24.0], [24.0, 8.0]])
DARK = np.array([[16.0, 16.0], [24.0, 24.0]])


def image():
    values = torch.zeros(1, 1, 32, 32)
    for sign, positions in ((2, BRIGHT), (-2, DARK)):
        for y, x in positions.astype(int):
            values[0, 0, y - 1 : y + 2, x - 1 : x + 2] = sign
    return values


def find(*atoms, layer, target=(16.0, 16.0)):
    return find_decoders(two_faced_network(), image(), atoms, target=target)[0][layer]


def test_layers_in_the_order_of_the_decoders_keep_it():
    assert [find(BRIGHT, DARK, layer=layer) for layer in (0, 1)] == [0, 1]


def test_swapped_layers_are_traced_to_their_decoders():
    assert [find(DARK, BRIGHT, layer=layer) for layer in (0, 1)] == [1, 0]


def test_the_atoms_of_one_layer_are_enough():
    nothing = np.empty((0, 2))
    assert find(nothing, BRIGHT, layer=1) == 0
    assert find(DARK, nothing, layer=0) == 1


def test_without_atoms_the_layers_own_decoder_is_asked():
    nothing = np.empty((0, 2))
    assert [find(nothing, nothing, layer=layer) for layer in (0, 1)] == [0, 1]


def test_atoms_outside_the_window_do_not_count():
    outside = np.array([[-3.0, 4.0], [40.0, 40.0]])
    assert find(outside, outside, layer=1) == 1


def test_the_atoms_nearest_to_the_target_decide():
    # here layer 0 is bright near the target; farther off, where 13 of its atoms are, it is dark
    far = np.stack([np.full(13, 24.0), 24 + np.linspace(-0.5, 0.5, 13)], axis=1)
    near = np.repeat(BRIGHT[:1], 12, axis=0)
    assert find(np.concatenate([far, near]), DARK[:1], layer=0, target=(8.0, 8.0)) == 0
    assert find(np.concatenate([far, near]), BRIGHT[:1], layer=0, target=(24.0, 24.0)) == 1
