"""Randomisation: constructed methods that depend on the network and that do not, and a network left as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from explaining import score_of
from judging import IMAGE, ONE, Filter, figures_of, subject_of
from napari_strata.config import ModelConfig
from napari_strata.config.judge import JudgeConfig
from napari_strata.errors import LabelsError, MethodError
from napari_strata.explain.attribution import Attribution
from napari_strata.explain.score import Output, TargetScore, Term
from napari_strata.explain.trust.judge import judge
from napari_strata.explain.trust.label_randomisation import TRAINED, exchanges, label_randomisation
from napari_strata.explain.trust.model_randomisation import model_randomisation
from napari_strata.explain.trust.permuted_labels import train_on_permuted
from napari_strata.explain.trust.random_weights import copy_of, find_stages, redraw, redraw_all
from napari_strata.explain.trust.subject import Labels
from napari_strata.explain.trust.verdict import Finding, judge_figures
from napari_strata.models.registry import build_network


def network_of(layers=2, **config):
    torch.manual_seed(0)
    settings = {"architecture": "gombnet", "layers": layers, "filters": (4, 6), "pixel_size": None, **config}
    return build_network(ModelConfig(**settings), 1).eval()


def centre(side=32):
    weights = torch.zeros(side, side)
    weights[side // 2, side // 2] = 1
    return weights


def picture(side=32):
    return torch.randn(1, 1, side, side, generator=torch.Generator().manual_seed(1))


def verdict_of(subject):
    *_, last = judge(subject)
    assert last.done == pytest.approx(1)
    return last.verdict


def bits(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_untouched(network, before):
    after = network.state_dict()
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert torch.equal(after[name], value), name
    assert not network.training
    assert all(weight.requires_grad and weight.grad is None for weight in network.parameters())


def test_the_gradient_depends_on_what_was_learned():
    verdict = verdict_of(subject_of("input-gradient", measures=("curves", "model-randomisation"), points=8))
    assert verdict.finding is Finding.LEARNED
    assert "depends on what the model learned" in verdict.words
    assert "faster than" in verdict.words


def test_an_edge_detector_is_no_better_than_an_edge_detector():
    verdict = verdict_of(subject_of("edges", measures=("curves", "model-randomisation")))
    assert verdict.finding is Finding.EDGES
    assert "no better than an edge detector" in verdict.words
    assert "keeps a rank correlation of 1.00" in verdict.words


@pytest.mark.parametrize(("method", "kept"), [("input-gradient", False), ("edges", True)])
def test_of_a_network_of_many_layers_too(method, kept):
    subject = subject_of(method, network_of(), image=picture(), weights=centre(), stages=2)
    found = figures_of(model_randomisation, subject)
    assert [row["stage"] for row in found["cascading"]] == [row["stage"] for row in found["independent"]]
    ends = (found["cascading"][-1]["beyond_distance"], found["random"]["beyond_distance"])
    assert all((end == pytest.approx(1)) if kept else end < 0.5 for end in ends)


def test_the_same_seed_gives_the_same_figures():
    first, second = (
        figures_of(
            model_randomisation, subject_of("input-gradient", network_of(), image=picture(), weights=centre())
        )
        for _ in range(2)
    )
    assert first == second


def test_nothing_is_said_of_what_was_not_tested():
    verdict = verdict_of(subject_of("input-gradient", measures=("completeness",)))
    assert verdict.finding is Finding.UNKNOWN


def test_stages_begin_at_the_head_and_leave_other_decoders_out():
    score = score_of(network_of(), centre())
    stages = find_stages(score, picture(), 3)
    assert len(stages) == 3
    assert stages[0].modules == ("network.heads.0",)
    names = [name for stage in stages for name in stage.modules]
    assert len(names) == len(set(names))
    assert not [name for name in names if "heads.1" in name or "decoders.1" in name]
    assert names[-2:] == ["network.encoder.blocks.0.0", "network.encoder.blocks.0.1"]


def test_random_weights_are_drawn_like_those_of_a_new_network():
    score = copy_of(score_of(network_of(filters=(16, 32)), centre()))
    name = next(n for n, m in score.named_modules() if isinstance(m, torch.nn.Conv2d) and m.weight[0].numel() > 50)
    weight = score.get_submodule(name).weight
    redraw(score, [name], np.random.default_rng(0))
    bound = weight[0].numel() ** -0.5
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)


def test_random_weights_leave_global_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    score = copy_of(score_of(network_of(), centre()))
    torch.manual_seed(3)
    redraw_all(score, np.random.default_rng(0))
    assert torch.equal(torch.rand(1), expected)


MEASURES = ("model-randomisation", "label-randomisation")


@pytest.mark.parametrize("labelled", [False, True])
def test_the_network_stays_as_it_is_bit_by_bit_at_every_moment_and_after_a_stop(labelled):
    network = network_of()
    before = bits(network)
    labels = labels_of() if labelled else None
    subject = subject_of(
        "input-gradient", network, image=picture(), weights=centre(), measures=MEASURES, labels=labels
    )
    judging = judge(subject)
    for number, _ in enumerate(judging):
        assert_untouched(network, before)
        if number == 10:
            judging.close()
    assert_untouched(network, before)


def test_the_network_stays_as_it_is_when_a_method_fails():
    network = network_of()
    before = bits(network)
    subject = subject_of("input-gradient", network, image=picture(), weights=centre())

    def failing(score, scene):
        assert score.network is not network
        raise RuntimeError("out of memory")
        yield

    broken = type(subject)(
        failing, subject.facts, subject.score, subject.scene, subject.weights, subject.found, JudgeConfig()
    )
    with pytest.raises(RuntimeError, match="out of memory"):
        list(model_randomisation(broken))
    assert_untouched(network, before)


def labels_of(layers=2, side=96):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, (layers, side, side)).astype(np.uint8)
    return Labels(rng.normal(size=(side, side)).astype(np.float32), codes)


@pytest.mark.parametrize(
    ("left", "exchanged", "finding"),
    [
        (0.45, 0.97, Finding.UNASKED),
        (0.7, 0.97, Finding.UNASKED),
        (0.45, 0.3, Finding.LEARNED),
        (0.55, 0.3, Finding.PARTLY),
        (0.75, 0.3, Finding.PARTLY),
        (0.9, 0.97, Finding.EDGES),
    ],
)
def test_a_map_that_is_the_same_for_every_layer_is_not_read_as_why_this_one(left, exchanged, finding):
    model = {"flat": False, "random": {"beyond_distance": left, "spearman": left}, "edges": {"spearman": 0.1}}
    labels = {"kind": "heads exchanged", "likeness": {"beyond_distance": exchanged}}
    verdict = judge_figures({"model-randomisation": model, "label-randomisation": labels})
    assert verdict.finding is finding
    assert ("do not read its map" in verdict.words) is (finding is Finding.UNASKED)
    assert f"another class or layer at the same place is {exchanged:.2f} at given distance" in verdict.words


@pytest.mark.parametrize(("weights", "labels"), [(0.2, 0.9), (0.9, 0.2)])
def test_of_random_weights_and_permuted_masks_the_one_that_leaves_more_counts(weights, labels):
    model = {"flat": False, "random": {"beyond_distance": weights, "spearman": 0.5}, "edges": {"spearman": 0.1}}
    training = {"steps": 3, "right": 0.5, "chance": 0.3}
    of_labels = {"kind": TRAINED, "likeness": {"beyond_distance": labels}, "training": training}
    verdict = judge_figures({"model-randomisation": model, "label-randomisation": of_labels})
    assert verdict.finding is Finding.EDGES


def test_without_labels_the_other_layer_is_asked():
    found = figures_of(label_randomisation, subject_of("input-gradient"))
    assert found["kind"] == "heads exchanged"
    assert abs(found["likeness"]["spearman"]) < 0.3
    (other,) = exchanges(score_of(Filter(), torch.ones(1, 1)))
    assert other.decoders == (1,)
    assert other(IMAGE).item() == pytest.approx(
        float((Filter().first.weight[1, 0] * IMAGE).sum().detach()), rel=1e-4
    )


def test_what_only_turns_the_sign_of_a_question_is_no_exchange():
    why_not = [Term(Output(0, 1), ONE), Term(Output(1, 1), -ONE)]
    assert exchanges(TargetScore(Filter(), why_not)) == []


def test_a_map_that_is_the_same_everywhere_is_not_trusted_because_others_differ_from_it():
    subject = subject_of("input-gradient", network_of(), image=picture(), weights=centre(), measures=MEASURES[:1])
    empty = Attribution(torch.zeros_like(subject.found.map))
    verdict = verdict_of(replace(subject, found=empty))
    assert verdict.finding is Finding.FLAT
    assert "shows nothing" in verdict.words


def test_one_layer_and_one_class_have_nothing_to_exchange():
    subject = subject_of(
        "input-gradient",
        network_of(1, architecture="unet"),
        image=picture(),
        weights=centre(),
        measures=MEASURES[1:],
    )
    assert figures_of(label_randomisation, subject) == {"kind": "nothing to exchange", "likeness": None}
    assert "cannot be tested" in verdict_of(subject).words


def test_with_labels_a_network_learns_permuted_masks():
    subject = subject_of(
        "input-gradient",
        network_of(),
        image=picture(),
        weights=centre(),
        labels=labels_of(),
        measures=MEASURES[1:],
    )
    found = figures_of(label_randomisation, subject)
    assert found["kind"] == "trained on permuted masks"
    assert found["training"]["steps"] == 3
    assert 0 < found["training"]["right"] <= 1
    verdict = judge_figures({"label-randomisation": found})
    assert "trained on permuted masks for 3 steps" in verdict.words


def test_a_training_lowers_the_loss_and_is_the_same_again():
    score, labels = score_of(network_of(), centre()), labels_of(side=64)
    labels.codes[:, :, :40], labels.codes[:, :, 40:] = 1, 2
    labels = Labels(np.tile(labels.grid, (2, 2)), np.tile(labels.codes, (1, 2, 2)))
    first, second = (
        list(train_on_permuted(score, labels, steps=8, rng=np.random.default_rng(2)))[-1] for _ in range(2)
    )
    assert first.figures == second.figures
    assert first.figures["loss_after"] < first.figures["loss_before"]
    assert first.done == 1
    assert not first.score.training


@pytest.mark.parametrize(
    ("layers", "codes", "message"),
    [(1, (0, 3), "1 layers"), (2, (0, 1), "nothing to permute"), (2, (9, 10), "code 9")],
)
def test_labels_that_do_not_fit_are_refused(layers, codes, message):
    rng = np.random.default_rng(0)
    labels = Labels(np.zeros((96, 96), np.float32), rng.integers(*codes, (layers, 96, 96)).astype(np.uint8))
    with pytest.raises(LabelsError, match=message):
        next(train_on_permuted(score_of(network_of(), centre()), labels, steps=1, rng=rng))


def test_a_network_of_values_has_no_labels_to_permute():
    score = score_of(network_of(output="values"), centre())
    with pytest.raises(MethodError):
        next(train_on_permuted(score, labels_of(), steps=1, rng=np.random.default_rng(0)))
