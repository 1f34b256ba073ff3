"""Estimate how an image was made, and set the simulation's ranges around that."""

from dataclasses import dataclass
from pathlib import Path

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.matching.estimates import ImageEstimates
from napari_strata.types import ImageStack


@dataclass(frozen=True, slots=True)
class Match:
    """What an image tells, and settings around it.

    Attributes
    ----------
    estimates : ImageEstimates
        What it tells.
    simulation : SimulationConfig
        The settings.
    words : tuple of str
        What it tells in words, one sentence each.
    summary : str
        The same in one sentence, without what is doubtful.
    doubts : tuple of str
        What is doubtful.
    """

    estimates: ImageEstimates
    simulation: SimulationConfig
    words: tuple[str, ...]
    summary: str
    doubts: tuple[str, ...]


@job
def match_image(
    control: JobControl,
    stack: ImageStack,
    config: SimulationConfig,
    *,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Estimate pixel size, probe, dose and background of an image, and set the simulation's ranges around them.

    Parameters
    ----------
    control : JobControl
        Stop ends it between two frames and leaves nothing.
    stack : ImageStack
        The image.
    config : SimulationConfig
        Material and layers, and all settings that the image does not tell.
    out : Path, optional
        YAML file for the settings.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    JobResult
        ``figures`` as `napari_strata.matching.words.figures_of` names them; ``value`` is the `Match`.

    Raises
    ------
    ImageError, LatticeError, ConfigError
        If the image shows no lattice of the crystal.
    OutputError
        If the file cannot be written.
    """
    from napari_strata.io.folders import check_new
    from napari_strata.matching.match import chosen_frames, combine, match_frame
    from napari_strata.matching.ranges import ranges_around
    from napari_strata.matching.words import doubts, figures_of, found_in_words, summary

    check_new((out,), overwrite=overwrite)
    frames = chosen_frames(stack)
    control.run()
    yield StateChanged(control.state)
    found = []
    for done, frame in enumerate(frames):
        control.checkpoint()
        yield Progress(done / len(frames), f"Looking at frame {done + 1} of {len(frames)}")
        found.append(match_frame(stack, frame, config))
    control.checkpoint()
    estimates = combine(found)
    simulation = ranges_around(estimates, config)
    match = Match(
        estimates,
        simulation,
        found_in_words(estimates, config),
        summary(estimates),
        doubts(estimates, config),
    )
    paths = {} if out is None else {"simulation": str(_write(simulation, out))}
    figures = figures_of(estimates) | {"image": stack.name, "material": config.subject, "found": list(match.words)}
    return JobResult(figures, paths, match)


def _write(simulation: SimulationConfig, out: Path) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(simulation.to_yaml(), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror}).", remedy="Choose a file that you may write."
        ) from error
    return out
