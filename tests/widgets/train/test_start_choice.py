import shutil

import numpy as np
import pytest
from qtpy.QtCore import Qt

from bright_network import save_bright
from napari_strata.config import ClassTable, ModelConfig, TrainConfig
from napari_strata.config.model import Architecture
from napari_strata.config.optimization import StartConfig
from napari_strata.errors import BundleError, ConfigError
from napari_strata.events import FinishReason
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.network_choice import GOMBNET, NETWORKS, UNET, NetworkChoice, name_of
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import LABELLED, SIMULATED, TrainSettings
from napari_strata.widgets.train.shown_settings import show_config
from napari_strata.widgets.train.start_choice import NEW, StartChoice

BILAYER = {"architecture": "gombnet", "layers": 2, "filters": (4, 6, 8), "pixel_size": 0.1, "norm": "group"}
BUBBLES = {"architecture": "unet", "layers": 1, "filters": (4, 6), "pixel_size": None}


@pytest.fixture
def library(models_home) -> ModelLibrary:
    return ModelLibrary()


@pytest.fixture
def choice(qtbot, library):
    choice = StartChoice(library)
    qtbot.addWidget(choice)
    choice.show()
    return choice


@pytest.fixture
def settings(qtbot, bare_viewer, library):
    settings = TrainSettings(bare_viewer, library)
    qtbot.addWidget(settings)
    return settings


def by_hand(box, index: int) -> None:
    box.setCurrentIndex(index)
    box.activated.emit(index)


def offered(choice) -> list[str]:
    return [choice.box.itemText(i).partition(",")[0] for i in range(choice.box.count())]


def test_a_training_begins_with_a_new_network_unless_told_otherwise(choice, library):
    save_unet(library)
    choice.refresh()
    assert offered(choice) == [NEW, "bubbles"]
    assert choice.values() == StartConfig()
    assert not choice.freeze.isVisible()


def save_unet(library, name="bubbles", **model):
    return save_bright(library.folder / name / "model", **(BUBBLES | {"norm": "batch"} | model))


def test_a_chosen_model_is_named_by_its_folder_and_its_encoder_can_be_kept(choice, library):
    path = save_unet(library)
    choice.refresh()
    by_hand(choice.box, 1)
    assert choice.freeze.isVisible()
    assert choice.values() == StartConfig(model=str(path))
    choice.freeze.click()
    assert choice.values() == StartConfig(model=str(path), freeze_encoder=True)
    by_hand(choice.box, 0)
    assert choice.values() == StartConfig()


def test_the_list_follows_the_folder_and_a_model_that_goes_leaves_a_new_network(choice, library):
    path = save_unet(library)
    choice.refresh()
    by_hand(choice.box, 1)
    save_unet(library, "more")
    choice.refresh()
    assert (len(offered(choice)), choice.entry.path) == (3, path)
    shutil.rmtree(path.parent)
    choice.refresh()
    assert choice.entry is None


def test_a_model_from_another_folder_can_be_opened(choice, tmp_path):
    path = save_bright(tmp_path / "elsewhere", **BUBBLES)
    choice.open(path / "card.yaml")
    assert choice.values().model == str(path)


def test_settings_of_a_run_are_shown_or_a_new_network_where_its_model_is_gone(choice, tmp_path):
    start = StartConfig(model=str(save_bright(tmp_path / "old", **BUBBLES)), freeze_encoder=True)
    choice.set_values(start)
    assert choice.values() == start
    with pytest.raises(BundleError):
        choice.set_values(StartConfig(model=str(tmp_path / "nothing")))
    assert choice.values() == StartConfig()


def save_bilayer(library):
    """Save a model that nothing but its card is read of."""
    return save_bright(library.folder / "bilayer" / "model", **BILAYER)


def test_the_network_follows_the_model(settings, library):
    save_bilayer(library)
    settings.start.refresh()
    by_hand(settings.start.box, 1)
    model = settings.take().config.model
    assert (model.architecture, model.layers, model.filters) == ("gombnet", 2, (4, 6, 8))
    assert (model.pixel_size, model.norm) == (0.1, "group")
    assert settings.take().config.training.start.model.endswith("model")


@pytest.mark.parametrize(("output", "shown"), [("multi-label", "multi-label"), ("values", "classes")])
def test_the_output_of_a_model_is_shown_as_far_as_there_is_one_for_labels(settings, output, shown):
    settings.show_model(ModelConfig(**BUBBLES, output=output))
    assert settings.model.values(**BUBBLES).output == shown


def test_a_training_on_values_is_not_shown_as_one_on_labels(settings):
    data = {"source": "images", "images": ["a.tif"], "targets": ["b.tif"]}
    config = TrainConfig.parse({"model": {**BUBBLES, "output": "values"}, "data": data})
    with pytest.raises(ConfigError, match="learns values"):
        show_config(settings, config)


def test_labels_decide_how_many_masks_there_are_whatever_the_model_gives(bare_viewer, settings, library):
    save_bilayer(library)
    image = bare_viewer.add_image(np.random.default_rng(0).random((24, 20)), name="a", units="angstrom")
    (labels,) = new_labels(bare_viewer, image, layers=1, table=ClassTable.from_names(("C",)))
    labels.data[0], labels.data[1] = 1, 2
    assert (settings.source.currentText(), settings.network.currentText()) == (LABELLED, UNET)
    settings.start.refresh()
    by_hand(settings.start.box, 1)
    assert settings.network.currentText() == UNET
    assert settings.model.value("filters") == ["4", "6", "8"]


def test_a_gomb_net_for_labels_of_several_layers_stays_one(settings, library):
    save_unet(library)
    settings.source.setCurrentText(LABELLED)
    settings.network.setCurrentText(GOMBNET)
    settings.start.refresh()
    by_hand(settings.start.box, 1)
    assert settings.network.currentText() == GOMBNET
    settings.source.setCurrentText(SIMULATED)
    by_hand(settings.start.box, 1)
    assert settings.network.currentText() == UNET


@pytest.mark.parametrize(("words", "architecture"), NETWORKS.items())
def test_every_architecture_can_be_chosen_in_words(settings, words, architecture: Architecture):
    settings.network.setCurrentText(words)
    config = settings.take().config
    assert (config.model.architecture, config.model.layers) == (architecture, 2 if words == GOMBNET else 1)
    assert config.name == f"{name_of(architecture)} graphene"


def test_a_network_that_cannot_be_built_is_refused_in_words(settings):
    settings.network.choose("resnet-unet")
    settings.model.set_value("filters", (4, 8))
    with pytest.raises(ConfigError, match="A resnet-unet has 4 levels; give 4 filters"):
        settings.take()


def test_every_architecture_says_what_it_is_for(qtbot):
    choice = NetworkChoice()
    qtbot.addWidget(choice)
    for index, architecture in enumerate(NETWORKS.values()):
        assert choice.itemData(index, 3).startswith(name_of(architecture))


def test_the_dock_says_what_a_training_took_over(qtbot, bare_viewer, library):
    save_unet(library, filters=(4, 8), pixel_size=0.2, names=("C",))
    dock = TrainDock(bare_viewer, library)
    bare_viewer.window.add_dock_widget(dock)
    small = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 2, "patch_size": 32, "validation_crops": 2}
    for name, value in (small | {"device": "cpu", "precision": "fp32"}).items():
        dock.settings.training.set_value(name, value)
    dock.settings.start.refresh()
    by_hand(dock.settings.start.box, 1)
    said = []
    dock.runner.reported.connect(lambda _event: said.append(dock.words.text()))
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000) as ending:
        qtbot.mouseClick(dock.train_button, Qt.MouseButton.LeftButton)
    assert ending.args[0].reason is FinishReason.COMPLETED
    assert any("Started from bright: 34 of 34 tensors taken over." in text for text in said)
