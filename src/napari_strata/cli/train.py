"""``napari-strata train``: a new training, one that goes on, or one that is repeated."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Verbose, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.config.training import Device, Engine
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job

_FROM_CONFIG = "from CONFIG"


@dataclass(frozen=True)
class Wanted:
    """What to train: exactly one of a configuration, a run to resume and a run to replay.

    Attributes
    ----------
    config, resume, replay : Path or None
        As given.
    out : Path or None
        Folder of the new run; a run that is resumed has one.
    start_from : Path or None
        A model whose weights to start from.
    settings : dict
        Options that win over the configuration; None where not given.
    """

    config: Path | None
    resume: Path | None
    replay: Path | None
    out: Path | None
    start_from: Path | None
    settings: dict[str, Any]

    def check(self) -> None:
        """Refuse options that contradict each other.

        Raises
        ------
        typer.BadParameter
            Naming them.
        """
        named = {"CONFIG.yaml": self.config, "--resume": self.resume, "--replay": self.replay}
        given = [name for name, value in named.items() if value is not None]
        if len(given) != 1:
            found = f"Not {' and '.join(given)} together" if given else "Nothing to train is named"
            raise typer.BadParameter(f"{found}: give one of {', '.join(named)}.")
        if self.resume is not None and self.out is not None:
            raise typer.BadParameter("A run goes on in its own folder.", param_hint=["--out", "--resume"])
        if self.resume is None and self.out is None:
            raise typer.BadParameter("Name the folder of the new run.", param_hint=["--out"])
        self._check_settings(given[0])

    def _check_settings(self, what: str) -> None:
        fixed = {"--resume": ("deterministic",), "--replay": tuple(self.settings)}.get(what, ())
        refused = [name for name in fixed if self.settings[name] is not None]
        refused += ["from"] if self.start_from is not None and what != "CONFIG.yaml" else []
        if refused:
            reason = "A run is repeated as it was" if what == "--replay" else "A run goes on as it began"
            raise typer.BadParameter(f"{reason}.", param_hint=[f"--{n.replace('_', '-')}" for n in refused])

    def make(self, control: JobControl) -> Job:
        """Read the inputs and return the job."""
        from napari_strata.jobs.resume import replayed, resumed
        from napari_strata.jobs.train import read_inputs, train, with_absolute_paths

        if self.resume is not None:
            with_options(TrainingConfig(), **self.settings)
            return train(control, *resumed(self.resume, **self.settings))
        assert self.out is not None, "checked"
        if self.replay is not None:
            return train(control, *replayed(self.replay, self.out))
        assert self.config is not None, "checked"
        settings = TrainConfig.read(self.config)
        settings = settings.model_copy(update={"training": with_options(settings.training, **self.settings)})
        settings = self._started(with_absolute_paths(settings, self.config.parent))
        return train(control, settings, read_inputs(settings, out=self.out))

    def _started(self, settings: TrainConfig) -> TrainConfig:
        """Let the weights begin as those of the model that ``--from`` names."""
        if self.start_from is None:
            return settings
        start = settings.training.start.model_copy(update={"model": str(self.start_from.resolve())})
        return settings.model_copy(update={"training": settings.training.model_copy(update={"start": start})})


def train(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG.yaml]",
            help="What to train, on what; its paths are relative to it.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Folder that gets config, events, history and the model.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run that was stopped, killed or has ended and gets a larger budget.",
            show_default=False,
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Repeat a run from its record in the folder --out, and compare the weights.",
            show_default=False,
        ),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option("--from", metavar="MODEL", help="Start from a model's weights.", show_default=False),
    ] = None,
    deterministic: Annotated[
        bool | None, option(TrainingConfig, "deterministic", "--deterministic", default=_FROM_CONFIG)
    ] = None,
    epochs: Annotated[int | None, option(TrainingConfig, "epochs", default=_FROM_CONFIG)] = None,
    time_limit: Annotated[float | None, option(TrainingConfig, "time_limit", default=_FROM_CONFIG)] = None,
    patience: Annotated[int | None, option(TrainingConfig, "patience", default=_FROM_CONFIG)] = None,
    device: Annotated[Device | None, option(TrainingConfig, "device", default=_FROM_CONFIG)] = None,
    engine: Annotated[Engine | None, option(TrainingConfig, "engine", default=_FROM_CONFIG)] = None,
    devices: Annotated[int | None, option(TrainingConfig, "devices", default=_FROM_CONFIG)] = None,
    nodes: Annotated[int | None, option(TrainingConfig, "nodes", default=_FROM_CONFIG)] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Train a network and keep its best weights.

    Needs CONFIG.yaml and --out, or --resume, or --replay and --out. A reached time limit is success. After an
    interrupt (SIGINT, SIGTERM) the best weights so far are kept, and --resume goes on.
    """
    settings: dict[str, Any] = {"deterministic": deterministic, "epochs": epochs, "time_limit": time_limit}
    settings |= {"patience": patience, "device": device, "engine": engine, "devices": devices, "nodes": nodes}
    wanted = Wanted(config, resume, replay, out, start_from, settings)
    wanted.check()

    def make_job(control: JobControl, _display: Display) -> Job:
        return wanted.make(control)

    return run_command(make_job, as_json=as_json, verbose=verbose)
