import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QLocale, QPoint, QPointF, Qt
from qtpy.QtGui import QValidator, QWheelEvent
from qtpy.QtWidgets import QApplication, QCheckBox, QDoubleSpinBox, QLabel
from superqt import QCollapsible

from napari_strata.config import AtomsConfig, ExplainConfig, ModelConfig, SimulationConfig, TrainingConfig
from napari_strata.config.base import Config, setting
from napari_strata.config.microscope import ProbeConfig
from napari_strata.errors import ConfigError
from napari_strata.widgets.parts.form import ConfigForm
from napari_strata.widgets.parts.number_boxes import IntegerBox, NumberBox


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
    assert form.values().number == pytest.approx(1e-9)
    assert form.values().count == 9


def test_what_cannot_be_is_refused_in_words(form):
    form.editor("sizes").setText("4, many")
    with pytest.raises(ConfigError) as told:
        form.values()
    assert str(told.value) == "Sizes: “many” is no whole number. Type a whole number, such as 8."


def test_an_empty_optional_field_is_none_and_shows_no_number(form):
    assert form.values().limit is None
    switch, box = (form.editor("limit").findChild(kind) for kind in (QCheckBox, QDoubleSpinBox))
    assert box.isHidden()
    assert (switch.text(), switch.accessibleName(), box.accessibleName()) == ("set", "Limit: set", "Limit")
    switch.setChecked(True)
    assert not box.isHidden()
    assert form.values().limit == 1
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
    with pytest.raises(ConfigError, match="A unet has exactly 1 layer"):
        form.values(architecture="unet", layers=2)


def test_a_nested_model_is_edited_in_place(qtbot):
    form = ConfigForm(Outer)
    qtbot.addWidget(form)
    form.editor("inner").set_value("min_distance", 1.5)
    assert form.values() == Outer(inner=AtomsConfig(min_distance=1.5))


def test_a_microscope_fills_in_its_optics(qtbot):
    form = ConfigForm(ProbeConfig)
    qtbot.addWidget(form)
    form.set_value("preset", "200 kV uncorrected")
    assert form.values() == ProbeConfig(preset="200 kV uncorrected")
    form.set_value("source", (0.6, 0.7))
    assert form.values() == ProbeConfig(preset="200 kV uncorrected", source=(0.6, 0.7))


def test_settings_beside_a_microscope_are_shown_as_they_are(qtbot):
    form = ConfigForm(ProbeConfig)
    qtbot.addWidget(form)
    config = ProbeConfig(preset="200 kV uncorrected", voltage=100)
    form.set_values(config)
    assert form.values() == config


def test_foreign_atoms_and_a_direction_are_edited_as_text(qtbot, tmp_path):
    form = ConfigForm(SimulationConfig)
    qtbot.addWidget(form)
    config = SimulationConfig.parse(
        {
            "crystal": {"cif": tmp_path / "mine.cif", "zone_axis": (1, -1, 0)},
            "defects": {"dopants": ["Se for S 0 to 0.1", "V for Mo 0.05"]},
        }
    )
    form.set_values(config)
    assert form.values() == config


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


def type_in(qtbot, box, text):
    """Select all, type over it, and return what the box shows after every key."""
    if box.parent() is None:
        qtbot.addWidget(box)
        box.show()
    box.lineEdit().selectAll()
    shown = []
    for key in text:
        qtbot.keyClicks(box, key)
        shown.append(box.lineEdit().text())
    return shown


def test_a_whole_number_is_not_rewritten_while_it_is_typed(qtbot):
    form = ConfigForm(TrainingConfig)
    qtbot.addWidget(form)
    box = form.editor("patch_size")
    form.show()
    assert box.minimum() > 6
    assert type_in(qtbot, box, "64") == ["6", "64"]
    assert box.value() == 64


@pytest.mark.parametrize(("text", "value"), [("1e3", 1000), ("2.5e2", 250), ("1E+2", 100), ("+64", 64)])
def test_a_whole_number_is_taken_as_it_is_meant(qtbot, text, value):
    box = IntegerBox(16, 5000)
    box.setValue(200)
    assert type_in(qtbot, box, text)[-1] == text
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), box.value()) == (str(value), value)


@pytest.mark.parametrize("text", ["12.5", "-5", "6", "1e9", "1e999", "1.000", "1.5e0", "10k", "5 0", "nan"])
def test_what_is_no_whole_number_within_the_bounds_is_refused_in_words_and_the_one_before_stays(qtbot, text):
    notification_manager.records.clear()
    form = ConfigForm(TrainingConfig, ["patch_size"])
    qtbot.addWidget(form)
    form.show()
    box = form.editor("patch_size")
    box.setValue(128)
    assert type_in(qtbot, box, text)[-1] == text
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), box.value()) == ("128", 128)
    (record,) = notification_manager.records
    assert record.message.startswith("Patch")
    assert text in record.message
    assert record.message.endswith("It stays 128.")


@pytest.mark.parametrize("language", ["en_US", "de_DE", "sv_SE", "ar_EG"])
@pytest.mark.parametrize("text", ["1e-3", "1E-3", "0,001", "0.001", ",001", "100e-5"])
def test_a_number_is_taken_as_it_is_typed(qtbot, language, text):
    QLocale.setDefault(QLocale(language))
    try:
        box = NumberBox()
        assert type_in(qtbot, box, text)[-1] == text
        assert box.value() == pytest.approx(0.001)
        qtbot.keyClick(box, Qt.Key.Key_Return)
        assert box.value() == pytest.approx(0.001)
    finally:
        QLocale.setDefault(QLocale.c())


@pytest.mark.parametrize("text", ["1e-", "0,0005", "5e3", "-", "3x", "1,2,3", "1 0"])
def test_what_is_no_number_within_the_bounds_is_refused_in_words_and_the_one_before_stays(qtbot, text):
    notification_manager.records.clear()
    box = NumberBox(0.01, 10)
    box.setValue(2)
    assert type_in(qtbot, box, text)[-1] == text
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), box.value()) == ("2", 2)
    (record,) = notification_manager.records
    assert text in record.message
    assert record.message.endswith("It stays 2.")


def test_the_number_before_is_that_from_before_the_first_key_or_step(qtbot):
    box = IntegerBox(1, 500)
    box.setValue(200)
    qtbot.addWidget(box)
    box.show()
    qtbot.keyClick(box, Qt.Key.Key_Up)
    type_in(qtbot, box, "12.5")  # on the way it is 12
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 201


@pytest.mark.parametrize("box", [IntegerBox, NumberBox])
def test_an_empty_box_gets_its_number_back_without_a_word(qtbot, box):
    notification_manager.records.clear()
    box = box(1, 500)
    box.setValue(200)
    qtbot.addWidget(box)
    box.show()
    box.lineEdit().selectAll()
    qtbot.keyClick(box, Qt.Key.Key_Backspace)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 200
    assert not notification_manager.records


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_every_number_comes_back_from_its_text(qapp, value):
    box = NumberBox()
    assert box.valueFromText(box.textFromValue(value)) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("language", ["en_US", "de_DE", "sv_SE", "ar_EG", "fa_IR"])
@pytest.mark.parametrize("value", [1e-5, 0.106, -2.5, 12345.0])
def test_what_a_box_shows_can_be_edited_in_every_language(qtbot, language, value):
    QLocale.setDefault(QLocale(language))
    try:
        box = NumberBox(-10, 1e6)
        box.set_value(value)
        assert box.validate(box.text(), 0)[0] is QValidator.State.Acceptable
        type_in(qtbot, box, box.text())
        assert box.value() == value
    finally:
        QLocale.setDefault(QLocale.c())


def test_digits_that_are_not_shown_stay_when_editing_ends(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    box.set_value(0.10623784)
    assert box.text() == "0.106238"
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 0.10623784


@pytest.mark.parametrize("language", ["en_US", "de_DE"])
def test_thousands_have_no_marks_that_could_be_read_as_decimals(qtbot, language):
    QLocale.setDefault(QLocale(language))
    try:
        assert NumberBox().textFromValue(12345.0) == "12345"
    finally:
        QLocale.setDefault(QLocale.c())


def test_a_unit_behind_the_number_and_a_word_for_the_least_are_no_part_of_it(qtbot):
    box = NumberBox(0.0, 100.0)
    box.setSuffix(" Å/px")
    box.setSpecialValueText("not known")
    qtbot.addWidget(box)
    box.set_value(0.2)
    box.show()
    box.lineEdit().selectAll()
    qtbot.keyClicks(box, "1e-1")
    assert box.value() == pytest.approx(0.1)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.text() == "0.1 Å/px"
    box.setValue(0)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), box.value()) == ("not known", 0)
    box.setValue(5)
    box.lineEdit().selectAll()
    qtbot.keyClick(box, Qt.Key.Key_Backspace)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), box.value()) == ("not known", 0)
