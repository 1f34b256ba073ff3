"""What a running training does when it is asked for something, between two steps."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn

from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import CorrectionTaken, JobEvent, Warned
from napari_strata.requests import Correction, Look, Pace, Pin, Request, Unpin
from napari_strata.training.engine.judges import Judges
from napari_strata.training.engine.pins import PinBoard
from napari_strata.training.engine.preview import Preview
from napari_strata.training.engine.requests import RequestLog
from napari_strata.training.machine.team import Team
from napari_strata.training.patches.batches import PatchSource


class Answers:
    """Learns corrections, pins regions, and looks where the user looks.

    Parameters
    ----------
    source : PatchSource
        What learns corrections.
    log : RequestLog
        Where requests are kept with their steps, and which of them are due again.
    team : Team
        Processes that train together; what the first is asked for, all do.
    preview : Preview or None
        What looks at the image.
    pins : PinBoard
        The pinned regions.
    judges : Judges
        What compares scores, which a correction makes void.
    """

    def __init__(
        self,
        source: PatchSource,
        log: RequestLog,
        team: Team,
        preview: Preview | None,
        pins: PinBoard,
        judges: Judges,
    ) -> None:
        self._source, self._log, self._preview = source, log, preview
        self._pins, self._judges = pins, judges
        self._team = team

    def recall(self, step: int) -> None:
        """Do again what was done before a step at which a training goes on; its scores are known already."""
        for taken, request in self._log.until(step):
            match request:
                case Correction():
                    self._source.correct(request, taken)
                case Pin():
                    self._pins.pin(request)
                case Unpin(name=name):
                    self._pins.unpin(name)

    def answer(self, control: JobControl, step: int) -> Iterator[JobEvent]:
        """Do what was asked for, before the batch of a step is drawn; at first what was asked for at that step."""
        asked = self._team.all_of_first(control.take_requests())
        requests = (*self._log.due(step), *asked)
        if not requests:
            return
        looks = [request for request in requests if isinstance(request, Look)]
        could_validate = self._source.holds_out
        for request in requests:
            match request:
                case Correction():
                    yield from self._correct(request, step)
                case Pin() | Unpin():
                    self._pin(request, step)
                case Pace(interval=interval) if self._preview is not None:
                    self._preview.interval = interval
        if could_validate and not self._source.holds_out:
            yield Warned(
                "Nothing is left to validate on. From now on the newest weights are kept, without a score.",
                "Label another slice before the next training.",
            )
        if looks and self._preview is not None:
            yield from self._look(self._preview, looks[-1])

    def look_in_pause(
        self, control: JobControl, network: nn.Module, device: torch.device, epoch: int
    ) -> Iterator[JobEvent]:
        """Show what the user turns to while the training is paused; all else waits until it goes on."""
        preview = self._preview
        while preview is not None and (looks := control.wait_for(Look)):
            before = preview.seconds
            yield from self._look(preview, looks[-1])
            if preview.is_new:
                yield preview.predict(network, device, epoch)
            preview.seconds = before  # it took no time of the training

    def _correct(self, request: Correction, step: int) -> Iterator[JobEvent]:
        try:
            repainted = self._source.correct(request, step)
        except StrataError as error:
            yield Warned(error.message, error.remedy)
            return
        if repainted is None:
            return
        y, x, codes = repainted.y, repainted.x, repainted.codes
        self._log.keep(replace(request, y=y, x=x, codes=codes), step)
        self._judges.begin_anew()
        yield CorrectionTaken(request.frame, request.layer, y, x, codes.shape[0], codes.shape[1], step)

    def _pin(self, request: Request, step: int) -> None:
        if isinstance(request, Pin):
            self._pins.pin(request)
        elif isinstance(request, Unpin):
            self._pins.unpin(request.name)
        self._log.keep(request, step)
        self._judges.on_pins()

    def _look(self, preview: Preview, at: Look) -> Iterator[JobEvent]:
        try:
            preview.look(at)
        except StrataError as error:
            yield Warned(error.message, error.remedy)
