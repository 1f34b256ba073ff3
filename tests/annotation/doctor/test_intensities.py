import numpy as np
import pytest

from napari_strata.annotation.doctor.finding import Severity


def test_pixels_that_are_not_finite_are_counted_and_placed(examine, image):
    image[1, 0, :2], image[2, 0, 0] = np.nan, np.inf
    (finding,) = examine(image)
    assert (finding.check, finding.severity, finding.place.frame) == ("not-finite", Severity.ERROR, 1)
    assert finding.message == "3 pixels in slices 1-2 are not finite (NaN or infinite)."


def test_a_constant_slice_is_an_error(examine, image):
    image[2] = 7
    (finding,) = examine(image)
    assert (finding.check, finding.severity, finding.place.frame) == ("constant-image", Severity.ERROR, 2)
    assert finding.message == "Every pixel has the same value, 7."


@pytest.mark.parametrize(("piled", "checks"), [(20, []), (21, ["clipped"])])
def test_more_than_a_thousandth_of_the_pixels_at_the_largest_value_are_clipped(examine, piled, checks):
    image = np.arange(20_000, dtype=np.uint16).reshape(100, 200)
    image.flat[-piled:] = image.flat[-piled]
    findings = examine(image)
    assert [finding.check for finding in findings] == checks
    assert all("0.105 % of its pixels have the largest value" in finding.message for finding in findings)


def test_a_histogram_that_runs_out_is_not_clipped(examine):
    counts = np.random.default_rng(0).poisson(4.0, (200, 200))
    assert (counts == counts.max()).mean() < 1e-3
    assert examine(counts) == []
    assert examine(np.minimum(counts, 8)) == []
    assert [finding.check for finding in examine(np.minimum(counts, 5))] == []


def test_an_empty_border_is_but_a_hint(examine, image):
    image[:, :, :3] = -1
    (finding,) = examine(image)
    assert (finding.check, finding.severity) == ("clipped", Severity.INFO)
    assert "6.25 % of its pixels have the smallest value, -1" in finding.message
