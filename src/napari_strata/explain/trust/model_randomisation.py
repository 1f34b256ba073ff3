"""The sanity check with random weights."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from napari_strata.explain.trust.edges import edges
from napari_strata.explain.trust.likeness import Likeness, likeness, mean_likeness
from napari_strata.explain.trust.random_weights import Stage, copy_of, find_stages, redraw, redraw_all
from napari_strata.explain.trust.subject import Measured, Subject, again, part_of


def model_randomisation(subject: Subject) -> Iterator[Measured]:
    """Yield how much of the map is left when what the network learned is taken away.

    Adebayo et al., NeurIPS 2018, arXiv:1810.03292. Weights are drawn anew, as before a training,

    - *cascading*: from the top (the head) down, each stage on top of the ones before;
    - *independent*: one stage at a time, all others as trained;
    - *wholly*: all weights of the network, averaged over some random networks.

    A method that depends on what was learned gives another map each time. Stages are those of `find_stages`; the
    weights are drawn in copies of the network.

    Figures
    -------
    cascading, independent : list of mapping
        For each stage, the top first: its ``stage`` and the likeness to the map that is judged.
    random : mapping
        Mean likeness to the map of wholly random networks.
    edges : mapping
        Likeness of the map that is judged to the edges of the image.
    """
    stages = find_stages(subject.score, subject.scene.image, subject.config.stages)
    draws = subject.config.draws
    share = 1 / (2 * len(stages) + draws)
    cascading: list[dict[str, Any]] = []
    independent: list[dict[str, Any]] = []
    wholly: list[Likeness] = []
    done = 0.0
    for number, stage in enumerate(stages):
        for rows, changed in ((cascading, stages[: number + 1]), (independent, stages[number : number + 1])):
            alike = yield from part_of(_alike(subject, changed, draw=0), done=done, share=share)
            rows.append({"stage": stage.name, **alike})
            done += share
    for draw in range(draws):
        wholly.append((yield from part_of(_alike(subject, None, draw=draw), done=done, share=share)))
        done += share
    figures = {
        "cascading": cascading,
        "independent": independent,
        "random": dict(mean_likeness(wholly)),
        "edges": dict(likeness(subject.found.map, edges(subject.scene.image), subject.weights)),
    }
    yield Measured(1.0, figures)


def passes(subject: Subject) -> int:
    """Return the passes through the network, if it has as many stages as are asked for."""
    return (2 * subject.config.stages + subject.config.draws) * subject.passes + 2


def _alike(subject: Subject, stages: Sequence[Stage] | None, *, draw: int) -> Generator[float, None, Likeness]:
    """Return the likeness of the map with random stages, or of a wholly random network."""
    score, rng = copy_of(subject.score), subject.generator(4, draw)
    if stages is None:
        redraw_all(score, rng)
    else:
        redraw(score, [name for stage in stages for name in stage.modules], rng)
    changed = yield from again(subject, score=score)
    return likeness(subject.found.map, changed, subject.weights)
