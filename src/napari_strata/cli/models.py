"""``napari-strata models``."""

from collections.abc import Iterator, Mapping
from typing import Any

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Verbose
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.numbers import plain

_SEEN = {
    "clearest_spacing_A": ("clearest spacings", " Å"),
    "clearest_spacing_px": ("clearest spacings", " px"),
    "noise": ("noise, as a part of the image's power,", ""),
    "skewness": ("a skewness of the intensities", ""),
}


def models(as_json: AsJson = False, verbose: Verbose = False) -> int:
    """List the models that come with the program, what they find, and the range of images they were trained for.

    Every command that takes a MODEL takes one of their names. An image outside the range is predicted all the
    same, with a warning.
    """

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.list_models import list_models

        return list_models(control)

    return run_command(make_job, as_json=as_json, verbose=verbose, words=_words)


def _words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell of each model what it finds and where; --json has the rest."""
    for name, model in figures.items():
        layers = "1 layer" if model["layers"] == 1 else f"{model['layers']} layers"
        yield f"  {name}: {', '.join(model['species'])} in {layers}; {model['size_MB']:g} MB"
        minutes = model["figures"].get("minutes_of_all_trainings")
        spent = "" if minutes is None else f"; {minutes:.0f} minutes of training"
        yield f"    trained on {model['trained_on']}{spent}"
        if grid := model["pixel_size_A"]:
            coarsest = model["coarsest_pixel_size_A"]
            yield f"    sees images at {grid:g} Å per pixel; yours may have up to {coarsest:g}"
        for measure, (words, unit) in _SEEN.items():
            if seen := model.get("seen", {}).get(measure):
                yield f"    has seen {words} of {plain(seen[0], 3)} to {plain(seen[1], 3)}{unit}"
