import shutil

import pytest
from bright_scene import save_model
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from bright_network import save_bright
from napari_strata.config.card import Seen
from napari_strata.errors import BundleError
from napari_strata.io import bundled
from napari_strata.widgets.parts.model_choice import ModelChoice
from napari_strata.widgets.parts.models import ModelLibrary


@pytest.fixture
def choice(qtbot, models_home):
    choice = ModelChoice(ModelLibrary())
    qtbot.addWidget(choice)
    return choice


def test_without_models_it_says_how_to_come_by_one(choice):
    assert choice.entry is None
    assert choice.box.currentText() == "no model yet"
    assert choice.words.text() == "Train a model in the Train dock, or open one."


def test_the_model_is_described_in_words(choice, models_home):
    save_model(models_home, names=("W", "S"))
    choice.refresh()
    assert choice.box.currentText() == f"bright, {choice.entry.created}"
    assert choice.words.text().startswith(
        "Gomb-Net for 2 crystal layers, finds W, S at 0.2 Å/px. Trained on nothing: weights set by hand; "
    )


def test_a_visible_list_notices_a_new_model_by_itself(qtbot, choice, models_home):
    told = []
    choice.chosen.connect(told.append)
    choice.show()
    save_model(models_home)
    qtbot.waitUntil(lambda: choice.entry is not None)
    assert told == [choice.entry]


def test_models_of_one_name_are_told_apart_by_their_runs(choice, models_home):
    save_model(models_home, run="bright")
    save_model(models_home, run="bright-2")
    choice.refresh()
    names = {choice.box.itemText(i).partition(",")[0] for i in range(2)}
    assert names == {"bright", "bright-2"}
    assert all(" 2026, " in choice.box.itemText(i) for i in range(2))


def test_a_model_that_comes_is_chosen_and_another_choice_is_kept_until_it_goes(choice, models_home):
    other = save_model(models_home, run="a")
    choice.refresh()
    come = save_model(models_home, run="b")
    choice.refresh()
    assert choice.entry.path == come
    choice.box.setCurrentIndex(next(i for i in range(2) if choice.box.itemData(i).path == other))
    choice.refresh()
    assert choice.entry.path == other
    shutil.rmtree(other)
    choice.refresh()
    assert choice.entry.path == come


def test_a_model_elsewhere_is_opened_by_its_card(choice, tmp_path, monkeypatch):
    folder = save_model(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(folder / "card.yaml"), ""))
    choice.open_button.click()
    assert choice.entry.path == folder
    shutil.rmtree(folder)
    choice.refresh()
    assert choice.entry is None


def test_what_is_no_model_is_refused_and_the_choice_stays(choice, models_home, tmp_path):
    save_model(models_home)
    choice.refresh()
    with pytest.raises(BundleError):
        choice.open(tmp_path / "nothing.txt")
    assert choice.entry.name == "bright"


def test_damaged_models_are_mentioned(choice, models_home):
    (save_model(models_home) / "card.yaml").write_text("name: [")
    choice.refresh()
    assert "Some models cannot be read" in choice.words.text()
    assert "card.yaml" in choice.words.toolTip()


def test_a_built_in_model_tells_the_range_of_images_it_is_for(choice):
    seen = Seen(window=128, spacing=(9, 13), order=(0.6, 1.9), noise=(0.1, 0.9), skewness=(-0.5, 0.75))
    history = "simulated graphene, 2 layers; started from gombnet-bright-first"
    save_bright(bundled.FOLDER / "gombnet-bright", pixel_size=0.2, seen=seen, trained_on=history)
    choice.refresh()
    assert choice.words.text().endswith(
        "Trained on simulated graphene, 2 layers; comes with the plugin."
        " For pixels up to 0.25 Å, and clearest spacings of 1.8 to 2.6 Å."
    )
    assert choice.words.text() in choice.box.itemData(0, Qt.ItemDataRole.ToolTipRole)
