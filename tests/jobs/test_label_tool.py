import numpy as np

from napari_strata.annotation.tools.between import fill_between, gaps_of
from napari_strata.control import JobControl
from napari_strata.errors import LabelsError
from napari_strata.events import FinishReason, Progress
from napari_strata.jobs.label_tool import use_label_tool

CODES = np.zeros((3, 4, 5), np.uint8)
IMAGE = np.arange(60).reshape(3, 4, 5)


def bright(codes, image):
    assert codes.shape == image.shape == (4, 5)
    return np.where(image >= 38, 2, codes).astype(np.uint8)


def run(*args, stop_after=None):
    control, events = JobControl(), []
    for event in use_label_tool(control, *args):
        events.append(event)
        if isinstance(event, Progress) and event.message == stop_after:
            control.request_stop()
    return events


def test_a_tool_works_on_each_slice_that_it_is_given():
    ended = run(bright, CODES, IMAGE, [0, 1])[-1]
    assert ended.result.figures == {"pixels": {2: 2}}
    assert [axis.tolist() for axis in ended.result.value.indices] == [[1, 1], [3, 3], [3, 4]]
    assert not CODES.any()


def test_a_tool_works_on_ranges_of_slices():
    codes = np.zeros((3, 3, 3), np.uint8)
    codes[[0, 2], 1, 1] = 2
    ended = run(lambda block, _image: fill_between(block, code=2), codes, codes, gaps_of(codes, 2))[-1]
    assert [axis.tolist() for axis in ended.result.value.indices] == [[1], [1], [1]]


def test_a_stop_between_two_slices_changes_nothing():
    ended = run(bright, CODES, IMAGE, [0, 1, 2], stop_after="Part 2 of 3")[-1]
    assert (ended.reason, ended.result) == (FinishReason.CANCELED, None)


def test_a_tool_that_cannot_work_fails_with_its_reason():
    def refuse(_codes, _image):
        raise LabelsError("No.", remedy="Paint.")

    assert isinstance(run(refuse, CODES, IMAGE, [0])[-1].error, LabelsError)
