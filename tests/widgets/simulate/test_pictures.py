import numpy as np
import pytest

from napari_strata.widgets.simulate.comparison import Comparison, Named
from napari_strata.widgets.simulate.pictures import grey_image, grey_spectra, shown_part
from napari_strata.widgets.simulate.words import drawn_in_words


def test_gain_and_offset_do_not_change_a_picture():
    image = np.random.default_rng(0).random((40, 50))
    whole = (slice(None), slice(None))
    plain, changed = (grey_image(one, whole).astype(int) for one in (image, 64 * image + 1024))
    assert np.abs(plain - changed).max() <= 1


@pytest.mark.parametrize(
    ("shape", "pixel_size", "expected"),
    [
        ((512, 512), 0.1, (slice(128, 384), slice(128, 384))),  # 25.6 Å
        ((512, 512), 0.05, (slice(6, 506), slice(6, 506))),  # 25 Å
        ((100, 300), 0.1, (slice(0, 256), slice(22, 278))),
    ],
)
def test_so_much_is_shown_that_columns_are_seen(shape, pixel_size, expected):
    assert shown_part(shape, pixel_size) == expected


def test_both_spectra_have_the_contrast_of_the_users():
    ours, yours = np.linspace(0, 4, 101, dtype=np.float32), np.linspace(0, 2, 101, dtype=np.float32)
    ours, yours = grey_spectra(ours[None], yours[None])
    assert yours is not None
    assert ours[0, 25] == yours[0, 50] == 0  # the median of yours is 1
    assert ours[0, 60] == 255 > yours[0, 60]


def test_pictures_lie_in_two_columns_and_fill_the_width(qtbot):
    widget = Comparison()
    qtbot.addWidget(widget)
    widget.resize(304, 100)
    widget.show_pictures([Named(name, np.zeros((8, 8), np.uint8)) for name in "abc"])
    places = [widget.places(number)[1] for number in range(3)]
    assert {place.width() for place in places} == {150}
    assert places[0].top() == places[1].top() < places[2].top()
    assert widget.minimumHeight() > 300
    widget.show_pictures([])
    assert widget.minimumHeight() == 0


def test_optics_are_told_by_their_defocus():
    values = {
        "material": "Si-110",
        "twist": [],
        "probe": {"defocus": -35.2},
        "detector": {"background": 0.0},
        "dose": 2087.0,
        "background": 0.31,
    }
    assert (
        drawn_in_words(values, dose_per="area")
        == "Drawn: Si-110, defocus -35 Å, dose 2,090 counts per Å², background 0.31."
    )
    seen = drawn_in_words(values | {"material": "nacl"}, dose_per="area", zone_axis=(1, -1, 0))
    assert seen.startswith("Drawn: nacl along [1 -1 0], defocus")
