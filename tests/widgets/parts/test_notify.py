import torch
from napari.utils.notifications import notification_manager

from napari_strata.errors import ImageError
from napari_strata.events import FinishReason, JobEnded, Warned
from napari_strata.widgets.parts.notify import in_notifications, in_words, show_ending, show_warned


def last() -> tuple[str, str]:
    record = notification_manager.records[-1]
    return record.severity.value, record.message


def test_a_mistake_is_shown_with_its_remedy():
    show_ending(JobEnded(FinishReason.FAILED, error=ImageError("It is grey.", remedy="Paint it.")))
    assert last() == ("error", "It is grey. Paint it.")


def test_an_ending_without_an_error_needs_no_words():
    count = len(notification_manager.records)
    show_ending(JobEnded(FinishReason.CANCELED))
    assert len(notification_manager.records) == count


def test_running_out_of_memory_has_a_remedy_of_its_own():
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA")):
        assert "smaller batch" in in_words(error)


def test_an_unexpected_error_is_named_and_owned():
    assert in_words(ValueError("no\nway")).startswith("ValueError: no way This is a fault of napari-strata")


def test_a_warning_of_a_job_is_shown():
    show_warned(Warned("No held-out data.", "Label more."))
    assert last() == ("warning", "No held-out data. Label more.")


def test_what_a_click_starts_shows_mistakes_instead_of_raising():
    def slot() -> None:
        raise ImageError("It is grey.", remedy="Paint it.")

    in_notifications(slot)()
    assert last() == ("error", "It is grey. Paint it.")
