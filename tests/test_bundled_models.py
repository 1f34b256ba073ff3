"""The models that come with the package, as they lie in it."""

import pickle
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import napari_strata
from benchmarks.dice import atom_scores, locate
from benchmarks.dichalcogenides import scores_of, species_right
from benchmarks.published_recipe import make_bilayer
from napari_strata.config import TrainConfig
from napari_strata.io import bundled
from napari_strata.io.bundle import read_card
from napari_strata.models.registry import load_network

BUNDLED = Path(napari_strata.__file__).parent / "bundled"
RECIPES = Path(__file__).parents[1] / "recipes" / "bundled"
MODELS = sorted(card.parent for card in BUNDLED.glob("*/card.yaml"))


def test_every_model_that_comes_with_the_package_has_a_recipe():
    assert MODELS
    assert {model.name for model in MODELS} <= {recipe.stem for recipe in RECIPES.glob("*.yaml")}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_is_small_whole_and_what_its_recipe_says(model):
    card, recipe = read_card(model), TrainConfig.read(RECIPES / f"{model.name}.yaml")
    assert (model / card.weights_file).stat().st_size <= 5e6
    assert card.model == recipe.model
    assert card.seen is not None
    assert card.figures["dice_16_bits"] == pytest.approx(card.figures["dice"], abs=1e-3)
    network = load_network(model, torch.device("cpu")).network
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def test_the_model_of_graphene_tells_of_both_of_its_trainings():
    card = read_card(BUNDLED / "gombnet-graphene")
    first = TrainConfig.read(RECIPES / "first" / "gombnet-graphene.yaml").name
    assert card.trained_on.endswith(f"; started from {first}")
    spent = float(card.figures["seconds"]) + float(card.figures["first_seconds"])
    assert spent / 60 <= card.figures["minutes_of_all_trainings"] <= 1.1 * spent / 60


def test_the_model_of_graphene_separates_the_layers_of_a_bilayer_of_another_recipe():
    bilayers = [make_bilayer(np.random.default_rng([3, index]), twist=20.0, dose=500.0) for index in range(2)]
    table = locate(BUNDLED / "gombnet-graphene", bilayers, known=True).table
    assert isinstance(table, pd.DataFrame)
    f1, rmse = atom_scores(table, bilayers)
    assert f1 > 0.98
    assert rmse < 0.1


def test_the_model_of_dichalcogenides_separates_two_layers_and_tells_metal_from_sulphur(monkeypatch):
    monkeypatch.setattr(bundled, "FOLDER", BUNDLED)
    scores = scores_of("MoS2", images=1)
    assert len(scores) == 2
    assert all(score.counts.f1 > 0.96 for score in scores)
    assert species_right(scores) > 0.97


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_is_loaded_without_network_and_without_pickle(model, monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("a bundled model needs neither")

    for owner, name in ((socket.socket, "connect"), (pickle, "load"), (pickle, "loads"), (torch, "load")):
        monkeypatch.setattr(owner, name, refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    assert load_network(model, torch.device("cpu")).network
    assert not [file for file in model.iterdir() if file.suffix not in (".yaml", ".safetensors")]
