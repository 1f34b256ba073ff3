"""What was corrected during a training, and which of it must not go wrong again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from napari_strata.events import CorrectionTaken, PinResult
from napari_strata.requests import Correction, Pin, Request, Unpin

NEAR = 12
"""Strokes of one slice that are no farther apart than this are one correction [px]."""
TOGETHER = 20.0
"""And that follow each other within this time [s]."""


class PinState(Enum):
    """How a pinned region does."""

    NOT_PINNED = "not pinned"
    NOT_CHECKED = "not checked yet"
    EMPTY = "nothing painted there"
    RIGHT = "right"
    WRONG = "wrong"
    WRONG_AGAIN = "wrong AGAIN"


@dataclass(slots=True, eq=False)
class Corrected:
    """One region that was painted, or pinned as it was seen.

    Attributes
    ----------
    frame : int
        Slice.
    y, x, height, width : int
        Where [px].
    step : int or None
        First step that learns from it; None where nothing was painted, only pinned, and of what waits.
    time : datetime or None
        When; None in an earlier life of the run, which tells no times.
    layers : set of int
        Crystal layers that were painted.
    pin : str
        Name of its pin; empty where it is not pinned.
    error : float or None
        Part of its labelled pixels that were wrong at the last check.
    state : PinState
        How it does.
    """

    frame: int
    y: int
    x: int
    height: int
    width: int
    step: int | None
    time: datetime | None = field(default_factory=datetime.now)
    layers: set[int] = field(default_factory=set)
    pin: str = ""
    error: float | None = None
    state: PinState = PinState.NOT_PINNED

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right edge [px]."""
        return self.y, self.x, self.y + self.height, self.x + self.width

    @property
    def centre(self) -> tuple[int, int]:
        """Its middle pixel (y, x)."""
        return self.y + self.height // 2, self.x + self.width // 2

    @property
    def waits(self) -> bool:
        """Whether it was painted in a pause and is not learned yet."""
        return self.step is None and not self.pin

    def as_pin(self) -> Pin:
        """Return the request that pins it."""
        return Pin(self.pin, self.frame, self.y, self.x, self.height, self.width)

    def take(self, result: PinResult) -> None:
        """Note how it was recognised; once it was right, it is wrong AGAIN until it is right."""
        self.error = result.error
        was_right = result.was_right or self.state is PinState.WRONG_AGAIN
        if result.error is None:
            self.state = PinState.EMPTY
        elif result.is_right:
            self.state = PinState.RIGHT
        else:
            self.state = PinState.WRONG_AGAIN if was_right else PinState.WRONG


class Ledger:
    """The corrections of one training, oldest first.

    Attributes
    ----------
    entries : list of Corrected
        The corrections, and regions that were only pinned.
    waiting : list of Corrected
        What was painted in a pause that is not over yet.
    taken : int
        How many corrections are learned from.
    since : int
        The first step that learns from the newest one.
    """

    def __init__(self) -> None:
        self.entries: list[Corrected] = []
        self.waiting: list[Corrected] = []
        self.taken = self.since = 0
        self._pins = 0

    @property
    def pinned(self) -> list[Corrected]:
        """Those that are pinned."""
        return [one for one in self.entries if one.pin]

    def add(self, event: CorrectionTaken) -> None:
        """Note that something is learned; strokes side by side are one correction."""
        self._add(event, datetime.now())

    def _add(self, event: CorrectionTaken, now: datetime | None) -> None:
        self.since = event.step
        box = event.y, event.x, event.y + event.height, event.x + event.width
        last = next((one for one in reversed(self.entries) if one.step is not None), None)
        if last is not None and _belongs(last, event.frame, box, now):
            _grow(last, box, event.layer, now)
            last.step = event.step
            return
        self.taken += 1
        size = event.height, event.width
        self.entries.append(Corrected(event.frame, event.y, event.x, *size, event.step, now, {event.layer}))

    def wait(self, painted: Correction) -> None:
        """Note that something was painted which is learned later; strokes side by side are one correction."""
        now, (height, width) = datetime.now(), painted.codes.shape
        box = painted.y, painted.x, painted.y + height, painted.x + width
        if self.waiting and _belongs(self.waiting[-1], painted.frame, box, now):
            _grow(self.waiting[-1], box, painted.layer, now)
        else:
            one = Corrected(painted.frame, painted.y, painted.x, height, width, None, now, {painted.layer})
            self.waiting.append(one)

    def pin(self, one: Corrected) -> Pin:
        """Pin an entry, which may be a new one, and return the request for it."""
        self._pins += 1
        one.pin, one.state, one.error = f"Pin {self._pins}", PinState.NOT_CHECKED, None
        if one not in self.entries:
            self.entries.append(one)
        return one.as_pin()

    def unpin(self, one: Corrected) -> Unpin:
        """Unpin an entry and return the request for it; what was only pinned goes."""
        name, one.pin, one.state, one.error = one.pin, "", PinState.NOT_PINNED, None
        if one.step is None:
            self.entries.remove(one)
        return Unpin(name)

    def take(self, results: Iterable[PinResult]) -> None:
        """Note what a check of the pins found."""
        pins = {one.pin: one for one in self.pinned}
        for result in results:
            if result.name in pins:
                pins[result.name].take(result)

    def recall(self, requests: Iterable[tuple[int, Request]]) -> None:
        """Note what was asked of an earlier life of the run, with its steps, oldest first."""
        for step, request in requests:
            match request:
                case Correction(frame=frame, layer=layer, y=y, x=x, codes=codes):
                    self._add(CorrectionTaken(frame, layer, y, x, codes.shape[0], codes.shape[1], step), None)
                case Pin(name=name, frame=frame, y=y, x=x, height=height, width=width):
                    box = y, x, y + height, x + width
                    same = (one for one in self.entries if (one.frame, one.box) == (frame, box) and not one.pin)
                    one = next(same, None) or Corrected(frame, y, x, height, width, None, None)
                    self.pin(one)
                    one.pin = name
                case Unpin(name=name):
                    for one in [one for one in self.entries if one.pin == name]:
                        self.unpin(one)


Box = tuple[int, int, int, int]


def _belongs(last: Corrected, frame: int, box: Box, now: datetime | None) -> bool:
    """Return whether a stroke is part of the last correction; all without a time count as made together."""
    if now is None or last.time is None:
        is_soon = now is last.time
    else:
        is_soon = (now - last.time).total_seconds() <= TOGETHER
    return is_soon and not last.pin and last.frame == frame and _near(last.box, box)


def _grow(one: Corrected, box: Box, layer: int, now: datetime | None) -> None:
    """Let a stroke be part of a correction."""
    top, left, bottom, right = _around(one.box, box)
    one.y, one.x, one.height, one.width = top, left, bottom - top, right - left
    one.layers.add(layer)
    one.time = now


def _near(one: Box, other: Box) -> bool:
    return all(one[i] - NEAR <= other[i + 2] and other[i] - NEAR <= one[i + 2] for i in (0, 1))


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
