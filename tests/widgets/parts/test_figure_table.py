import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_strata.widgets.parts.figure_table import FigureTable


@pytest.fixture
def table(qtbot):
    table = FigureTable()
    qtbot.addWidget(table)
    table.show_rows(["", "A", "B"], [("Head",), ("a", "1", "2"), ("both", "3")], ["", "tip", ""])
    table.show()
    return table


def test_headlines_and_shared_figures_span_the_columns(table):
    assert table.columnSpan(0, 0) == 3
    assert [table.columnSpan(1, column) for column in range(3)] == [1, 1, 1]
    assert table.columnSpan(2, 1) == 2
    assert table.item(1, 0).toolTip() == "tip"


def test_all_of_it_is_copied_between_tabs(table):
    table.copy()
    assert QApplication.clipboard().text() == "\tA\tB\nHead\na\t1\t2\nboth\t3"


def test_selected_cells_are_copied(qtbot, table):
    table.item(1, 1).setSelected(True)
    table.item(1, 2).setSelected(True)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "1\t2"


def test_other_rows_take_the_place_of_the_first(table):
    table.show_rows(["", "A"], [("a", "1")])
    assert table.as_text() == "\tA\na\t1"
    assert table.columnSpan(0, 0) == 1


def test_figures_keep_to_one_line_and_titles_wrap_instead(table):
    figure = "119.655 ± 0.018"
    table.show_rows(["", "A", "B"], [("short", "1", "2"), ("Median of the residuals", figure, figure)])
    wide = table.fontMetrics().horizontalAdvance
    table.resize(2 * wide(figure) + wide("Median of the"), 300)
    assert table.columnWidth(1) > wide(figure) < table.columnWidth(2)
    assert table.rowHeight(1) > table.rowHeight(0)


def test_rows_are_one_line_high_again_where_the_table_grows(table):
    table.show_rows(["", "A"], [("a", "1"), ("one title of many words", "figure of words")])
    table.resize(120, 300)
    assert table.rowHeight(1) > table.rowHeight(0)
    table.resize(600, 300)
    assert table.rowHeight(1) == table.rowHeight(0)
