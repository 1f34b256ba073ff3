import numpy as np
import pytest
import torch

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import TrainingError
from napari_strata.events import FinishReason, Progress
from napari_strata.jobs.find_learning_rate import find_learning_rate
from napari_strata.training.engine.rate_finder import HIGHEST, LOWEST, STEPS, propose_rate
from napari_strata.training.patches.inputs import TrainInputs

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

RATES = np.logspace(-6, 1, 100)
CONFIG = TrainConfig.parse(
    {
        "model": {"filters": [4, 8]},
        "training": {"batch_size": 2, "patch_size": 16, "precision": "fp32", "device": "cpu"},
    }
)


def test_the_rate_at_which_the_loss_falls_most_steeply_is_proposed():
    falling = 1 / (1 + (RATES / 1e-3) ** 2)  # steepest over log rate at 1e-3
    found = propose_rate(RATES, falling)
    assert found.proposed == pytest.approx(1e-3, rel=0.15)
    assert found.losses[0] == pytest.approx(1.0, abs=1e-3)


def test_noise_and_a_loss_that_gets_out_of_hand_do_not_mislead():
    noise = np.random.default_rng(0).normal(0, 0.02, 100)
    losses = 1 / (1 + (RATES / 1e-3) ** 2) + (RATES / 1) ** 2 + noise
    assert propose_rate(RATES, losses).proposed == pytest.approx(1e-3, rel=0.7)


@pytest.mark.parametrize("losses", [np.ones(100), np.linspace(1, 2, 100), np.ones(1)])
def test_a_loss_that_never_falls_leads_to_no_proposal(losses):
    with pytest.raises(TrainingError, match="falls at none"):
        propose_rate(RATES[: len(losses)], losses)


def test_the_job_proposes_a_rate_and_writes_nothing(tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    *events, last = find_learning_rate(JobControl(), CONFIG, TrainInputs(tmp_path / "run"))
    assert last.error is None
    sweep = last.result.value
    assert LOWEST <= sweep.proposed <= HIGHEST
    assert last.result.figures["learning_rate"] == sweep.proposed
    assert len(sweep.rates) == len(sweep.losses) <= STEPS
    assert [e.fraction for e in events if isinstance(e, Progress)][-1] == pytest.approx(len(sweep.rates) / STEPS)
    assert list(tmp_path.iterdir()) == []
    assert torch.equal(torch.get_rng_state(), before)


def test_two_searches_of_one_seed_propose_the_same(tmp_path):
    found = [[*find_learning_rate(JobControl(), CONFIG, TrainInputs(tmp_path))][-1].result.value for _ in range(2)]
    assert found[0] == found[1]


def test_a_stop_leaves_nothing(tmp_path):
    control = JobControl()
    for event in find_learning_rate(control, CONFIG, TrainInputs(tmp_path)):
        if isinstance(event, Progress) and event.fraction > 0:
            control.request_stop()
    assert (event.reason, event.result) == (FinishReason.CANCELED, None)
