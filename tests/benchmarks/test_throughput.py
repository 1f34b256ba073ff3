import pytest

from benchmarks import throughput


@pytest.mark.parametrize(
    ("units", "asked"),
    [
        ("GPU", ">= 3"),
        ("amx_bf16, avx512_bf16", ">= 4"),
        ("avx512_bf16", ">= 1.3"),
        ("no bf16 in hardware", ">= 1.3"),
    ],
)
def test_what_is_asked_depends_on_the_hardware(units: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "matrix_units", lambda: units)
    assert throughput.target() == asked
