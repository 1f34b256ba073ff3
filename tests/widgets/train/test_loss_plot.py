import pytest

from napari_strata.events import BatchEnded, EpochEnded
from napari_strata.training.run.history import Epoch
from napari_strata.widgets.train.loss_plot import LossPlot, log_ticks


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def plot(qtbot, viewer):
    plot = LossPlot(viewer)
    qtbot.addWidget(plot)
    plot.start()
    return plot


def add(plot: LossPlot, losses: list[float]) -> None:
    for step, loss in enumerate(losses, start=1):
        plot.add_batch(BatchEnded(step, 1, 1, loss, 1e-3, 0.0, 0.0))


def epoch(number: int, loss: float | None, *, is_best: bool) -> EpochEnded:
    return EpochEnded(number, 9, 10 * number, 1.0, loss, 0.5, is_best, 0.0, 0.0)


def drawn(plot: LossPlot, name: str) -> tuple[list[float], list[float]]:
    x, y = plot._curves[name].getOriginalDataset()
    return ([], []) if x is None else (list(x), list(y))


def test_every_batch_is_drawn_and_so_is_its_running_mean(plot):
    add(plot, [4.0, 2.0])
    plot.draw()
    assert drawn(plot, "batch") == ([1, 2], [4, 2])
    assert drawn(plot, "mean")[1] == pytest.approx([4, (0.9 * 4 + 2) / 1.9])


def test_only_the_last_best_validation_is_marked(plot):
    plot.add_epoch(epoch(1, 3.0, is_best=True))
    plot.add_epoch(epoch(2, 2.0, is_best=True))
    plot.add_epoch(epoch(3, 2.5, is_best=False))
    plot.draw()
    assert drawn(plot, "validation") == ([10, 20, 30], [3, 2, 2.5])
    assert drawn(plot, "best") == ([20], [2])


def test_the_mark_goes_when_weights_without_a_score_are_the_best(plot):
    plot.add_epoch(epoch(1, 3.0, is_best=True))
    plot.add_epoch(epoch(2, None, is_best=True))
    plot.draw()
    assert drawn(plot, "validation") == ([10], [3])
    assert drawn(plot, "best") == ([], [])


def test_the_mark_goes_with_a_correction_until_there_is_a_best_again(plot):
    plot.add_epoch(epoch(1, 2.0, is_best=True))
    plot.forget_best()
    plot.draw()
    assert drawn(plot, "best") == ([], [])
    plot.add_epoch(epoch(2, 3.0, is_best=True))
    plot.draw()
    assert drawn(plot, "best") == ([20], [3])


def test_without_held_out_data_there_is_no_validation(plot):
    add(plot, [4.0])
    plot.add_epoch(epoch(1, None, is_best=True))
    plot.draw()
    assert drawn(plot, "validation") == drawn(plot, "best") == ([], [])


def test_the_axes_grow_in_steps_around_all_that_is_drawn(plot):
    add(plot, [4.0] * 11)
    plot.add_epoch(epoch(1, 0.3, is_best=True))
    plot.draw()
    (left, right), (bottom, top) = plot._plot.viewRange()
    assert (left, right) == pytest.approx((0, 15))
    assert 10**bottom <= 0.3 <= 4.0 <= 10**top


def test_a_new_training_starts_with_an_empty_plot(plot):
    add(plot, [4.0])
    plot.draw()
    plot.start()
    assert drawn(plot, "batch") == ([], [])


def test_the_ticks_of_the_loss_are_few_and_between_the_ends():
    assert [text for _, text in log_ticks(-0.8, 0.2)] == ["0.2", "0.5", "1"]
    assert log_ticks(-1, 0) == [
        (-1, "0.1"),
        (pytest.approx(-0.69897), "0.2"),
        (pytest.approx(-0.30103), "0.5"),
        (0, "1"),
    ]
    assert [text for _, text in log_ticks(-2, 0)] == ["0.01", "0.1", "1"]
    assert [text for _, text in log_ticks(-3.2, 1)] == ["0.001", "0.01", "0.1", "1", "10"]


def test_the_legend_stands_above_the_curves(qtbot, plot):
    add(plot, [4.0, 0.5])
    plot.draw()
    plot.resize(340, plot.height())
    plot.show()
    item = plot._plot.getPlotItem()
    box = item.vb
    qtbot.waitUntil(lambda: item.legend.sceneBoundingRect().bottom() <= box.sceneBoundingRect().top())
    assert box.sceneBoundingRect().height() > 80
    assert [label.text for _, label in item.legend.items] == ["training", "validation", "best"]


def test_numbers_of_the_axes_are_not_scaled(plot):
    assert not any(plot._plot.getAxis(side).autoSIPrefix for side in ("left", "bottom"))


def before(step: int, loss: float, validation: float, *, is_best: bool) -> Epoch:
    return Epoch(step, loss, validation, 0.5, is_best, 1.0)


def test_what_a_training_did_before_it_goes_on_is_drawn_and_what_it_does_again_is_not(plot):
    plot.recall([before(10, 4.0, 3.0, is_best=True), before(20, 2.0, 1.0, is_best=True)])
    assert drawn(plot, "batch") == ([10, 20], [4, 2])
    assert drawn(plot, "validation") == ([10, 20], [3, 1])
    for step, loss in ((15, 3.0), (16, 2.5)):  # it was saved after step 14
        plot.add_batch(BatchEnded(step, 1, 1, loss, 1e-3, 0.0, 0.0))
    plot.draw()
    assert drawn(plot, "batch") == ([10, 15, 16], [4, 3, 2.5])
    assert drawn(plot, "mean")[1][:2] == pytest.approx([4, (0.9 * 4 + 3) / 1.9])
    assert drawn(plot, "validation") == drawn(plot, "best") == ([10], [3])
    assert plot._plot.viewRange()[0][0] == pytest.approx(0)
