import numpy as np
import pytest

from napari_strata.annotation.tools.watershed import Surface, flood_from_markers
from napari_strata.errors import ImageError, LabelsError


def strip(**painted: int) -> np.ndarray:
    codes = np.zeros((5, 12), np.uint8)
    for column, code in painted.items():
        codes[:, int(column[1:])] = code
    return codes


def test_regions_meet_halfway_between_strokes():
    codes = flood_from_markers(strip(x0=1, x11=2), np.zeros((5, 12)), Surface.HALFWAY)
    assert (codes == np.repeat([1, 2], 6)).all()


def test_regions_meet_at_the_edge_in_the_image():
    image = np.zeros((5, 12))
    image[:, 3:] = 100
    codes = flood_from_markers(strip(x0=1, x11=2), image, Surface.EDGES)
    assert (codes[:, :3] == 1).all()
    assert (codes[:, 3:] == 2).all()


@pytest.mark.parametrize(("surface", "value"), [(Surface.BRIGHT_LINES, 9), (Surface.DARK_LINES, -9)])
def test_regions_meet_on_the_line(surface, value):
    image = np.zeros((5, 12))
    image[:, 8] = value
    codes = flood_from_markers(strip(x0=1, x11=2), image, surface)
    assert (codes[:, :8] == 1).all()
    assert (codes[:, 9:] == 2).all()


def test_markers_stay_and_nothing_is_left_unlabelled():
    codes = strip(x2=1, x5=2, x9=3)
    flooded = flood_from_markers(codes, np.random.default_rng(0).random((5, 12)), Surface.EDGES)
    assert (flooded[codes > 0] == codes[codes > 0]).all()
    assert (flooded > 0).all()
    assert flooded.dtype == np.uint8


def test_markers_in_one_slice_flood_the_stack():
    codes = np.zeros((3, 5, 12), np.uint8)
    codes[1] = strip(x0=1, x11=2)
    flooded = flood_from_markers(codes, np.zeros((3, 5, 12)), Surface.HALFWAY)
    assert (flooded == np.repeat([1, 2], 6)).all()


@pytest.mark.parametrize("codes", [strip(), strip(x0=2)])
def test_one_kind_of_marker_is_too_few(codes):
    with pytest.raises(LabelsError, match="at least two of background and the classes"):
        flood_from_markers(codes, np.zeros((5, 12)), Surface.EDGES)


def test_an_image_with_holes_is_refused_only_where_it_is_looked_at():
    image = np.full((5, 12), np.nan)
    with pytest.raises(ImageError, match="Some pixels have no intensity"):
        flood_from_markers(strip(x0=1, x11=2), image, Surface.EDGES)
    assert flood_from_markers(strip(x0=1, x11=2), image, Surface.HALFWAY).all()
