"""What tests of trust begin with: a network whose score is a filter of known weights, and a subject."""

import torch
from torch import nn

from explaining import scene_of, score_of
from napari_strata.config.judge import JudgeConfig
from napari_strata.explain.catalogue import METHODS, load_method
from napari_strata.explain.trust.edges import EDGES, edge_detector
from napari_strata.explain.trust.subject import Subject

SIDE = 16
IMAGE = torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
KERNEL = torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(5))
ONE = torch.ones(1, 1)
QUICK = {"points": 4, "orders": 2, "squares": 20, "repeats": 2, "draws": 3, "steps": 3}


class Filter(nn.Module):
    """The log-odds of the one output pixel are a weighted sum of all pixels. The second layer is reversed."""

    output = "classes"
    layers, classes = 2, 1

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 2, SIDE, bias=False)
        with torch.no_grad():
            self.first.weight[0, 0] = KERNEL
            self.first.weight[1, 0] = KERNEL.flip(0, 1)

    def forward(self, image):
        odds = self.first(image)[:, :, None]
        return torch.cat([torch.zeros_like(odds), odds], dim=2)


def subject_of(
    method, network=None, *, image=IMAGE, weights=ONE, draw_noisy=None, labels=None, scene=None, **judging
):
    """Return a subject: a method by name, or "edges", of a network's first output."""
    score = score_of(network or Filter(), weights)
    shown = scene_of(image, baseline=torch.zeros_like(image), **(scene or {}))
    function = edge_detector if method == "edges" else load_method(method)
    facts = EDGES if method == "edges" else METHODS[method]
    target = torch.zeros(shown.shape)
    target[shown.shape[0] // 2, shown.shape[1] // 2] = 1
    *_, found = function(score, shown)
    config = JudgeConfig(
        **{"points": 4, "orders": 2, "squares": 20, "repeats": 2, "draws": 3, "steps": 3, **judging}
    )
    return Subject(function, facts, score, shown, target, found, config, draw_noisy=draw_noisy, labels=labels)


def figures_of(measure, subject):
    """Return what a measure finds in the end, after it told its progress in order."""
    found = list(measure(subject))
    done = [one.done for one in found]
    assert done == sorted(done)
    assert done.count(1) == 1
    return found[-1].figures
