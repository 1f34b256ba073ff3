import re
from typing import Literal

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QCheckBox, QDoubleSpinBox, QLabel
from superqt import QCollapsible

from napari_strata.config import AtomsConfig, ExplainConfig, ModelConfig, SimulationConfig, TrainingConfig
from napari_strata.config.base import Config, setting
from napari_strata.errors import ConfigError
from napari_strata.widgets.editors import NumberBox
from napari_strata.widgets.form import ConfigForm


class Everything(Config):
    number: float = setting(0.106, "A number.", unit="Å/px", gt=0, le=2)
    count: int = setting(3, "A count.", ge=1, le=9)
    limit: float | None = setting(None, "A limit.", unit="minutes", gt=0)
    span: tuple[float, float] = setting((1.0, 2.5), "A span.", unit="Å")
    sizes: tuple[int, ...] = setting((4, 8), "Sizes.")
    kind: Literal["a", "b"] = setting("b", "A kind.")
    switch: bool = setting(True, "A switch.", advanced=True)
    text: str = setting("x", "A text.", advanced=True)


class Outer(Config):
    inner: AtomsConfig = AtomsConfig()
    count: int = setting(3, "A count.", ge=1)


@pytest.fixture
def form(qtbot):
    form = ConfigForm(Everything)
    qtbot.addWidget(form)
    return form


@pytest.mark.parametrize(
    "config_class", [TrainingConfig, ModelConfig, SimulationConfig, AtomsConfig, ExplainConfig, Everything]
)
def test_a_new_form_shows_the_defaults(qtbot, config_class):
    form = ConfigForm(config_class)
    qtbot.addWidget(form)
    assert form.values() == config_class()


def test_values_go_in_and_come_out(form):
    config = Everything(
        number=0.2, count=7, limit=2.5, span=(0, 56), sizes=(1, 2, 3), kind="a", switch=False, text=""
    )
    form.set_values(config)
    assert form.values() == config


def test_labels_and_tooltips_carry_the_unit(form):
    labels = {label.text(): label.toolTip() for label in form.findChildren(QLabel)}
    assert labels["Number [Å/px]"] == "A number. [Å/px]"
    assert labels["Limit [minutes]"] == "A limit. [minutes]"
    assert form.editor("number").toolTip() == "A number. [Å/px]"


def test_every_field_of_every_form_has_a_tooltip(qtbot):
    for config_class in (TrainingConfig, ModelConfig, SimulationConfig, AtomsConfig, ExplainConfig):
        form = ConfigForm(config_class)
        qtbot.addWidget(form)
        assert all(form.editor(name).toolTip() for name in config_class.model_fields)


def test_numbers_out_of_range_cannot_be_entered(form):
    form.editor("number").setValue(-5)
    form.editor("count").setValue(99)
    assert form.values().number == pytest.approx(1e-6)
    assert form.values().count == 9


def test_what_cannot_be_is_refused_in_words(form):
    form.editor("sizes").setText("4, many")
    with pytest.raises(ConfigError, match=r"sizes\.1: .*valid integer"):
        form.values()


def test_an_empty_optional_field_is_none(form):
    assert form.values().limit is None
    switch = form.editor("limit").findChild(QCheckBox)
    switch.setChecked(True)
    form.editor("limit").findChild(QDoubleSpinBox).setValue(5)
    assert form.values().limit == 5


def test_advanced_fields_are_folded_away(qtbot, form):
    form.show()
    assert form.editor("kind").isVisible()
    assert not form.editor("switch").isVisible()
    form.advanced.expand(animate=False)
    assert form.editor("switch").isVisible()
    assert form.advanced.text() == "▾ Advanced"


def test_a_fold_within_a_fold_makes_the_outer_one_higher(qtbot):
    form = ConfigForm(TrainingConfig)
    qtbot.addWidget(form)
    form.show()
    form.advanced.toggleButton().click()
    before = form.sizeHint().height()
    optimizer = form.editor("optimizer")
    optimizer.advanced.toggleButton().click()
    rows = [optimizer.editor(name) for name in ("name", "clip_norm")]
    assert form.sizeHint().height() >= before + sum(row.sizeHint().height() for row in rows)
    form.adjustSize()
    assert all(row.height() >= row.minimumSizeHint().height() for row in rows)
    optimizer.advanced.toggleButton().click()
    qtbot.waitUntil(lambda: form.sizeHint().height() == before)


def test_a_field_may_have_a_plainer_label_than_its_name(qtbot):
    form = ConfigForm(TrainingConfig)
    qtbot.addWidget(form)
    texts = {label.text() for label in form.findChildren(QLabel)}
    assert "Stop early after [epochs]" in texts
    assert "Patience" not in texts


def test_fields_decided_elsewhere_are_given_when_reading(qtbot):
    form = ConfigForm(ModelConfig, ("filters",))
    qtbot.addWidget(form)
    assert form.values(architecture="unet", layers=1) == ModelConfig(architecture="unet", layers=1)
    with pytest.raises(ConfigError, match="a unet has exactly 1 layer"):
        form.values(architecture="unet", layers=2)


def test_a_nested_model_is_edited_in_place(qtbot):
    form = ConfigForm(Outer)
    qtbot.addWidget(form)
    form.editor("inner").set_value("min_distance", 1.5)
    assert form.values() == Outer(inner=AtomsConfig(min_distance=1.5))


def test_a_change_is_told(qtbot, form):
    with qtbot.waitSignal(form.changed):
        form.editor("count").setValue(5)


@pytest.mark.parametrize(("value", "text"), [(5.0, "5"), (0.106, "0.106"), (0.002, "0.002"), (10000.0, "10000")])
def test_numbers_are_shown_without_useless_zeros(qtbot, value, text):
    box = NumberBox()
    qtbot.addWidget(box)
    box.set_value(value)
    assert re.sub(r"[^\d.]", "", box.text()) == text


@pytest.mark.parametrize(("value", "step"), [(5.0, 0.1), (150.0, 10), (0.2, 0.01), (0.002, 0.0001), (0.0, 0.01)])
def test_a_step_fits_the_size_of_the_number(qtbot, value, step):
    box = NumberBox()
    qtbot.addWidget(box)
    box.set_value(value)
    assert box.singleStep() == pytest.approx(step)


@pytest.fixture
def wheel():
    """Return a notch of the mouse wheel, upwards."""
    return QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 120),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


@pytest.mark.parametrize("name", ["number", "count", "kind"])
def test_the_wheel_scrolls_the_page_and_changes_nothing_without_focus(form, wheel, name):
    before = form.values()
    QApplication.sendEvent(form.editor(name), wheel)
    assert form.values() == before
    assert not wheel.isAccepted()


@pytest.mark.parametrize(("name", "value"), [("number", 0.116), ("count", 4), ("kind", "a")])
def test_the_wheel_changes_what_has_the_focus(qtbot, form, wheel, name, value):
    form.show()
    form.activateWindow()
    form.editor(name).setFocus()
    qtbot.waitUntil(form.editor(name).hasFocus)
    QApplication.sendEvent(form.editor(name), wheel)
    assert form.value(name) == pytest.approx(value)


def test_a_form_is_no_wider_than_a_narrow_dock(qtbot):
    for config_class in (TrainingConfig, ModelConfig, SimulationConfig, AtomsConfig, ExplainConfig):
        form = ConfigForm(config_class)
        qtbot.addWidget(form)
        for part in form.findChildren(QCollapsible):
            part.expand(animate=False)
        assert form.minimumSizeHint().width() <= 320
