"""What the Explain dock asks, and what follows on its maps; without a canvas, so clicks in the image are told."""

import numpy as np
import pytest
import torch
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model
from napari.layers import Image, Labels, Points
from qtpy.QtCore import Qt, QThreadPool

from bright_network import positive_network, save_network
from napari_strata.config import ClassTable, ModelConfig
from napari_strata.io.bundle import save_bundle
from napari_strata.models.registry import load_network
from napari_strata.widgets.explain.dock import ExplainDock
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import label_memory
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.results import find_results, show_results, tag
from napari_strata.widgets.maps.asked import EXPLANATION
from napari_strata.widgets.parts import dock_links

PLACE = {"scale": (PIXEL_SIZE,) * 2, "units": ("angstrom",) * 2}


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def open_dock(viewer, models_home):
    """Open a dock on the image with known atoms and a model that sees them."""

    def open_dock(**model) -> ExplainDock:
        add_bright(viewer)
        save_model(models_home, **{"layers": 1} | model)
        dock = ExplainDock(viewer)
        viewer.window.add_dock_widget(dock, name="Explain")
        return dock

    return open_dock


def press(qtbot, button) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def tell_click(dock, viewer, pixel) -> None:
    dock.picker.clicked.emit(tuple(viewer.layers["bright"].data_to_world(pixel)))


def explain(qtbot, viewer, dock, pixel=None) -> str:
    """Press the button, click in the image where that is needed, and return what the dock says at the end."""
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        press(qtbot, dock.panel.start_button)
        if pixel is not None:
            assert dock.picker.is_armed
            tell_click(dock, viewer, pixel)
    return dock.panel.words.text()


def heatmaps(viewer) -> list[Image]:
    return find_results(viewer, "heatmap", viewer.layers["bright"])


def add_mask(viewer, name="mask") -> Labels:
    """Add mask codes: two squares of class 1 on background."""
    codes = np.ones((56, 56), np.uint8)
    codes[18:25, 18:25] = codes[40:45, 10:15] = 2
    return viewer.add_labels(codes, name=name, **PLACE)


def test_every_kind_of_target_is_named_in_the_map_and_marked_in_the_image(qtbot, viewer, open_dock):
    dock = open_dock()
    shapes = viewer.add_shapes([np.array([[10, 10], [10, 30], [30, 30], [30, 10]]) * 1.0], **PLACE)
    add_mask(viewer)
    viewer.layers.selection.active = shapes
    kinds = {
        "Pixel": (20, 20),
        "Atom": (20, 20),
        "Drawn region": None,
        "Label": (20, 20),
        "Class on the slice": None,
    }
    seen = {}
    for text, pixel in kinds.items():
        dock.question.target.setCurrentText(text)
        said = explain(qtbot, viewer, dock, pixel)
        (heatmap,), (mark,) = heatmaps(viewer), find_results(viewer, "target", viewer.layers["bright"])
        target = heatmap.metadata[EXPLANATION]["target"]
        seen[text] = target["kind"], target.get("pixels"), type(mark), said.split(". ")[0].split(" at ")[0]
    assert seen == {
        "Pixel": ("pixel", None, Points, "Why C: Gradient saliency of the pixel"),
        "Atom": ("atom", None, Points, "Why C: Gradient saliency of the atom"),
        "Drawn region": ("region", 441, Labels, "Why C: Gradient saliency of the region"),
        "Label": ("instance", 49, Labels, "Why C: Gradient saliency of the label"),
        "Class on the slice": ("slice", 56 * 56, Labels, "Why C: Gradient saliency on this slice"),
    }


def offered(box) -> list[str]:
    return [box.itemText(index) for index in range(box.count())]


def test_only_what_a_model_has_is_offered(open_dock, models_home):
    save_model(models_home, layers=2, run="two")
    dock = open_dock(run="one")
    question = dock.question
    dock.source.model.open(models_home / "models" / "one" / "model")
    assert not question.decoder.isVisible()
    assert not question.species.isVisible()
    assert offered(question.against) == ["background", "what I corrected"]
    dock.source.model.open(models_home / "models" / "two" / "model")
    assert question.decoder.isVisible()
    assert offered(question.against) == ["background", "the other layer", "what I corrected"]


def test_a_class_can_be_asked_about_and_be_compared_with_another_one(qtbot, viewer, open_dock):
    dock = open_dock(names=("C", "N", "O"))
    dock.question.target.setCurrentText("Pixel")
    assert offered(dock.question.species) == ["most probable", "C", "N", "O"]
    dock.question.species.setCurrentText("N")
    assert offered(dock.question.against) == ["background", "C", "O", "what I corrected"]
    dock.question.against.setCurrentText("C")
    said = explain(qtbot, viewer, dock, (21, 21))
    assert said.startswith("Why N rather than C: Gradient saliency of the pixel at y 21.0, x 21.0 px. Score ")
    assert "P(N) " in said
    details = heatmaps(viewer)[0].metadata[EXPLANATION]
    assert (details["class"], details["against"]) == ("N", {"kind": "class", "class": "C"})


def test_one_layer_can_be_compared_with_the_other(qtbot, viewer, open_dock):
    dock = open_dock(layers=2)
    dock.question.target.setCurrentText("Pixel")
    dock.question.decoder.setCurrentText("layer 1")
    dock.question.against.setCurrentText("the other layer")
    explain(qtbot, viewer, dock, (21, 21))
    assert heatmaps(viewer)[0].name.startswith("21, 21: Gradient saliency - why C, layer 1 not 0 - ")
    assert heatmaps(viewer)[0].metadata[EXPLANATION]["against"] == {"kind": "layer", "layer": 0}


def test_an_error_is_explained_between_prediction_and_corrected_labels(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Class on the slice")
    dock.question.against.setCurrentText("what I corrected")
    press(qtbot, dock.panel.start_button)
    assert dock.panel.words.text().startswith("There are no corrected labels.")
    viewer.add_labels(np.ones((56, 56), np.uint8), name="right", **PLACE)  # says that there is no atom at all
    assert dock.question.corrected.layer.name == "right"
    explain(qtbot, viewer, dock)
    details = heatmaps(viewer)[0].metadata[EXPLANATION]
    assert (details["against"]["kind"], details["score"] > 0) == ("correction", True)


def test_corrected_labels_of_another_crystal_layer_are_refused(qtbot, viewer, open_dock):
    dock = open_dock()
    _first, second = new_labels(viewer, viewer.layers["bright"], layers=2, table=ClassTable.from_names(("C",)))
    second.data_setitem((np.array([3]), np.array([3])), np.array([1], np.uint8))
    dock.question.target.setCurrentText("Class on the slice")
    dock.question.decoder.setCurrentText("layer 0")
    dock.question.against.setCurrentText("what I corrected")
    dock.question.corrected.choose(second)
    press(qtbot, dock.panel.start_button)
    assert "is of crystal layer 1, and layer 0 is asked" in dock.panel.words.text()


def add_masks(viewer, layer) -> Labels:
    """Add what a prediction shows of a crystal layer: two squares of class 1 on background."""
    image, codes = viewer.layers["bright"], add_mask(viewer, "codes")
    data = codes.data
    viewer.layers.remove(codes)
    metadata = tag("masks", image, "model", {}, layer=layer)
    metadata |= label_memory(image, ClassTable.from_names(("C",)), layer=layer, group="one prediction")
    (shown,) = show_results(viewer, [Labels(data, name=f"Layer {layer} masks", metadata=metadata, **PLACE)])
    return shown


def test_the_layer_of_the_labels_is_asked_and_they_are_seen_while_one_is_clicked(qtbot, viewer, open_dock):
    dock = open_dock(layers=2)
    first, second = add_masks(viewer, 0), add_masks(viewer, 1)
    dock.question.decoder.setCurrentText("layer 0")
    dock.question.target.setCurrentText("Label")
    assert (dock.question.labels.layer, dock.question.layer) == (second, 1)
    first.visible = second.visible = False
    press(qtbot, dock.panel.start_button)
    assert (first.visible, second.visible) == (False, True)
    dock.question.labels.choose(first)
    assert dock.question.layer == 0
    assert dock.picker.is_armed
    assert dock.panel.words.text().startswith("The next click only chooses the target")
    assert (first.visible, second.visible) == (True, False)
    dock.picker.disarm()
    assert not first.visible
    dock.question.labels.choose(second)
    explain(qtbot, viewer, dock, (20, 20))
    assert heatmaps(viewer)[0].metadata[EXPLANATION]["layer"] == 1
    assert not second.visible
    dock.question.decoder.setCurrentText("layer 0")  # whoever wants that may have it
    explain(qtbot, viewer, dock, (20, 20))
    assert heatmaps(viewer)[0].metadata[EXPLANATION]["layer"] == 0


def test_the_model_that_predicted_the_image_last_is_proposed_until_another_one_is_chosen(
    viewer, open_dock, models_home
):
    dock = open_dock()
    models = {run: save_model(models_home, layers=2, run=run).resolve() for run in ("one", "two")}
    dock.source.model.refresh()
    dock.source.model.refresh(choose=models["two"])

    def model_after_predicting_with(run) -> str:
        metadata = tag("masks", viewer.layers["bright"], str(models[run]), {})
        (masks,) = show_results(viewer, [Labels(np.ones((56, 56), np.uint8), metadata=metadata, **PLACE)])
        tell_made(viewer, masks)
        dock.came_to_front(True)
        return dock.source.model.entry.path.parent.name

    assert model_after_predicting_with("one") == "one"
    assert model_after_predicting_with("two") == "two"
    assert model_after_predicting_with("one") == "one"
    box = dock.source.model.box
    box.setCurrentIndex(next(i for i in range(box.count()) if box.itemData(i).path == models["two"]))
    dock.came_to_front(True)
    assert dock.source.model.entry.path == models["two"]  # that of the same prediction is proposed once
    assert model_after_predicting_with("two") == "two"
    box.activated.emit(box.currentIndex())  # chosen by hand
    assert model_after_predicting_with("one") == "two"


def test_a_prediction_of_a_changed_part_of_the_image_is_not_offered_to_be_clicked(viewer, open_dock):
    dock = open_dock()
    mask = add_mask(viewer)
    for role in ("what-if prediction", "smallest-change prediction", "target"):
        data = np.ones((9, 9), np.uint8)
        metadata = tag(role, viewer.layers["bright"], "model", {})
        show_results(viewer, [Labels(data, name=role, metadata=metadata, **PLACE)])
    assert offered(dock.question.labels) == [mask.name]


def test_a_click_beside_all_labels_says_so_and_stays_armed(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Label")
    press(qtbot, dock.panel.start_button)
    assert dock.panel.words.text().startswith("There are no labels.")
    assert not dock.picker.is_armed
    add_mask(viewer)
    press(qtbot, dock.panel.start_button)
    tell_click(dock, viewer, (5, 50))
    assert dock.panel.words.text().startswith("'mask' has background there, which is no label of its own.")
    assert dock.picker.is_armed


def test_a_model_that_gives_values_is_no_model_to_ask(open_dock, models_home):
    config = ModelConfig(architecture="unet", layers=1, filters=(2, 4), output="values", pixel_size=PIXEL_SIZE)
    folder = models_home / "models" / "values" / "model"
    save_network(folder, positive_network(config), config, name="bright")
    dock = open_dock()
    dock.source.model.open(folder)
    assert not dock.panel.start_button.isEnabled()
    assert dock.panel.words.text().startswith("The model bright gives values, and heatmaps explain classes.")


def test_methods_that_the_network_cannot_do_say_what_they_need(open_dock):
    dock = open_dock(activation="gelu")
    box = dock.method.box
    entries = {box.itemText(index): box.model().item(index).isEnabled() for index in range(box.count())}
    assert entries["SmoothGrad"]
    assert not entries["Guided Backprop (needs ReLUs)"]
    assert not entries["Attention gate (needs attention gates)"]
    assert not entries["From feature maps"]


def test_only_the_settings_that_a_method_reads_are_shown(open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Pixel")
    dock.method.settings.advanced.expand(animate=False)
    dock.method.choose("occlusion")
    form = dock.method.settings
    names = ("tolerance", "steps", "window", "stride", "subsets", "batch", "device")
    assert [name for name in names if form.editor(name).isVisible()] == ["window", "stride", "batch", "device"]
    assert dock.method.words.text().startswith("How much the answer weakens when a square is covered")


def test_passes_and_time_are_told_before_the_start_and_feature_maps_are_offered(qtbot, open_dock):
    dock = open_dock()
    assert dock.cost.words.text().startswith("A handful of passes through the network, after a prediction")
    dock.question.target.setCurrentText("Pixel")
    assert dock.cost.words.text() == "A handful of passes through the network."
    dock.question.against.setCurrentText("what I corrected")
    assert dock.cost.words.text() == "A handful of passes through the network, after a prediction of the image."
    dock.question.against.setCurrentIndex(0)
    dock.method.choose("integrated-gradients")
    qtbot.waitUntil(lambda: dock.cost.words.text().startswith("About 102 passes"), timeout=30_000)
    said = dock.cost.words.text()
    assert said.endswith(" here.")
    dock.question.target.setCurrentText("Atom")  # which costs the same, once it is found
    assert dock.cost.words.text().startswith(said.removesuffix("."))
    dock.method.choose("grad-cam")
    assert dock.method.feature_map.isVisible()
    qtbot.waitUntil(lambda: dock.method.feature_map.count() > 1, timeout=30_000)
    assert offered(dock.method.feature_map) == [
        "the usual one",
        "encoder, level 1",
        "encoder, level 2",
        "decoder 0, level 1",
    ]
    dock.method.feature_map.setCurrentIndex(1)
    assert dock.method.values().feature_map == "encoder, level 1"


def test_after_a_job_nothing_is_said_of_a_cost_that_is_not_known_yet(qtbot, viewer, open_dock, monkeypatch):
    dock, asked = open_dock(), []
    monkeypatch.setattr(dock.cost.job, "ask", lambda *_args, **_named: asked.append(dock.cost.words.text()))
    dock.question.target.setCurrentText("Pixel")
    dock.method.choose("integrated-gradients")
    qtbot.waitUntil(lambda: len(asked) == 1)
    explain(qtbot, viewer, dock, (14, 15))
    qtbot.waitUntil(lambda: len(asked) == 2)
    dock.method.choose("smooth-grad")
    qtbot.waitUntil(lambda: len(asked) == 3)
    assert asked == ["Estimating the time…", "", "Estimating the time…"]


def test_the_cost_of_a_region_is_that_of_what_is_drawn(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Drawn region")
    dock.method.choose("occlusion")

    def passes(told) -> int:
        qtbot.waitUntil(lambda: dock.cost.words.text().startswith("About") and told(), timeout=30_000)
        return int(dock.cost.words.text().split()[1])

    of_pixel = passes(lambda: dock.cost.words.text().endswith("more for a large region."))
    square = np.array([[0, 0], [0, 20], [20, 20], [20, 0]]) + 10.0
    shapes = viewer.add_shapes([square], **PLACE)
    small = passes(lambda: dock.cost.words.text().endswith(" here."))
    shapes.data = [2 * square - 10]
    large = passes(lambda: f" {small} " not in dock.cost.words.text())
    assert of_pixel < small < large


def test_all_other_maps_are_hidden_by_a_new_one_those_that_are_kept_too(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Pixel")
    seen = []
    for method, keep in (("input-gradient", False), ("grad-cam", False), ("gradient-x-input", True)):
        dock.method.choose(method)
        dock.keep.setChecked(keep)
        explain(qtbot, viewer, dock, (20, 20))
        seen.append([layer.visible for layer in heatmaps(viewer)])
    assert seen == [[True], [False, True], [False, False, True]]
    explain(qtbot, viewer, dock, (30, 20))
    assert [layer.visible for layer in heatmaps(viewer)] == [False, False, False, True]


def test_a_map_of_another_target_layer_or_question_is_seen_alone(qtbot, viewer, open_dock):
    dock = open_dock(layers=2, names=("C", "N"))
    dock.question.target.setCurrentText("Pixel")
    dock.keep.setChecked(True)
    explain(qtbot, viewer, dock, (20, 20))
    dock.keep.setChecked(False)
    explain(qtbot, viewer, dock, (30, 30))
    assert [layer.visible for layer in heatmaps(viewer)] == [True]
    for change in (
        lambda: dock.question.decoder.setCurrentText("layer 1"),
        lambda: dock.question.against.setCurrentText("the other layer"),
    ):
        change()
        explain(qtbot, viewer, dock, (30, 30))
        assert sum(layer.visible for layer in heatmaps(viewer)) == 1


def add_covering(viewer) -> list:
    """Add what a prediction lays on the image, the last one hidden by the user."""
    image, added = viewer.layers["bright"], []
    for role in ("masks", "atoms", "probability"):
        layer = Labels(np.ones((56, 56), np.uint8), name=role, metadata=tag(role, image, "model", {}), **PLACE)
        show_results(viewer, [layer])
        added.append(layer)
    added[-1].visible = False
    return added


@pytest.mark.parametrize("end", ["untick", "close"])
def test_masks_and_atoms_are_hidden_while_that_is_ticked_and_come_back(qtbot, viewer, open_dock, end):
    dock, gone = open_dock(), []
    masks, atoms, probability = add_covering(viewer)
    assert dock.uncover.isChecked()
    assert masks.visible
    dock.question.target.setCurrentText("Pixel")
    explain(qtbot, viewer, dock, (21, 21))
    assert not any(layer.visible for layer in (masks, atoms, probability))
    # predicted anew, where a mask stays what it is, and where it is taken out
    (masks,) = show_results(viewer, [Labels(masks.data * 0, name="masks", metadata=masks.metadata, **PLACE)])
    (again,) = show_results(viewer, [Labels(masks.data[:9], name="masks", metadata=masks.metadata, **PLACE)])
    assert again is not masks and not again.visible
    if end == "untick":
        dock.uncover.click()
    else:
        dock.destroyed.connect(lambda: gone.append(True))
        dock.setParent(None)
        qtbot.waitUntil(lambda: bool(gone))
    assert [layer.visible for layer in (again, atoms, probability)] == [True, True, False]


def test_a_channel_that_the_feature_map_lacks_is_refused_with_those_it_has(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Pixel")
    dock.method.choose("layer-activation")
    assert dock.method.settings.editor("channel").isVisible()
    dock.method.settings.set_value("channel", 99)
    assert explain(qtbot, viewer, dock, (20, 20)).startswith(
        "The feature map has no channel 99. Choose one from 0 to"
    )
    assert not heatmaps(viewer)


def test_a_coarse_map_is_shown_while_it_sharpens_and_cancel_keeps_it_as_unfinished(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Pixel")
    dock.method.choose("occlusion")
    for name, value in {"stride": 0.2, "batch": 1}.items():
        dock.method.settings.set_value(name, value)
    press(qtbot, dock.panel.start_button)
    tell_click(dock, viewer, (21, 21))
    qtbot.waitUntil(lambda: bool(heatmaps(viewer)), timeout=30_000)
    (heatmap,) = heatmaps(viewer)
    assert dock.panel.runner.is_busy
    assert not dock.maps.again_button.isEnabled()
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=30_000):
        press(qtbot, dock.panel.cancel_button)
    assert heatmaps(viewer) == [heatmap]
    assert 0 < heatmap.metadata[EXPLANATION]["done"] < 1
    assert ", unfinished - " in heatmap.name
    assert "Not finished: " in dock.panel.words.text()
    low, high = heatmap.contrast_limits
    assert low == -high


def test_a_dock_that_is_closed_while_a_map_sharpens_leaves_it_as_unfinished(qtbot, viewer, open_dock):
    dock, gone = open_dock(), []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.question.target.setCurrentText("Pixel")
    dock.method.choose("occlusion")
    for name, value in {"stride": 0.2, "batch": 1}.items():
        dock.method.settings.set_value(name, value)
    press(qtbot, dock.panel.start_button)
    tell_click(dock, viewer, (21, 21))
    qtbot.waitUntil(lambda: bool(heatmaps(viewer)), timeout=30_000)
    (heatmap,) = heatmaps(viewer)
    dock.setParent(None)
    qtbot.waitUntil(lambda: bool(gone), timeout=30_000)
    assert heatmaps(viewer) == [heatmap]
    assert 0 < heatmap.metadata[EXPLANATION]["done"] < 1
    assert ", unfinished - " in heatmap.name
    assert QThreadPool.globalInstance().waitForDone(20_000)


def test_a_finished_map_took_the_place_of_its_sketches(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Pixel")
    dock.method.choose("smooth-grad")
    dock.method.settings.set_value("batch", 1)
    explain(qtbot, viewer, dock, (21, 21))
    (heatmap,) = heatmaps(viewer)
    assert heatmap.name == "21, 21: SmoothGrad - why C - bright - bright"
    assert heatmap.metadata[EXPLANATION]["done"] == 1
    explain(qtbot, viewer, dock, (30, 30))  # a name of ours does not count as one of the user's
    assert len(heatmaps(viewer)) == 1


def cancel_occlusion(qtbot, viewer, dock, pixel) -> None:
    """Explain a pixel by more squares than are waited for, and cancel once a map is seen."""
    before = [(layer, layer.name) for layer in heatmaps(viewer)]
    dock.method.settings.set_value("stride", 0.2)
    press(qtbot, dock.panel.start_button)
    tell_click(dock, viewer, pixel)
    qtbot.waitUntil(lambda: [(layer, layer.name) for layer in heatmaps(viewer)] != before, timeout=30_000)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=30_000):
        press(qtbot, dock.panel.cancel_button)
    dock.method.settings.set_value("stride", 4.0)


def test_an_unfinished_map_replaces_no_finished_one_and_a_finished_one_replaces_both(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Pixel")
    dock.method.choose("occlusion")
    for name, value in {"stride": 4.0, "batch": 1}.items():
        dock.method.settings.set_value(name, value)
    explain(qtbot, viewer, dock, (21, 21))
    (finished,) = heatmaps(viewer)
    finished.opacity = 0.25
    data = finished.data.copy()
    for place in ((30, 30), (40, 40)):
        cancel_occlusion(qtbot, viewer, dock, place)
        assert [layer.name.split(" - ")[0] for layer in heatmaps(viewer)] == [
            "21, 21: Occlusion",
            f"{place[0]}, {place[1]}: Occlusion, unfinished",
        ]
        assert heatmaps(viewer)[0] is finished
        assert np.array_equal(finished.data, data)
        assert [layer.visible for layer in heatmaps(viewer)] == [False, True]
        assert heatmaps(viewer)[1].opacity == 0.25
        (mark,) = find_results(viewer, "target", viewer.layers["bright"])
        assert viewer.layers.index(mark) > viewer.layers.index(heatmaps(viewer)[1]), "no map lies on the ring"
    assert dock.maps.map.layer is heatmaps(viewer)[1]
    explain(qtbot, viewer, dock, (35, 35))
    (last,) = heatmaps(viewer)
    assert last.name.startswith("35, 35: Occlusion - ")
    assert (last.visible, last.opacity) == (True, 0.25)
    assert dock.maps.map.layer is last


def learn(path) -> None:
    """Give the model other weights."""
    bundle = load_network(path, torch.device("cpu"))
    other = {name: value * 1.5 for name, value in bundle.network.state_dict().items()}
    save_bundle(path, other, bundle.card)


def ask_again(qtbot, dock) -> str:
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        press(qtbot, dock.maps.again_button)
    return dock.panel.words.text()


def test_a_map_can_be_asked_again_and_tells_what_the_model_has_learned(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.method.choose("smooth-grad")
    explain(qtbot, viewer, dock, ATOMS[5])
    (first,) = heatmaps(viewer)
    assert dock.maps.map.layer is first
    dock.method.choose("grad-cam")  # what the form says by then does not count
    said = ask_again(qtbot, dock)
    assert "The same model, the same map. Score " in said
    assert heatmaps(viewer) == [first]
    learn(dock.source.model.entry.path)
    said = ask_again(qtbot, dock)
    assert "The model has learned since: score " in said
    assert "The maps correlate by " in said
    old, new = heatmaps(viewer)
    assert old is first
    assert (old.visible, new.visible) == (False, True)
    assert new.metadata[EXPLANATION]["method"] == "smooth-grad"
    assert new.metadata[EXPLANATION]["weights_sha256"] != old.metadata[EXPLANATION]["weights_sha256"]
    assert new.metadata[EXPLANATION]["position"] == pytest.approx(old.metadata[EXPLANATION]["position"], abs=0.1)


def test_a_map_whose_image_is_gone_cannot_be_asked_again(qtbot, viewer, open_dock):
    dock = open_dock()
    explain(qtbot, viewer, dock, ATOMS[5])
    viewer.layers.remove("bright")
    press(qtbot, dock.maps.again_button)
    assert dock.panel.words.text().endswith("is no longer open. Open it, and explain the target anew.")


def test_the_docks_that_go_on_from_a_map_are_opened_beside(qtbot, open_dock, monkeypatch):
    dock, opened = open_dock(), []
    monkeypatch.setattr(dock_links, "open_beside", lambda _viewer, name, _owner: opened.append(name))
    for button in dock.maps.links.buttons.values():
        press(qtbot, button)
    assert opened == ["Compare maps", "What if", "Map to labels", "Explain many", "Inside the network"]
