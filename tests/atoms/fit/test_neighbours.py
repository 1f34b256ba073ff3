from itertools import pairwise

import numpy as np

from napari_strata.atoms.fit.neighbours import Pairs

LINE = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0], [0.0, 9.0]])


def test_every_atom_couples_with_itself_and_with_those_near():
    pairs = Pairs.within(LINE, 1.5)
    assert list(zip(pairs.first, pairs.second, strict=True)) == [(0, 0), (1, 1), (2, 2), (3, 3), (0, 1), (1, 2)]


def test_the_matrix_has_each_block_and_its_mirror_image():
    pairs = Pairs.within(LINE, 1.5)
    blocks = np.arange(6 * 9.0).reshape(6, 3, 3)
    matrix = pairs.matrix(blocks).toarray()
    np.testing.assert_array_equal(matrix[6:9, 6:9], blocks[2])
    np.testing.assert_array_equal(matrix[0:3, 3:6], blocks[4])
    np.testing.assert_array_equal(matrix[3:6, 0:3], blocks[4].T)
    assert not matrix[0:3, 6:].any()


def test_neighbours_are_listed_with_the_atom_first():
    starts, others = Pairs.within(LINE, 1.5).neighbours()
    lists = [others[a:b].tolist() for a, b in pairwise(starts)]
    assert lists == [[0, 1], [1, 0, 2], [2, 1], [3]]


def test_pairs_are_found_in_either_order():
    index, exists = Pairs.within(LINE, 1.5).find(np.array([1, 2, 0]), np.array([0, 1, 3]))
    assert exists.tolist() == [True, True, False]
    assert index[:2].tolist() == [4, 5]


def test_one_atom_couples_with_itself_alone():
    pairs = Pairs.within(LINE[:1], 1.5)
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0], [0])
