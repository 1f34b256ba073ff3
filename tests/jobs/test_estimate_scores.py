import numpy as np
import pandas as pd
import pytest

from bright_network import save_bright
from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.explain.question import Question
from napari_strata.explain.sightings import Sightings
from napari_strata.explain.targets import PixelTarget
from napari_strata.jobs import estimate_scores as module
from napari_strata.jobs.estimate_scores import ScoresOutlook, estimate_scores
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.types import ImageStack

TURNS = 4


@pytest.fixture
def outlook(tmp_path, monkeypatch):
    """Return what scores cost where a pass takes 1 s and a look in one orientation 100 s, and all else nothing."""
    spent = []
    look = Sightings._foreground
    monkeypatch.setattr(Sightings, "_foreground", lambda *given: spent.append(100) or look(*given))
    monkeypatch.setattr(module, "seconds_of_pass", lambda _prepared: 1.0)

    def timed(call):
        before = sum(spent)
        found = call()
        return sum(spent) - before, found

    monkeypatch.setattr(module, "_timed", timed)
    image = ImageStack(np.random.default_rng(0).random((48, 64)).astype(np.float32), 0.1, "noise")
    places = [(layer, y, x) for layer in (0, 1) for y in range(4, 48, 8) for x in range(4, 64, 8)]
    atoms = pd.DataFrame(places, columns=["layer", "y_px", "x_px"])

    def outlook(method, *, layers=2, **config) -> ScoresOutlook:
        architecture = "unet" if layers == 1 else "gombnet"
        model = save_bright(tmp_path / architecture, architecture=architecture, layers=layers, pixel_size=0.2)
        question = Question(PixelTarget(20, 30), 0, "C")
        settings = ExplainConfig(method=method, device="cpu", **config)
        *_, ended = estimate_scores(JobControl(), Inquiry(model, image, question, settings, atoms=atoms))
        assert ended.error is None, ended.error
        return ended.result.value

    return outlook


def test_of_several_layers_the_network_looks_at_atoms_in_four_orientations(outlook):
    assert outlook("input-gradient") == ScoresOutlook(0, each=0, few=400, square=400, side=512)
    found = outlook("integrated-gradients", steps=20)
    assert found == ScoresOutlook(0, each=2 * 20 + 2, few=400, square=400, side=512)


def test_a_network_of_one_layer_looks_at_no_atoms(outlook):
    assert outlook("grad-cam", layers=1) == ScoresOutlook(0, each=0, side=512)


def test_few_atoms_are_looked_at_one_by_one_and_many_by_the_square():
    found = ScoresOutlook(first=1, each=2, few=3, square=10, side=100)
    near = np.array([(5.0, 5 + step) for step in range(10)])
    assert found.seconds(near[:2]) == 1 + 2 * (2 + 3)
    assert found.seconds(near) == 1 + 10 * 2 + 10
    apart = near.copy()
    apart[0] = 150, 250
    assert found.seconds(apart) == 1 + 10 * 2 + 2 * 10
    frames = np.column_stack([[0, 0, 1], near[:3]])
    assert found.seconds(frames) == (1 + 2 * 5) + (1 + 5)
    assert found.seconds(near[:0]) == 0
