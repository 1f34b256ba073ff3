from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from napari_strata.training.machine.synchronised_norm import SynchronisedBatchNorm, synchronise

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path) -> Iterator[None]:
    """A group of one process; those of two are tested by training in them (tests/jobs/test_train_devices.py)."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_alone_it_is_batch_norm_with_its_gradients_and_running_statistics():
    torch.manual_seed(0)
    plain = nn.BatchNorm2d(3)
    nn.init.uniform_(plain.weight)
    ours = SynchronisedBatchNorm(nn.BatchNorm2d(3))
    ours.load_state_dict(plain.state_dict())
    values = 5 + 2 * torch.randn(4, 3, 6, 5)
    inputs = [values.clone().requires_grad_() for _ in range(2)]
    slope = torch.randn_like(values)
    for norm, image in zip((plain, ours), inputs, strict=True):
        (norm(image) * slope).sum().backward()
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.weight.grad, plain.weight.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(dict(ours.state_dict()), dict(plain.state_dict()))
    torch.testing.assert_close(ours.eval()(values), plain.eval()(values))


def test_parameters_and_their_order_stay():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2)))
    before, names = list(network.parameters()), list(network.state_dict())
    assert synchronise(network, CPU) is network
    assert all(a is b for a, b in zip(network.parameters(), before, strict=True))
    assert list(network.state_dict()) == names
    assert isinstance(network[2][0], SynchronisedBatchNorm)
