import numpy as np
import pytest

from napari_strata.explain.proposals import map_lines
from napari_strata.explain.proposals.map_lines import lines_at, sides_of

LONE = np.zeros((8, 8), np.float32)
LONE[1, 1] = 2
LONE[1, 5] = LONE[5, 1] = LONE[5, 5] = 1


@pytest.mark.parametrize(("most", "pieces", "left_out"), [(20, [16, 4], 0), (19, [0, 4], 1), (3, [0, 0], 2)])
def test_of_lines_with_too_many_pieces_the_highest_are_drawn(monkeypatch, most, pieces, left_out):
    monkeypatch.setattr(map_lines, "MOST_PIECES", most)
    lines = lines_at(sides_of(LONE, "for"), 0.5, 2)
    # around each pixel a line has four pieces: at 0.5 there are four such pixels, at 1.25 there is one
    assert np.bincount(lines.number, minlength=2).tolist() == pieces
    assert lines.left_out == left_out


def test_noise_of_a_large_image_has_no_more_pieces_than_can_be_drawn():
    noise = np.abs(np.random.default_rng(0).standard_normal((1024, 1024))).astype(np.float32)
    lines = lines_at(sides_of(noise, "for"), 0.15 * float(noise.max()), 3)
    assert 0 < len(lines.ends) <= map_lines.MOST_PIECES
    assert lines.left_out
