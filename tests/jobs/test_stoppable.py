import pytest
import torch
from torch import nn

from napari_strata.control import JobCanceled, JobControl
from napari_strata.jobs.stoppable import stoppable


class Stopping(nn.Module):
    """Asks for a stop while it computes."""

    def __init__(self, control):
        super().__init__()
        self.control = control

    def forward(self, image):
        self.control.request_stop()
        return image


def test_a_stop_ends_a_pass_before_the_next_module_and_leaves_no_hook():
    control, seen = JobControl(), []
    control.begin()
    control.run()
    last = nn.ReLU()
    network = nn.Sequential(nn.Identity(), Stopping(control), last)
    with pytest.raises(JobCanceled), stoppable(network, control):
        last.register_forward_hook(lambda *_: seen.append(1))
        network(torch.zeros(1))
    assert not seen
    network(torch.zeros(1))
    assert seen == [1]


def test_a_stop_ends_the_way_back_before_the_next_module():
    control, seen = JobControl(), []
    control.begin()
    control.run()
    first, last = nn.Linear(1, 1), nn.Linear(1, 1)
    network = nn.Sequential(first, last)
    with pytest.raises(JobCanceled), stoppable(network, control):
        answer = network(torch.zeros(1, 1))
        answer.register_hook(lambda _gradient: control.request_stop())
        first.weight.register_hook(lambda _gradient: seen.append(1))
        answer.sum().backward()
    assert not seen
    network(torch.zeros(1, 1)).sum().backward()
    assert seen == [1]
