from napari_strata.widgets.parts.words import Words


def test_fewer_words_take_less_room_than_more(qtbot):
    words = Words()
    qtbot.addWidget(words)
    words.resize(200, 20)
    words.setText("a few words " * 40)
    much = words.minimumHeight()
    words.setText("a few words")
    assert words.minimumHeight() < much / 5
