import logging

import pytest
import torch

from napari_strata.config import TrainingConfig
from napari_strata.training.machine.fabric import has_fast_bf16, make_fabric

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "fast"),
    [
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": False}, False),
        ({}, False),
    ],
)
def test_a_cpu_is_fast_with_bf16_where_it_multiplies_it(monkeypatch, capabilities, fast):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_fast_bf16(CPU) is fast


@pytest.mark.parametrize(
    ("precision", "fast", "dtype"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("bf16", False, torch.bfloat16),
        ("fp32", True, torch.float32),
    ],
)
def test_the_precision_is_what_was_chosen_or_what_is_fast(monkeypatch, precision, fast, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": fast})
    with make_fabric(TrainingConfig(precision=precision, device="cpu")).autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is dtype


def test_nothing_is_said_on_the_terminal_about_the_precision(monkeypatch):
    told = []
    log = logging.getLogger("lightning_fabric")
    monkeypatch.setattr(log, "handlers", [handler := logging.Handler()])
    monkeypatch.setattr(handler, "emit", told.append)
    log.setLevel(logging.INFO)
    make_fabric(TrainingConfig(precision="bf16", device="cpu"))
    assert told == []
