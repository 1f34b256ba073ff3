import numpy as np
import pytest
from atom_drag import drag
from napari.utils.notifications import notification_manager

from napari_strata.widgets.layers.outside import KeptInside

PLACES = [[1.0, 2.0, 3.0], [1.0, 10.0, 20.0], [1.0, 20.0, 30.0]]


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def image(viewer):
    return viewer.add_image(np.zeros((3, 30, 40)), name="image", translate=(0, 5, 7))


@pytest.fixture
def points(viewer, image):
    """Add atoms that lie on the image, followed as the docks follow them."""
    points = viewer.add_points(np.array(PLACES), translate=(0, 5, 7))
    inside = KeptInside()
    points.events.data.connect(lambda event: inside.take_back(points, image, event))
    return points


def said() -> list[str]:
    return [record.message for record in notification_manager.records]


def test_an_atom_dragged_beside_the_image_is_put_back_with_a_word(points):
    drag(points, {1}, (1, 10, 20), (1, -1, 20))
    assert points.data.tolist() == PLACES
    assert points.selected_data == {1}
    where = "the drag ended outside of the image image. Press Delete to remove atoms."
    assert said() == [f"The atom is back in place: {where}"]
    drag(points, {0, 1, 2}, (1, 10, 20), (1, 20, 10))  # the first leaves at the left, the last at the bottom
    np.testing.assert_allclose(points.data, [PLACES[0], [1, 20, 10], PLACES[2]])
    assert said()[1:] == [f"2 atoms are back in place: {where}"]


def test_an_atom_dragged_on_the_image_stays_and_a_program_puts_atoms_where_it_wants(points):
    drag(points, {1}, (1, 10, 20), (1, -0.4, 20))  # the pixels are squares around whole numbers
    np.testing.assert_allclose(points.data[1], [1, -0.4, 20])
    points.data = np.array(PLACES) - (0, 9, 0)
    assert points.data[0].tolist() == [1, -7, 3]
    assert not said()
