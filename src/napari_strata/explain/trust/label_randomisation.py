"""The sanity check with random labels."""

import itertools
from collections.abc import Iterator

from napari_strata.explain.score import Output, TargetScore, Term
from napari_strata.explain.trust.likeness import Likeness, is_flat, likeness, mean_likeness
from napari_strata.explain.trust.permuted_labels import train_on_permuted
from napari_strata.explain.trust.subject import Measured, Subject, again, part_of

MOST = 6
"""So many exchanges of classes and layers are tried at most."""
TRAINED = "trained on permuted masks"
TRAINING = 0.8
"""Part of the work that the training is, where there is one."""


def label_randomisation(subject: Subject) -> Iterator[Measured]:
    """Yield how much of the map is left when the network knows nothing of which label belongs where.

    Adebayo et al., NeurIPS 2018, arXiv:1810.03292, train the same network on permuted labels.

    - With labels of the image a copy of the network is trained on permuted masks, from random weights:
      `train_on_permuted` says how, and the figures tell how well it learned them. It is a short training, not one
      to the perfect fit of the paper.
    - Without labels nothing is trained. Instead classes and layers are exchanged at the heads of the trained
      network, so that the same place is asked for another class, or another crystal layer. This tells whether
      the map depends on *what* was asked, which is less than whether it depends on how image and labels belong
      together. A network of one layer and one class has nothing to exchange: background in its place only turns
      the score's sign. So does an exchange of the two that a question compares, which is left out.

    Figures
    -------
    kind : {"trained on permuted masks", "heads exchanged", "nothing to exchange"}
        What was done.
    likeness : mapping or None
        Mean likeness to the map that is judged.
    training : mapping
        Of a training: ``steps``, ``loss_before``, ``loss_after``, ``right`` (part of the permuted labels that are
        predicted in the end) and ``chance`` (part of the most frequent label).
    flat : bool
        Of a training: whether the map that is judged is the same everywhere; then nothing follows.
    """
    if subject.labels is None:
        yield from _exchanged(subject)
    else:
        yield from _trained(subject)


def passes(subject: Subject) -> int:
    """Return the passes through the network; a step of training counted as those of a batch."""
    if subject.labels is None:
        return len(exchanges(subject.score)) * subject.passes
    return subject.passes + 3 * subject.config.steps


def exchanges(score: TargetScore) -> list[TargetScore]:
    """Return the scores of all that could have been asked at the same place with classes and layers exchanged."""
    layers, classes = score.network.layers, score.network.classes
    steps = list(itertools.product(range(layers), range(classes)))[1:]
    moved = (_moved(score, by_layers, by_classes) for by_layers, by_classes in steps)
    return [other for other in moved if set(other.outputs) != set(score.outputs)][:MOST]


def _moved(score: TargetScore, by_layers: int, by_classes: int) -> TargetScore:
    layers, classes = score.network.layers, score.network.classes
    terms = []
    for number, output in enumerate(score.outputs):
        index = (output.index - 1 + by_classes) % classes + 1 if output.index else 0
        moved = Output((output.decoder + by_layers) % layers, index)
        terms.append(Term(moved, score.get_buffer(f"weights_{number}")))
    return TargetScore(score.network, terms)


def _exchanged(subject: Subject) -> Iterator[Measured]:
    found: list[Likeness] = []
    others = exchanges(subject.score)
    for number, score in enumerate(others):
        changed = yield from part_of(again(subject, score=score), done=number / len(others), share=1 / len(others))
        found.append(likeness(subject.found.map, changed, subject.weights))
    kind = "heads exchanged" if found else "nothing to exchange"
    yield Measured(1.0, {"kind": kind, "likeness": dict(mean_likeness(found)) if found else None})


def _trained(subject: Subject) -> Iterator[Measured]:
    assert subject.labels is not None, "who calls has looked"
    training = train_on_permuted(
        subject.score, subject.labels, steps=subject.config.steps, rng=subject.generator(5)
    )
    learned = None
    for learned in training:
        yield Measured(TRAINING * learned.done)
    assert learned is not None, "a training has at least one step"
    making = again(subject, score=learned.score)
    changed = yield from part_of(making, done=TRAINING, share=1 - TRAINING)
    alike = likeness(subject.found.map, changed, subject.weights)
    yield Measured(
        1.0,
        {
            "kind": TRAINED,
            "likeness": dict(alike),
            "training": dict(learned.figures),
            "flat": is_flat(subject.found.map),
        },
    )
