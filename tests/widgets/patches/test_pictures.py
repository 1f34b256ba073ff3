import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_strata.config import ClassTable
from napari_strata.widgets.layers.colours import HUES
from napari_strata.widgets.patches.grid import PatchGrid
from napari_strata.widgets.patches.pictures import draw_pictures

TABLE = ClassTable.from_names(("cell",))
GREY = np.zeros((9, 9), np.float32)


def rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def test_all_pictures_have_one_contrast():
    dark, bright = draw_pictures([GREY, GREY + 1], None, TABLE)
    assert (dark == 0).all()
    assert (bright == 255).all()


def test_labels_are_outlined_and_what_they_hold_is_seen():
    labels = np.ones((1, 9, 9), np.uint8)
    labels[0, 2:6, 2:6] = 2
    (picture,) = draw_pictures([GREY], [labels], TABLE)
    assert picture[2, 3].tolist() == rgb(TABLE.classes[0].color)
    assert picture[3, 3].tolist() == picture[0, 0].tolist()
    assert (picture != picture[0, 0]).any(axis=2).sum() == 12


def test_the_border_of_what_is_labelled_is_white():
    labels = np.zeros((1, 9, 9), np.uint8)
    labels[0, :4] = 1
    (picture,) = draw_pictures([GREY], [labels], TABLE)
    assert (picture[3] == 255).all()
    assert (picture[[2, 4]] == 0).all()


def test_every_crystal_layer_has_its_colour():
    labels = np.ones((2, 9, 9), np.uint8)
    labels[0, 1, 1] = labels[1, 7, 7] = 2
    (picture,) = draw_pictures([GREY], [labels], TABLE)
    assert picture[1, 1].tolist() == rgb(HUES[0])
    assert picture[7, 7].tolist() == rgb(HUES[1])


@pytest.mark.parametrize(
    ("width", "height", "columns"), [(300, 400, 3), (400, 300, 4), (1300, 100, 12), (100, 1300, 1)]
)
def test_pictures_are_as_large_as_the_place_allows(qtbot, width, height, columns):
    grid = PatchGrid()
    qtbot.addWidget(grid)
    grid.resize(width, height)
    grid.show_pictures([np.zeros((8, 8, 3), np.uint8)] * 12)
    assert len({grid.cell(n).x() for n in range(12)}) == columns
    assert grid.rect().contains(grid.cell(11))


def test_a_click_tells_which_picture_was_meant(qtbot):
    grid = PatchGrid()
    qtbot.addWidget(grid)
    grid.resize(300, 400)
    grid.show_pictures([np.zeros((8, 8, 3), np.uint8)] * 12)
    with qtbot.waitSignal(grid.clicked) as clicked:
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(7).center())
    assert clicked.args == [7]
    with qtbot.assertNotEmitted(grid.clicked):  # between two pictures
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(0).topRight() + QPoint(2, 0))


def test_pictures_are_painted_where_they_belong(qtbot):
    grid = PatchGrid()
    qtbot.addWidget(grid)
    grid.resize(300, 400)
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    grid.show_pictures([red * 0] * 5 + [red])
    image = grid.grab().toImage()
    colours = [image.pixelColor(grid.cell(n).center()).getRgb()[:3] for n in (4, 5)]
    assert colours == [(0, 0, 0), (255, 0, 0)]
