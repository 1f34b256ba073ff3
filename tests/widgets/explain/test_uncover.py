import numpy as np
from napari.layers import Image

from napari_strata.widgets.explain.uncover import UncoverBox
from napari_strata.widgets.layers.results import rename_result, show_results, tag
from napari_strata.widgets.maps.asked import EXPLANATION, MapChoice
from napari_strata.widgets.parts.layer_choice import LayerChoice


def test_a_drawn_region_is_seen_through_until_the_box_is_unticked(viewer, qtbot):
    viewer.add_image(np.zeros((9, 9)), name="image")
    square = np.array([[1, 1], [1, 5], [5, 5], [5, 1]])
    shapes = viewer.add_shapes([square], face_color="white")
    choice = LayerChoice(viewer, Image)
    box = UncoverBox(viewer, choice)
    qtbot.addWidget(choice)
    qtbot.addWidget(box)
    box.uncover(shapes)
    assert shapes.face_color.tolist() == [[1, 1, 1, 0]]
    assert shapes.edge_color[0, 3] == 1
    shapes.add(square + 2, face_color="red")  # drawn meanwhile
    box.setChecked(False)
    assert shapes.face_color.tolist() == [[1, 1, 1, 1], [1, 0, 0, 1]]


def test_a_map_that_was_finished_is_still_offered_by_its_place(viewer, qtbot):
    image = viewer.add_image(np.zeros((9, 9)), name="image")
    metadata = tag("heatmap", image, "model", {}) | {EXPLANATION: {}}
    new = Image(np.zeros((9, 9)), name="LIME at 4, 5, unfinished - why C", metadata=metadata)
    (layer,) = show_results(viewer, [new])
    choice = MapChoice(viewer)
    qtbot.addWidget(choice)
    rename_result(layer, "LIME at 4, 5 - why C")
    assert choice.currentText() == "4, 5: LIME - why C"
    layer.name = "look at this"
    assert choice.currentText() == "look at this"
