"""The sanity check with random weights."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from napari_strata.explain.trust.edges import edges
from napari_strata.explain.trust.likeness import Likeness, is_flat, likeness, mean_likeness
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
    flat : bool
        Whether the map that is judged is the same everywhere; then nothing follows.
    """
    stages = find_stages(subject.score, subject.scene.image, subject.config.stages)
    trials = list(_trials(stages, subject.config.draws))
    found: dict[str, list[dict[str, Any]]] = {"cascading": [], "independent": [], "random": []}
    for number, trial in enumerate(trials):
        share = 1 / len(trials)
        alike = yield from part_of(_alike(subject, trial), done=number * share, share=share)
        named = {} if trial.stages is None else {"stage": trial.stages[-1].name}
        found[trial.kind].append({**named, **alike})
    figures = {
        **found,
        "random": dict(mean_likeness(cast("list[Likeness]", found["random"]))),
        "edges": dict(likeness(subject.found.map, edges(subject.scene.image), subject.weights)),
        "flat": is_flat(subject.found.map),
    }
    yield Measured(1.0, figures)


def passes(subject: Subject) -> int:
    """Return the passes through the network, if it has as many stages as are asked for."""
    return (2 * subject.config.stages + subject.config.draws) * subject.passes + 2


@dataclass(frozen=True, slots=True)
class _Trial:
    """A network that is made random: some stages, the last of which is told, or all of it."""

    kind: Literal["cascading", "independent", "random"]
    stages: Sequence[Stage] | None = None
    draw: int = 0


def _trials(stages: Sequence[Stage], draws: int) -> Iterator[_Trial]:
    for number in range(len(stages)):
        yield _Trial("cascading", stages[: number + 1])
        yield _Trial("independent", stages[number : number + 1])
    for draw in range(draws):
        yield _Trial("random", draw=draw)


def _alike(subject: Subject, trial: _Trial) -> Generator[float, None, Likeness]:
    """Return the likeness of the map of a random network to the map that is judged."""
    score, rng = copy_of(subject.score), subject.generator(4, trial.draw)
    if trial.stages is None:
        redraw_all(score, rng)
    else:
        redraw(score, [name for stage in trial.stages for name in stage.modules], rng)
    changed = yield from again(subject, score=score)
    return likeness(subject.found.map, changed, subject.weights)
