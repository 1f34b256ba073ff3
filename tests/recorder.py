"""A job that remembers how it was called."""

from typing import Any

from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress
from napari_strata.jobs.job import JobBody, job


class Recorder:
    """Stands in for a job and remembers how it was called."""

    def __init__(self) -> None:
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}

    def __call__(self, control: JobControl, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs = args, kwargs
        return self._body(control)

    @staticmethod
    @job
    def _body(control: JobControl) -> JobBody:
        control.run()
        yield Progress(1.0, "done")
        return JobResult({"atoms": 3})
