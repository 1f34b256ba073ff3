"""Ask one question of every frame of a stack, those that are looked at first."""

import dataclasses
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import OutputError, TargetError
from napari_strata.events import FrameExplained, JobEvent, JobResult, Progress, StateChanged, Warned
from napari_strata.explain.many.stack import check_repeatable, frame_order, map_key, question_in_frame
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget
from napari_strata.io.map_cache import MapCache
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import check_question, take_frames
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import check_calibration
from napari_strata.jobs.stoppable import stoppable
from napari_strata.requests import FrameWanted
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.prepare import Prepared
    from napari_strata.models.registry import LoadedModel


@job
def explain_stack(
    control: JobControl,
    model: Path,
    image: ImageStack,
    *,
    question: Question,
    config: ExplainConfig,
    cache: MapCache,
    atoms: "DataFrame | None" = None,
) -> JobBody:
    """Explain the frames of `napari_strata.requests.FrameWanted`, the one that was asked for last first.

    What is being computed is dropped as soon as a frame is asked for that has no map yet. The job ends when all
    frames have one, or when it is stopped.

    Parameters
    ----------
    control : JobControl
        Where the requests come from; those that come before the job runs are lost.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack
        The stack.
    question : Question
        What is asked of every frame; of an atom, in every frame the one of its layer that is nearest to the place.
        A frame that has none within the tolerance gets no map.
    config : ExplainConfig
        Method, its settings, and the tolerance.
    cache : MapCache
        Where maps are kept; one that was computed earlier is not computed again.
    atoms : DataFrame, optional
        Predicted atoms of all frames; needed where an atom is asked for, and by networks of several layers, since
        they tell which decoder drew which layer.

    Yields
    ------
    JobEvent
        `FrameExplained` with every map, also with coarser ones on the way, and `Progress`.

    Returns
    -------
    JobResult
        ``figures`` count the frames, those computed, those kept from earlier, and those without a map.

    Raises
    ------
    TargetError
        If the question cannot be asked of every frame, or atoms are needed.
    ImageError, CalibrationError, BundleError, MethodError, DeviceError
        If an input cannot be used.
    """
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    frames = 1 if image.data.ndim == 2 else len(image.data)
    loaded = abandonable(control, lambda: load_network(model, resolve_device(config.device)))
    check_calibration((image,), loaded.card)
    check_question(question, loaded, (image.data.shape[-2], image.data.shape[-1]))
    check_repeatable(question)
    _check_atoms(question, loaded, image, atoms)
    control.run()
    yield StateChanged(control.state)
    work = _Work(control, loaded, image, question, config, atoms, cache)
    while not control.stop_requested and len(work.done) < frames:
        work.take_requests()
        frame = None if work.wanted is None else work.next_frame(work.wanted, frames)
        if frame is None:
            if work.wanted is not None:
                told = f"{len(work.done)} of {frames} slices explained, the others once the slider comes near them"
                yield Progress(len(work.done) / frames, told)
            control.wait_for_requests()
            continue
        yield from work.explain(frame)
        if frame in work.done:
            yield Progress(len(work.done) / frames, f"{len(work.done)} of {frames} slices explained")
        control.wait_while_paused()
    return JobResult({"frames": frames, **work.figures})


@dataclasses.dataclass(slots=True, eq=False)
class _Work:
    """What is asked of every frame, and what is done."""

    control: JobControl
    loaded: "LoadedModel"
    image: ImageStack
    question: Question
    config: ExplainConfig
    atoms: "DataFrame | None"
    cache: MapCache
    wanted: FrameWanted | None = None
    done: set[int] = dataclasses.field(default_factory=set)
    figures: dict[str, int] = dataclasses.field(default_factory=lambda: {"computed": 0, "kept": 0, "empty": 0})
    is_full: bool = False

    def take_requests(self) -> None:
        """Note which frame is looked at now."""
        for request in self.control.take_requests():
            if isinstance(request, FrameWanted):
                self.wanted = request

    def next_frame(self, wanted: FrameWanted, frames: int) -> int | None:
        order = frame_order(wanted.frame, frames, wanted.reach)
        return next((frame for frame in order if frame not in self.done), None)

    def explain(self, frame: int) -> Generator[JobEvent, None, None]:
        """Bring the map of one frame, or the reason why it has none."""
        shown = take_frames(self.image, frame, frame)
        table = None if self.atoms is None else self.atoms[self.atoms["frame"] == frame]
        try:
            asked = question_in_frame(self.question, table, self.config, self.image.pixel_size)
        except TargetError as error:
            yield self._none(frame, error)
            return
        key = map_key(self.loaded.card, shown, frame, asked, self.config, table)
        kept = self.cache.read(key, (shown.data.shape[-2], shown.data.shape[-1]))
        if kept is not None:
            self._note(frame, "kept")
            yield FrameExplained(frame, *kept, is_old=True)
            return
        try:
            last = yield from self._sharpen(shown, frame, asked, table)
        except TargetError as error:
            yield self._none(frame, error)
            return
        if last is not None:
            self._note(frame, "computed")
            yield from self._keep(key, last)

    def _sharpen(
        self, shown: ImageStack, frame: int, question: Question, table: "DataFrame | None"
    ) -> Generator[JobEvent, None, FrameExplained | None]:
        """Compute a map that gets better; None where a stop, or another wish, comes before its end."""
        from napari_strata.explain.explainer import explain
        from napari_strata.explain.prepare import prepare

        def prepared() -> "Prepared":
            return prepare(self.loaded, shown, question, self.config, atoms=table)

        try:
            with (
                stoppable(self.loaded.network, self.control),
                closing(explain(abandonable(self.control, prepared))) as maps,
            ):
                for found in maps:
                    metadata = {**found.metadata, "frame": frame}
                    event = FrameExplained(frame, found.data, metadata, done=found.metadata["done"])
                    if found.covers:  # a piece of a map is nothing to show
                        yield event
                    if event.done >= 1:
                        return event
                    if self.control.stop_requested or self._is_superseded(frame):
                        return None
        except JobCanceled:
            pass  # there is nothing to keep of it
        return None

    def _none(self, frame: int, error: TargetError) -> FrameExplained:
        """Note that nothing of the kind is in a frame."""
        self._note(frame, "empty")
        return FrameExplained(frame, None, {}, words=error.message)

    def _is_superseded(self, frame: int) -> bool:
        self.take_requests()
        assert self.wanted is not None, "a frame is computed because one was wanted"
        return self.wanted.frame != frame and self.wanted.frame not in self.done

    def _keep(self, key: str, found: FrameExplained) -> Generator[Warned, None, None]:
        """Keep a map for later; a full disk is said once and stops nothing."""
        assert found.data is not None, "it was computed"
        try:
            self.cache.write(key, found.data, dict(found.metadata))
        except OutputError as error:
            if not self.is_full:
                yield Warned(f"Maps are not kept for later: {error.message}", error.remedy)
            self.is_full = True

    def _note(self, frame: int, how: str) -> None:
        self.done.add(frame)
        self.figures[how] += 1


def _check_atoms(question: Question, loaded: "LoadedModel", image: ImageStack, atoms: Any) -> None:
    from napari_strata.io.calibration import require

    is_atom = isinstance(question.target, AtomTarget)
    if is_atom:
        require(image.pixel_size, name=image.name)
    if atoms is None and (is_atom or (loaded.network.layers > 1 and image.pixel_size is not None)):
        raise TargetError(
            f"No atoms of {image.name} are known, and they tell which atom, or which decoder, is meant.",
            remedy="Find the atoms of all slices in the Predict dock first.",
        )
