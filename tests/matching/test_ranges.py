"""Settings around what an image tells."""

import pytest

from napari_strata.config import SimulationConfig
from napari_strata.matching.estimates import Estimate, ImageEstimates
from napari_strata.matching.ranges import ranges_around
from napari_strata.matching.words import doubts, figures_of, found_in_words, summary


def told(**changes: object) -> ImageEstimates:
    values = {
        "pixel_size": Estimate(0.1069, 0.0002),
        "stated_pixel_size": 0.1062,
        "layers": 2,
        "layers_seen": 2,
        "twist": Estimate(28.9, 0.1),
        "stretch": 1.0735,
        "probe_width": Estimate(0.5, 0.01),
        "dose": Estimate(100.0, 10.0),
        "background": Estimate(0.2, 0.02),
        "even_background": Estimate(3.0, 0.2),
        "is_gain_known": True,
        "is_smoothed": False,
        "is_saturated": False,
    }
    return ImageEstimates(**(values | changes))


def test_the_ranges_lie_around_what_was_found():
    settings = ranges_around(told(), SimulationConfig())
    assert settings.probe.sigma == pytest.approx((0.4, 0.6))
    assert settings.dose == pytest.approx((50, 200))
    assert settings.twist == pytest.approx((25.9, 31.9))
    assert settings.contamination.background == pytest.approx((0.14, 0.26))
    assert settings.detector.background == pytest.approx((2.1, 3.9))
    assert settings.scan.affine == pytest.approx(0.037)


def test_what_is_unsure_gets_wider_ranges():
    settings = ranges_around(told(probe_width=Estimate(0.5, 0.1), dose=Estimate(100, 100)), SimulationConfig())
    assert settings.probe.sigma == pytest.approx((0.3, 0.7))
    assert settings.dose == pytest.approx((33.3, 300))


def test_ranges_stay_within_what_the_settings_allow():
    unsure = Estimate(9.5, 2.0)
    settings = ranges_around(told(twist=Estimate(1.0, 0.1), even_background=unsure), SimulationConfig())
    assert settings.twist == pytest.approx((0, 4))
    assert settings.detector.background[1] == 10


def test_what_the_image_does_not_tell_stays():
    before = SimulationConfig.parse({"material": "MoS2", "probe": {"preset": "60 kV corrected"}, "dose": (5, 6)})
    nothing = told(twist=None, probe_width=None, dose=None, background=None, even_background=None, stretch=1.0)
    assert ranges_around(nothing, before) == before


def test_a_width_that_was_found_takes_the_place_of_optics():
    before = SimulationConfig.parse({"probe": {"preset": "60 kV corrected"}})
    after = ranges_around(told(), before).probe
    assert (after.preset, after.kind) == ("none", "width")


def test_settings_around_an_image_can_be_written_and_read(tmp_path):
    settings = ranges_around(told(), SimulationConfig.parse({"defects": {"dopants": ["Si for C 0 to 0.1"]}}))
    (tmp_path / "simulation.yaml").write_text(settings.to_yaml(), encoding="utf-8")
    assert SimulationConfig.read(tmp_path / "simulation.yaml") == settings


def test_the_words_tell_every_estimate_with_its_uncertainty():
    words = " ".join(found_in_words(told(), SimulationConfig()))
    for part in (
        "0.1069 ± 0.0002 Å/px",
        "28.90 ± 0.10 degrees",
        "0.500 ± 0.010 Å",
        "100 ± 10 counts",
        "3.0 ± 0.2",
    ):
        assert part in words


def test_the_summary_leaves_out_backgrounds_that_are_none_and_nothing_else():
    faint = {"background": Estimate(0.1, 0.1), "even_background": Estimate(-0.1, 0.2)}
    unsure = {"twist": Estimate(0.2, 0.4), "dose": Estimate(100.0, 100.0)}
    words = summary(told(**faint, **unsure))
    assert "twist 0.2 ± 0.4°" in words and "dose 100 ± 100 counts" in words
    assert words.endswith(", no background that could be told from none.")
    assert words.count("background") == 1
    assert "even background 3.0 ± 0.2" in summary(told(background=Estimate(0.1, 0.1)))


def test_an_image_that_tells_all_leaves_no_doubt():
    assert doubts(told(), SimulationConfig()) == ()


def test_the_figures_name_their_units_and_what_is_not_known():
    figures = figures_of(told(twist=None))
    assert figures["pixel_size_A"] == 0.1069 and figures["pixel_size_A_sigma"] == 0.0002
    assert figures["twist_deg"] is None and figures["twist_deg_sigma"] is None
