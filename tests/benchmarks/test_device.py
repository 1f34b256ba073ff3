import pytest

from benchmarks.device import cpu


def test_a_processor_is_told_with_its_cores_and_how_threads_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert cpu().endswith(" cores, OMP_WAIT_POLICY=passive")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    assert cpu().endswith(" cores, OMP_WAIT_POLICY=unset")
