import numpy as np
import pandas as pd
import pytest
import torch

from analysed import card
from napari_strata.config import ClassTable, ExplainConfig, ModelConfig
from napari_strata.errors import CalibrationError, TargetError
from napari_strata.explain.explainer import explain
from napari_strata.explain.prepare import prepare, share_sightings
from napari_strata.explain.probe import Prober
from napari_strata.explain.question import AgainstClass, AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.models.registry import LoadedModel, build_network
from napari_strata.types import ImageStack

HEIGHT, WIDTH = 93, 110
PLACES = [(0, 0), (46, 51), (92, 109), (3, 107), (70, 20)]


def make_model(*, layers=2, pixel_size=None, filters=(4, 6, 8), classes=("C", "N"), **settings):
    """Return an untrained network whose batch norms have seen something."""
    torch.manual_seed(3)
    config = ModelConfig(
        architecture="gombnet" if layers > 1 else "unet",
        layers=layers,
        filters=filters,
        pixel_size=pixel_size,
        **settings,
    )
    network = build_network(config, len(classes))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    with torch.no_grad():  # all that decoders see speaks for class 1, so that no Grad-CAM is 0
        for module in network.decoders.modules():
            if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                module.weight.abs_()
        for head in network.heads:
            head.weight[-len(classes)].abs_()
            head.weight[: -len(classes)].abs_().neg_()
    model_card = card(name="untrained", model=config, classes=ClassTable.from_names(classes))
    return LoadedModel(network.eval(), model_card)


def make_image(pixel_size=0.1, shape=(HEIGHT, WIDTH)):
    return ImageStack(np.random.default_rng(1).random((1, *shape)).astype(np.float32), pixel_size, "noise")


def make_atoms(layers=2, shape=(HEIGHT, WIDTH)):
    """Return atoms at random places, as they are found in a frame."""
    rng = np.random.default_rng(2)
    count = 60 * layers
    return pd.DataFrame(
        {
            "frame": 0,
            "layer": np.arange(count) % layers,
            "species": "C",
            "y_px": rng.uniform(0, shape[0] - 1, count),
            "x_px": rng.uniform(0, shape[1] - 1, count),
        }
    )


def explained(model, image, question, config, atoms, **shared):
    prepared = prepare(model, image, question, config, atoms=atoms, **shared)
    *_, heatmap = explain(prepared)
    return heatmap


def on_image(glimpse, shape=(HEIGHT, WIDTH)):
    whole = np.zeros(shape, np.float32)
    whole[glimpse.window] = glimpse.map
    return whole


def assert_same(glimpse, heatmap):
    whole = heatmap.data
    assert np.abs(whole).max() > 0
    np.testing.assert_allclose(on_image(glimpse, whole.shape), whole, atol=1e-5 * np.abs(whole).max())
    ours, theirs = dict(glimpse.metadata), dict(heatmap.metadata)
    for name in ("score", "probability"):
        assert ours.pop(name) == pytest.approx(theirs.pop(name), abs=1e-5)
    assert ours == theirs


@pytest.mark.parametrize("for_many", [False, True])
def test_sharing_what_was_seen_of_atoms_changes_no_map(for_many, monkeypatch):
    monkeypatch.setattr("napari_strata.explain.sightings.WIDE_BLOCK", 40)
    model, image, config = make_model(), make_image(), ExplainConfig(method="gradient-x-input")
    atoms = make_atoms()
    sightings = share_sightings(model, image, atoms, for_many=for_many)
    seen = set()
    for index in (0, 1, 17, 40, 1):
        atom = atoms.iloc[index]
        question = Question(AtomTarget(atom.y_px, atom.x_px, config.target_radius), atom.layer, "C")
        shared = explained(model, image, question, config, atoms, sightings=sightings)
        alone = explained(model, image, question, config, atoms)
        np.testing.assert_array_equal(shared.data, alone.data)
        assert shared.metadata == alone.metadata
        seen.add((alone.metadata["turn"], alone.metadata["decoder"]))
    assert len(seen) > 1, "the atoms shall not all be seen alike"


@pytest.mark.parametrize("method", ["input-gradient", "grad-cam"])
@pytest.mark.parametrize("place", PLACES)
def test_a_probed_pixel_has_the_map_of_the_explanation(method, place):
    model, image, config = make_model(), make_image(), ExplainConfig(method=method)
    atoms = make_atoms()
    prober = Prober(model, image, config, atoms=atoms)
    for layer in (0, 1):
        heatmap = explained(model, image, Question(PixelTarget(*place), layer), config, atoms)
        assert_same(prober.at(*place, layer=layer), heatmap)


@pytest.mark.parametrize("method", ["input-gradient", "grad-cam"])
@pytest.mark.parametrize("index", [0, 1, 17, 40])
def test_a_probed_atom_has_the_map_of_the_explanation(method, index):
    model, image, config = make_model(), make_image(), ExplainConfig(method=method)
    atoms = make_atoms()
    atom = atoms.iloc[index]
    target = AtomTarget(atom.y_px, atom.x_px, config.target_radius)
    heatmap = explained(model, image, Question(target, atom.layer, "C"), config, atoms)
    prober = Prober(model, image, config, atoms=atoms)
    assert_same(prober.at(atom.y_px + 0.2, atom.x_px - 0.1, "atom", layer=atom.layer), heatmap)


@pytest.mark.parametrize("method", ["input-gradient", "grad-cam"])
@pytest.mark.parametrize("pixel_size", [0.06, 0.16])
def test_on_another_grid_the_map_lies_on_the_pixels_of_the_image(method, pixel_size):
    model, image, config = make_model(pixel_size=pixel_size), make_image(), ExplainConfig(method=method)
    for place in PLACES:
        heatmap = explained(model, image, Question(PixelTarget(*place), 0), config, None)
        assert_same(Prober(model, image, config, atoms=None).at(*place), heatmap)


@pytest.mark.parametrize(
    "settings",
    [
        {"layers": 1},
        {"activation": "gelu"},
        {"filters": (4, 6)},
        {"filters": (3, 4, 5, 6)},
        {"output": "multi-label"},
        {"norm": "group"},
        {"padding": "valid"},
    ],
    ids=lambda settings: "-".join(f"{key}={value}" for key, value in settings.items()),
)
@pytest.mark.parametrize("method", ["input-gradient", "grad-cam"])
def test_every_network_is_probed_as_it_is_explained(settings, method):
    model, image, config = make_model(**settings), make_image(), ExplainConfig(method=method)
    prober, same = Prober(model, image, config, atoms=None), 0
    for place in PLACES:
        heatmap = explained(model, image, Question(PixelTarget(*place), 0), config, None)
        if heatmap.data.any():
            assert_same(prober.at(*place), heatmap)
            same += 1
        else:
            assert not prober.at(*place).map.any()
    assert same


def test_a_feature_map_of_the_users_choice_is_followed():
    model, image = make_model(), make_image()
    config = ExplainConfig(method="grad-cam", feature_map="decoder 0, level 1")
    heatmap = explained(model, image, Question(PixelTarget(40, 60), 0), config, None)
    assert_same(Prober(model, image, config, atoms=None).at(40, 60), heatmap)


@pytest.mark.parametrize("against", [AgainstLayer(0), AgainstClass("N")], ids=repr)
@pytest.mark.parametrize("method", ["input-gradient", "grad-cam"])
def test_what_is_asked_rather_than_background_is_probed_as_it_is_explained(method, against):
    model, image, config = make_model(), make_image(), ExplainConfig(method=method)
    atoms = make_atoms()
    heatmap = explained(model, image, Question(PixelTarget(40, 60), 1, "C", against), config, atoms)
    prober = Prober(model, image, config, atoms=atoms)
    assert_same(prober.at(40, 60, layer=1, species="C", against=lambda _layer: against), heatmap)


def test_an_error_is_answered_as_it_is_explained():
    model, image, config = make_model(), make_image(), ExplainConfig()
    codes = np.full((HEIGHT, WIDTH), 3, np.uint8)
    question = Question(PixelTarget(40, 60), 0, against=AgainstCorrection(codes))
    heatmap = explained(model, image, question, config, None)
    assert_same(Prober(model, image, config, atoms=None).answer(question), heatmap)


@pytest.mark.parametrize(
    ("asked", "said"), [({"species": "X"}, "no class X"), ({"against": AgainstLayer(0)}, "itself")]
)
def test_what_cannot_be_probed_is_said(asked, said):
    prober = Prober(make_model(), make_image(), ExplainConfig(), atoms=None)
    against = asked.pop("against", None)
    with pytest.raises(TargetError, match=said):
        prober.at(40, 60, layer=0, **asked, against=lambda _layer: against)


def test_what_was_looked_at_ahead_changes_no_map():
    model, image, config, atoms = make_model(), make_image(), ExplainConfig(), make_atoms()
    one, other = (Prober(model, image, config, atoms=atoms) for _ in range(2))
    steps = 0
    while not other.is_ready:
        other.look_ahead(50, 50)
        steps += 1
    assert 1 <= steps <= 4
    for place in PLACES:
        a, b = one.at(*place), other.at(*place)
        assert a.metadata["turn"] == b.metadata["turn"]
        np.testing.assert_allclose(on_image(a), on_image(b), atol=1e-6 * a.map.max())


def test_looking_ahead_ends_when_something_else_is_wanted():
    prober = Prober(make_model(), make_image(), ExplainConfig(), atoms=make_atoms())
    prober.look_ahead(50, 50, is_wanted=lambda: False)
    assert not prober.is_ready


def test_without_atoms_there_is_nothing_to_look_at_ahead():
    assert Prober(make_model(), make_image(), ExplainConfig(), atoms=None).is_ready


def test_the_nearest_atom_of_any_layer_is_taken_where_none_is_named():
    atoms = make_atoms()
    atom = atoms.iloc[33]
    prober = Prober(make_model(), make_image(), ExplainConfig(), atoms=atoms)
    found = prober.at(atom.y_px, atom.x_px, "atom").metadata
    assert (found["layer"], found["position"]) == (1, [atom.y_px, atom.x_px])


def test_a_place_beside_the_image_is_refused():
    prober = Prober(make_model(), make_image(), ExplainConfig(), atoms=make_atoms())
    for kind in ("pixel", "atom"):
        with pytest.raises(TargetError, match="outside the image"):
            prober.at(-3, 5, kind)


def test_atoms_are_refused_where_none_are_known():
    prober = Prober(make_model(), make_image(), ExplainConfig(), atoms=None)
    with pytest.raises(TargetError, match="No atoms"):
        prober.at(5, 5, "atom")


def test_atoms_are_refused_without_a_pixel_size():
    prober = Prober(make_model(), make_image(None), ExplainConfig(), atoms=make_atoms())
    with pytest.raises(CalibrationError):
        prober.at(5, 5, "atom")
