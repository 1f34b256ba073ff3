"""The best weights on disk, beside those of an epoch that was not finished."""

from dataclasses import replace
from pathlib import Path

import pytest

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.events import EpochEnded
from napari_strata.io.bundle import load_bundle
from napari_strata.models.registry import build_network
from napari_strata.training.run.keeper import BestKeeper

EPOCH = EpochEnded(1, 9, 7, 1.0, 0.5, 0.5, True, 1.0, 1.0)


@pytest.mark.parametrize(("step", "restored"), [(10, 7), (12, 12)])
def test_weights_that_come_after_what_was_saved_make_way_for_those_before(
    tmp_path: Path, step: int, restored: int
):
    config = TrainConfig.parse({"model": {"filters": [2, 4]}, "training": {"steps_per_epoch": 5}})
    classes = ClassTable.from_names(("C",))
    keeper = BestKeeper(tmp_path / "model", config, classes, "crystals")
    keeper.spare = tmp_path / "spare"
    network = build_network(config.model, 1)
    keeper(network, EPOCH)
    keeper.saved_at = 10
    keeper(network, replace(EPOCH, step=step))
    keeper.restore({})
    assert load_bundle(tmp_path / "model").card.figures["step"] == restored
