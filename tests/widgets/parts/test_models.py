import os
import types
from pathlib import Path

import napari.settings
import platformdirs
import pytest
from npe2 import PluginManifest

from bright_network import save_bright
from napari_strata.errors import BundleError, OutputError
from napari_strata.io import bundled
from napari_strata.io.bundle import CARD
from napari_strata.training.run import mark as run_mark
from napari_strata.widgets.parts import models
from napari_strata.widgets.parts.models import ModelLibrary, models_folder, open_model


def save(library: ModelLibrary, name: str, *, created: str = "2026-11-21T00:00:00Z"):
    """Save a bundle as a training would; return its run folder."""
    run = library.new_run(name)
    save_bright(run / "model", architecture="unet", layers=1)
    card = run / "model" / CARD
    text = card.read_text().replace("name: bright", f"name: {name}").replace("2026-11-21T00:00:00Z", created)
    card.write_text(text)
    return run


@pytest.fixture
def library() -> ModelLibrary:
    return ModelLibrary()


def test_models_are_listed_newest_first_whatever_their_time_zone(library):
    save(library, "noon", created="2026-11-21T12:00:00+00:00")
    save(library, "evening", created="2026-11-21T14:00:00-05:00")
    save(library, "morning", created="2026-11-21T15:00:00+09:00")
    assert [entry.name for entry in library.list()] == ["evening", "noon", "morning"]


def test_an_entry_says_what_the_model_is_and_where(library):
    run = save(library, "a")
    (entry,) = library.list()
    assert (entry.path, entry.trained_on) == (run / "model", "nothing: weights set by hand")
    assert entry == open_model(run)


def test_a_bundle_copied_straight_into_the_folder_is_listed(library):
    folder = save_bright(library.folder / "copied", architecture="unet", layers=1)
    assert [entry.path for entry in library.list()] == [folder]


def test_models_that_come_with_the_plugin_follow_those_of_the_user(library):
    save(library, "mine")
    save_bright(bundled.FOLDER / "gombnet-bright", architecture="unet", layers=1)
    mine, ours = library.list()
    assert (mine.name, ours.path) == ("mine", bundled.FOLDER / "gombnet-bright")
    assert ours.label == "gombnet-bright (built in)"


def test_a_damaged_card_is_left_out_with_a_note(library):
    save(library, "good")
    (save(library, "bad") / "model" / CARD).write_text("name: [")
    assert [entry.name for entry in library.list()] == ["good"]
    assert len(library.damaged) == 1
    assert "bad" in library.damaged[0]


def test_a_folder_that_is_not_there_holds_no_models(library):
    assert library.list() == ()


def test_new_runs_never_share_a_folder_and_need_no_clean_name(library):
    runs = [library.new_run("WS2 / 2 layers") for _ in range(3)]
    assert [run.name for run in runs] == ["WS2-2-layers", "WS2-2-layers-2", "WS2-2-layers-3"]
    assert library.new_run("../..").parent == library.folder


def test_a_run_that_cannot_be_made_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot be written .* Choose another folder for models"):
        ModelLibrary(tmp_path / "file").new_run("a")


def test_a_training_offers_its_best_weights_so_far_in_every_library_of_the_folder(library):
    other = ModelLibrary()
    run = save(library, "a")
    before = other.stamps()
    library.mark_training(run, True)
    assert [entry.label for entry in other.list()] == ["a (training, best so far)"]
    assert other.stamps() != before
    library.mark_training(run, False)
    assert [entry.label for entry in other.list()] == [f"a, {other.list()[0].created}"]


def test_models_of_one_name_are_called_as_their_runs(library):
    for _ in range(2):
        save(library, "U-Net coins", created="2026-11-21T12:00:00Z")
    names = {entry.label.partition(",")[0] for entry in library.list()}
    assert names == {"U-Net-coins", "U-Net-coins-2"}


def test_a_training_that_died_with_its_process_is_a_model_like_others(library, monkeypatch):
    run = save(library, "a")
    library.mark_training(run, True)
    monkeypatch.setattr(run_mark, "_PROCESS", "another process")
    assert not library.list()[0].is_training


def test_better_weights_are_seen_and_unchanged_cards_are_not_read_again(library, monkeypatch):
    run = save(library, "a")
    library.list()
    reads = []
    read = models.read_card
    monkeypatch.setattr(models, "read_card", lambda folder: reads.append(folder) or read(folder))
    library.list()
    assert reads == []
    card = run / "model" / CARD
    card.write_text(card.read_text().replace("nothing: weights", "much: weights"))
    os.utime(card, ns=(0, 1))
    assert library.list()[0].trained_on.startswith("much")


def test_the_folder_is_that_of_the_variable_else_of_the_preferences_else_of_the_user(monkeypatch, tmp_path):
    preferences = types.SimpleNamespace(models=types.SimpleNamespace(folder=str(tmp_path / "chosen")))
    monkeypatch.setattr(napari.settings, "get_plugin_settings", lambda plugin: preferences)
    assert models_folder() == tmp_path / "home" / "models"
    monkeypatch.delenv(models.HOME_VARIABLE)
    assert models_folder() == tmp_path / "chosen"
    preferences.models.folder = ""
    assert models_folder() == platformdirs.user_data_path("napari-strata", appauthor=False) / "models"


def test_the_preference_has_the_name_that_the_manifest_gives_it(plugin_settings, npe2pm, monkeypatch):
    npe2pm.register(PluginManifest.from_distribution("napari-strata"))
    monkeypatch.delenv(models.HOME_VARIABLE)
    napari.settings.get_plugin_settings("napari-strata").models.folder = "~/here"
    assert models_folder() == Path.home() / "here"


def test_what_is_no_model_is_not_opened(tmp_path):
    with pytest.raises(BundleError, match="is no model"):
        open_model(tmp_path)
