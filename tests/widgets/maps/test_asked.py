import numpy as np
import pytest
from napari.layers import Image

from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.results import show_results, tag
from napari_strata.widgets.maps.asked import EXPLANATION, MapChoice


@pytest.fixture
def make_map(viewer):
    """Make a map of a method at a place as docks do: the one of the same method is replaced in place."""
    image = viewer.add_image(np.zeros((8, 8)), name="image")

    def make_map(method, place) -> Image:
        new = Image(
            np.zeros((8, 8)),
            name=f"{place}: {method}",
            metadata=tag("heatmap", image, "model", {}, method=method)
            | {EXPLANATION: {"method": method, "target": place}},
        )
        (shown,) = show_results(viewer, [new])
        tell_made(viewer, shown)
        return shown

    return make_map


def test_the_map_made_last_is_chosen_also_where_it_replaces_one_whatever_is_active_or_chosen_by_hand(
    viewer, qtbot, make_map
):
    choice = MapChoice(viewer)
    qtbot.addWidget(choice)
    told = []
    choice.chosen.connect(lambda layer: told.append(layer and layer.name))
    first, second = make_map("Grad-CAM", 60), make_map("Occlusion", 60)
    assert choice.layer is second
    viewer.layers.selection.active = second
    choice.activated.emit(choice.currentIndex())  # chosen by hand
    assert make_map("Grad-CAM", 110) is first
    assert choice.layer is first
    assert choice.currentText() == "110: Grad-CAM"
    assert told[-1] == "110: Grad-CAM"
    assert make_map("Grad-CAM", 30) is first
    assert told[-1] == "30: Grad-CAM"
    viewer.layers.selection.active = None
    viewer.layers.selection.active = second
    assert choice.layer is second  # it follows again


def test_a_list_opened_later_begins_with_the_map_made_last_or_looked_at_since(viewer, qtbot, make_map):
    def opened() -> MapChoice:
        choice = MapChoice(viewer)
        qtbot.addWidget(choice)
        return choice

    first, second = make_map("Grad-CAM", 60), make_map("Occlusion", 60)
    viewer.layers.selection.active = second
    assert make_map("Grad-CAM", 110) is first  # in place: it lies below the other one, which is active
    assert opened().layer is first
    viewer.layers.selection.active = viewer.layers["image"]
    assert opened().layer is first
    viewer.layers.selection.active = second
    explain = opened()
    assert explain.layer is second
    explain.setCurrentIndex(explain.findText(first.name))
    explain.activated.emit(explain.currentIndex())  # chosen by hand
    assert opened().layer is first


def test_a_result_of_another_kind_does_not_take_the_choice_back_to_the_active_map(viewer, qtbot, make_map):
    choice = MapChoice(viewer)
    qtbot.addWidget(choice)
    first, second = make_map("Grad-CAM", 60), make_map("Occlusion", 60)
    viewer.layers.selection.active = second
    make_map("Grad-CAM", 110)
    mark = Image(np.zeros((8, 8)), metadata=tag("target", viewer.layers["image"], "model", {}))
    show_results(viewer, [mark])
    assert viewer.layers.selection.active == second
    assert choice.layer is first
