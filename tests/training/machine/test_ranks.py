import pytest

from napari_strata.training.machine.ranks import is_first, launched_from_outside

VARIABLES = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_NTASKS", "SLURM_PROCID", "TORCHELASTIC_RUN_ID")


@pytest.mark.parametrize(
    ("environment", "first", "launched"),
    [
        ({}, True, False),
        ({"LOCAL_RANK": "0", "RANK": "0"}, True, True),
        ({"LOCAL_RANK": "0", "RANK": "2"}, False, True),
        ({"LOCAL_RANK": "1", "NODE_RANK": "0"}, False, True),
        ({"NODE_RANK": "1"}, False, False),
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, True, True),
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}, False, True),
        ({"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, True, False),
    ],
)
def test_the_environment_tells_which_process_this_is(monkeypatch, environment, first, launched):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_first() is first
    assert launched_from_outside() is launched
