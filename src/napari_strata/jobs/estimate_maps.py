"""What many maps of a frame will cost, and the scores of several methods, before anybody asks for them."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainConfig, ExplainMethod, JudgeConfig
from napari_strata.control import JobControl
from napari_strata.errors import MethodError
from napari_strata.events import JobResult, StateChanged
from napari_strata.explain.quick import QUICK
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.pass_time import TURNS, seconds_of_own_pass, seconds_of_pass
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.question import Question
    from napari_strata.explain.trust.subject import Subject
    from napari_strata.models.registry import LoadedModel


@dataclass(frozen=True, slots=True)
class MapsOutlook:
    """What maps of one frame will cost.

    Attributes
    ----------
    first : float
        Time that the frame takes before its first map [s].
    each : float
        Time of every map, its scores by `JudgeConfig` included where they are asked for [s]; of several methods
        together.
    """

    first: float
    each: float

    def seconds(self, maps: int) -> float:
        """Return how long so many maps take [s]."""
        return self.first + self.each * maps if maps else 0.0


@job
def estimate_maps(
    control: JobControl,
    inquiry: Inquiry,
    *,
    methods: Sequence[ExplainMethod],
    judging: JudgeConfig | None = None,
    of_frames: bool = False,
) -> JobBody:
    """Reckon from the passes of methods, and the time of one, what their maps will cost.

    Parameters
    ----------
    control : JobControl
        Stop ends it with nothing.
    inquiry : Inquiry
        What is asked, and the settings of the methods; an atom target lies on its atom and has a radius.
    methods : sequence of str
        The methods; one that this network has no use for costs nothing.
    judging : JudgeConfig, optional
        Which measures are made of each map; none by default.
    of_frames : bool
        Whether each map is of another frame: then they share nothing, and come from no prober.

    Returns
    -------
    JobResult
        ``value`` is a `MapsOutlook`.

    Raises
    ------
    TargetError, ImageError, CalibrationError, BundleError, DeviceError
        If an input cannot be used.
    """
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    control.run()
    yield StateChanged(control.state)
    work, config = _Work(loaded, shown, inquiry.question, judging, of_frames=of_frames), inquiry.config
    for method in dict.fromkeys(methods):
        own = method == config.method
        work.add(config.model_copy(update={} if own else {"method": method, "feature_map": ""}))
        control.checkpoint()
    return JobResult(value=MapsOutlook(work.first, work.each))


class _Work:
    """What the methods so far cost."""

    def __init__(
        self,
        loaded: "LoadedModel",
        shown: ImageStack,
        question: "Question",
        judging: JudgeConfig | None,
        *,
        of_frames: bool,
    ) -> None:
        self._loaded, self._shown, self._question, self._judging = loaded, shown, question, judging
        self._of_frames = of_frames
        self._timed: dict[tuple[bool, bool], float] = {}
        """Seconds of a pass, by whether it is of the whole image and forward only."""
        self.first = self.each = 0.0
        self._has_shared = False

    def add(self, config: ExplainConfig) -> None:
        from napari_strata.explain.catalogue import METHODS, passes_of

        if METHODS[config.method].of_gates and not self._loaded.network.attention_gates():
            return
        if config.method in QUICK and self._judging is None and not self._of_frames:
            self.each += self._quickly(config)
            return
        try:
            begun = time.monotonic()
            prepared = self._prepare(config)
            preparing = time.monotonic() - begun
            passes = passes_of(config.method, prepared.scene)
            seconds = self._seconds(prepared)
            own = seconds if METHODS[config.method].many_passes else seconds_of_own_pass(prepared)
        except MethodError:
            return  # said in its place when the map is made
        maps, judged = (0, 0) if self._judging is None else self._work_of_judging(prepared, self._judging)
        looks = TURNS * seconds if self._loaded.network.layers > 1 else 0.0
        self.each += preparing + (1 + maps) * passes * own + judged * seconds + (looks if self._of_frames else 0.0)
        if not self._of_frames:
            self.first = max(self.first, looks)

    def _prepare(self, config: ExplainConfig) -> "Prepared":
        from napari_strata.explain.prepare import prepare
        from napari_strata.jobs.judging import NEEDS, one_by_one

        needs = () if self._judging is None else NEEDS
        prepared = prepare(self._loaded, self._shown, self._question, config, atoms=None, needs=needs)
        if self._judging is None:
            return prepared
        return dataclasses.replace(prepared, scene=one_by_one(prepared.scene))

    def _work_of_judging(self, prepared: "Prepared", judging: JudgeConfig) -> tuple[int, int]:
        """Count the maps of all measures, and the other passes; those that methods share for the first alone."""
        from napari_strata.explain.trust.judge import passes as passes_of_judging
        from napari_strata.explain.trust.judge import shared_passes

        subject = _subject(prepared, judging, 0)
        others = passes_of_judging(subject)
        maps = passes_of_judging(dataclasses.replace(subject, passes=1)) - others
        spared = shared_passes(subject) if self._has_shared else 0
        self._has_shared = True
        return maps, others - spared

    def _seconds(self, prepared: "Prepared") -> float:
        from napari_strata.explain.catalogue import METHODS

        facts = METHODS[prepared.scene.config.method]
        kind = facts.whole, facts.family == "covering"
        if kind not in self._timed:
            self._timed[kind] = seconds_of_pass(prepared)
        return self._timed[kind]

    def _quickly(self, config: ExplainConfig) -> float:
        """Time the second answer of those that share what they can."""
        from napari_strata.explain.probe import Prober

        prober, begun = Prober(self._loaded, self._shown, config, atoms=None), 0.0
        for _ in range(2):
            begun = time.monotonic()
            prober.answer(self._question)
        return time.monotonic() - begun


def _subject(prepared: "Prepared", judging: JudgeConfig, passes: int) -> "Subject":
    """Return what would be judged of a map that takes so many passes, to count those of its measures."""
    from napari_strata.explain.attribution import Attribution
    from napari_strata.explain.catalogue import METHODS, load_method
    from napari_strata.explain.trust.subject import Subject

    scene, name = prepared.scene, prepared.scene.config.method
    nothing = Attribution(scene.image[0, 0])

    def draw_noisy(_number: int) -> Any:
        return scene.image

    return Subject(
        load_method(name),
        METHODS[name],
        prepared.score,
        scene,
        prepared.view.weights,
        nothing,
        judging,
        passes=passes,
        draw_noisy=draw_noisy,
    )
