import numpy as np
import torch

from bright_network import bright_network
from napari_strata.config import ModelConfig
from napari_strata.explain.view import find_view

CONFIG = ModelConfig(architecture="gombnet", layers=2, filters=(2, 4), pixel_size=None)
ATOMS = np.array([[10.0, 10.0], [10.0, 22.0], [22.0, 16.0]])
NOTHING = np.empty((0, 2))


def shifting_network():
    """Build a network whose decoders show what is bright one pixel above where it is."""
    network = bright_network(CONFIG, 1)
    weight = network.encoder.blocks[0][0].weight
    with torch.no_grad():
        weight[0, 0, 1, 1], weight[0, 0, 2, 1] = 0, 1
    return network


def image(height=33, width=31):
    values = np.zeros((height, width), np.float32)
    for y, x in ATOMS.astype(int):
        values[y, x] = 3
    return values


def weights(height=33, width=31):
    values = np.zeros((height, width), np.float32)
    values[10, 10] = 1
    return values


def moved(y, x):
    return ATOMS + np.array([y, x])


def view(atoms):
    return find_view(shifting_network(), image(), weights(), atoms)


def test_atoms_found_as_the_image_is_are_explained_as_it_is():
    assert view([moved(-1, 0), NOTHING]).turn == 0


def test_atoms_found_in_another_orientation_are_explained_in_it():
    assert view([moved(1, 0), NOTHING]).turn == 1
    assert view([moved(0, -1), NOTHING]).turn == 2


def test_without_atoms_the_image_is_not_turned():
    seen = view(None)
    assert (seen.turn, seen.decoders) == (0, (0, 1))


def test_the_target_and_the_map_turn_with_the_image():
    for atoms in (moved(-1, 0), moved(1, 0), moved(0, -1), moved(0, 1)):
        seen = view([atoms, NOTHING])
        assert (seen.inputs[0, 0][seen.weights > 0] == 3).all()
        whole = seen.whole(seen.inputs[0, 0].numpy())
        assert whole[10, 10] == 3
        assert ((whole == 0) | (whole == image())).all()


def test_what_the_repeats_of_the_last_row_and_column_have_is_folded_onto_them():
    for atoms in (moved(-1, 0), moved(1, 0), moved(0, -1), moved(0, 1)):
        seen = find_view(shifting_network(), image(), weights(), [atoms, NOTHING], whole=True)
        ones = np.ones(seen.padded, np.float32)
        folded = seen.whole(ones, folded=True)
        assert folded.sum() == 34 * 32
        assert (folded[32, 0], folded[0, 30], folded[32, 30], folded[5, 5]) == (2, 2, 4, 1)
        assert (seen.whole(ones) == 1).all()
