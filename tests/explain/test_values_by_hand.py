"""Every method against small networks whose maps are worked out by hand."""

import itertools

import pytest
import torch

from benchmarks.by_hand import shapley
from benchmarks.known_networks import IMAGE, ONE, SIX, WEIGHTS, ZERO, Polynomial, Rectified, cubic, linear, square
from explaining import map_of, scene_of, score_of
from napari_strata.errors import MethodError
from napari_strata.explain.catalogue import METHODS, load_method


def product(image):
    """x0 x1 + 2 x4: the first two share what they do together."""
    return image[:, 0, 0] * image[:, 0, 1] + 2 * image[:, 1, 1]


def score(function):
    return score_of(Polynomial(function), ONE)


def found(method, function, **scene):
    return map_of(method, score(function), IMAGE, **scene)


def test_gradient_saliency_of_a_square_is_twice_weight_times_pixel():
    torch.testing.assert_close(found("input-gradient", square), (2 * WEIGHTS * IMAGE[0, 0]).abs())


def test_gradient_times_input_of_a_linear_score_sums_to_it():
    map_ = found("gradient-x-input", linear)
    torch.testing.assert_close(map_, WEIGHTS * IMAGE[0, 0])
    assert map_.sum().item() == pytest.approx(linear(IMAGE[0]).item())


def test_smooth_grad_of_a_linear_score_is_its_gradient_and_var_grad_nothing():
    torch.testing.assert_close(found("smooth-grad", linear, samples=7, batch=3), WEIGHTS.abs())
    torch.testing.assert_close(found("var-grad", linear, samples=7, batch=3), torch.zeros(3, 3), atol=1e-6, rtol=0)


def test_var_grad_of_a_square_is_that_of_the_noise():
    # The gradient is 2 w (x + sigma e), so its variance is (2 w sigma)^2 Var e.
    sigma, samples = 0.1 * 4, 40
    noise = torch.cat([scene_of(IMAGE).draw_noise(i) for i in range(samples)])[:, 0]
    expected = (2 * WEIGHTS * sigma).square() * noise.var(dim=0, correction=0)
    torch.testing.assert_close(found("var-grad", square, samples=samples, noise=0.1, batch=7), expected)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_integrated_gradients_of_a_square_are_weight_times_the_difference_of_squares(batch):
    baseline = torch.full_like(ZERO, 0.3)
    map_ = found("integrated-gradients", square, baseline=baseline, steps=5, batch=batch)
    torch.testing.assert_close(map_, WEIGHTS * (IMAGE[0, 0].square() - 0.09))


def test_integrated_gradients_tell_their_sum_the_score_of_the_baseline_and_what_they_miss():
    baseline = torch.full_like(ZERO, 0.3)
    *_, last = load_method("integrated-gradients")(score(square), scene_of(IMAGE, baseline=baseline, steps=4))
    of_baseline, of_image = (float((WEIGHTS * one[0, 0].square()).sum()) for one in (baseline, IMAGE))
    expected = {"sum": of_image - of_baseline, "baseline_score": of_baseline, "delta": 0}
    assert last.figures == pytest.approx(expected, abs=1e-5)


def test_integrated_gradients_on_the_way_are_already_of_the_whole_size():
    first, *_ = load_method("integrated-gradients")(
        score(linear), scene_of(IMAGE, baseline=ZERO, steps=20, batch=2)
    )
    assert first.done == pytest.approx(0.1)
    torch.testing.assert_close(first.map, WEIGHTS * IMAGE[0, 0])


def test_integrated_gradients_share_a_product_equally():
    map_ = found("integrated-gradients", product, baseline=ZERO, steps=4)
    # x0 x1 = 0.5 is halved; 2 x4 = 0.5 is all of the middle pixel's.
    expected = torch.zeros(3, 3)
    expected[0, 0] = expected[0, 1] = 0.25
    expected[1, 1] = 0.5
    torch.testing.assert_close(map_, expected)


def test_deep_lift_of_a_rectified_sum_divides_the_whole_difference():
    image, baseline = -IMAGE, IMAGE
    assert linear(image[0]).item() == 3.5
    *_, last = load_method("deep-lift")(score_of(Rectified(), ONE), scene_of(image, baseline=baseline))
    # S rises from 0 to 2 x 3.5 while the sum rises from -3.5 to 3.5: 1 for each unit of the sum.
    torch.testing.assert_close(last.map, WEIGHTS * (image - baseline)[0, 0])
    assert last.figures["delta"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("method", "blocked"), [("guided-backprop", True), ("deconvolution", False)])
def test_what_goes_back_through_a_relu_that_was_off(method, blocked):
    expected = torch.zeros(3, 3) if blocked else 2 * WEIGHTS
    torch.testing.assert_close(map_of(method, score_of(Rectified(), ONE), IMAGE), expected)


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution"])
def test_what_speaks_against_the_score_does_not_go_back(method):
    network = Rectified()
    with torch.no_grad():
        network.last.weight.neg_()
    torch.testing.assert_close(map_of(method, score_of(network, ONE), -IMAGE), torch.zeros(3, 3))


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution", "guided-grad-cam"])
@pytest.mark.parametrize("network", [Rectified(inplace=True), Polynomial(linear)], ids=["in place", "none"])
def test_a_network_without_fitting_relus_is_refused_with_a_remedy(method, network):
    with pytest.raises(MethodError, match="this network has") as refused:
        map_of(method, score_of(network, ONE), IMAGE)
    assert refused.value.remedy


def test_expected_gradients_of_a_linear_score_are_its_part_beyond_the_mean_reference():
    references = torch.randn(6, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    map_ = found("expected-gradients", linear, references=references, samples=6, batch=4)
    torch.testing.assert_close(map_, WEIGHTS * (IMAGE - references.mean(dim=0))[0, 0])


def test_expected_gradients_of_a_square_come_near_the_integral():
    references = torch.zeros(400, 1, 3, 3)
    *_, last = load_method("expected-gradients")(
        score(square), scene_of(IMAGE, references=references, samples=400, batch=400)
    )
    expected = WEIGHTS * IMAGE[0, 0].square()
    off = (last.map - expected).square().mean().sqrt()
    assert off < 3 * last.figures["standard_error"]
    assert last.figures["standard_error"] < 0.1 * expected.abs().max()


def test_gradient_shap_of_a_linear_score_is_its_part_beyond_the_baseline_and_the_noise():
    map_ = found("gradient-shap", linear, baseline=torch.full_like(ZERO, 0.5), samples=4, noise=0.25, batch=3)
    noise = torch.cat([scene_of(IMAGE).draw_noise(i) for i in range(4)]).mean(dim=0)[0]
    torch.testing.assert_close(map_, WEIGHTS * (IMAGE[0, 0] + 0.25 * 4 * noise - 0.5))


def test_occlusion_of_a_linear_score_is_the_mean_over_the_squares_of_what_they_hide():
    map_ = found("occlusion", linear, baseline=ZERO, window=2, stride=1, batch=3)
    part = WEIGHTS * IMAGE[0, 0]
    hidden = {(y, x): part[y : y + 2, x : x + 2].sum() for y in range(3) for x in range(3)}
    expected = torch.zeros(3, 3)
    for y, x in itertools.product(range(3), repeat=2):
        over = [value for (top, left), value in hidden.items() if 0 <= y - top < 2 and 0 <= x - left < 2]
        expected[y, x] = sum(over) / len(over)
    torch.testing.assert_close(map_, expected)


def test_occlusion_agrees_with_captum():
    from captum.attr import Occlusion

    image = torch.randn(1, 1, 6, 8, generator=torch.Generator().manual_seed(2))
    of = score(lambda images: images.square().cumsum(dim=-1).sum(dim=(-2, -1)))
    map_ = map_of("occlusion", of, image, baseline=torch.zeros_like(image), window=2, stride=2)
    theirs = Occlusion(of).attribute(image, (1, 2, 2), strides=(1, 2, 2), baselines=0)
    torch.testing.assert_close(map_, theirs[0, 0])


def test_a_coarse_occlusion_comes_first():
    image = torch.randn(1, 1, 20, 20, generator=torch.Generator().manual_seed(1))
    maps = list(
        load_method("occlusion")(
            score(lambda i: i.sum(dim=(-2, -1))),
            scene_of(image, baseline=torch.zeros_like(image), window=2, stride=1),
        )
    )
    assert len(maps) > 20
    assert maps[0].done < 0.05
    assert (maps[0].map != 0).all()  # every pixel shows its nearest square


def test_an_occlusion_covers_the_scene_once_its_coarsest_squares_are_done():
    image = torch.randn(1, 1, 20, 20, generator=torch.Generator().manual_seed(1))
    scene = scene_of(image, baseline=torch.zeros_like(image), window=2, stride=1, batch=1)
    maps = list(load_method("occlusion")(score(lambda i: i.sum(dim=(-2, -1))), scene))
    # squares begin at -1 to 19; the coarsest at 0, 8 and 16
    assert [one.covers for one in maps[:12]] == [False] * 8 + [True] * 4
    assert all(one.covers for one in maps[8:])
    for y, x in itertools.product((0, 8, 16), repeat=2):  # each of these alone is covered, far from the others
        assert maps[8].map[y, x].item() == pytest.approx(image[0, 0, y : y + 2, x : x + 2].sum().item(), abs=1e-4)


def test_feature_ablation_of_a_linear_score_is_what_each_superpixel_holds():
    map_ = found("feature-ablation", linear, baseline=ZERO, superpixels=SIX, batch=4)
    part = WEIGHTS * IMAGE[0, 0]
    sums = torch.stack([part[k == SIX].sum() for k in range(6)])
    torch.testing.assert_close(map_, sums[SIX])


@pytest.mark.parametrize("superpixels", [SIX, torch.zeros(3, 3, dtype=torch.int64), SIX.clamp(max=1)], ids=str)
def test_kernel_shap_of_few_superpixels_is_exact(superpixels):
    *_, last = load_method("kernel-shap")(score(cubic), scene_of(IMAGE, baseline=ZERO, superpixels=superpixels))
    torch.testing.assert_close(last.map, shapley(cubic, superpixels)[superpixels].float(), rtol=1e-6, atol=1e-5)
    assert last.figures["standard_error"] == 0
    assert last.figures["baseline_score"] == pytest.approx(0)


def test_sampled_shapley_values_are_off_by_no_more_than_they_say():
    true = shapley(cubic, SIX)
    errors, stated = [], []
    for seed in range(20):
        *_, last = load_method("kernel-shap")(
            score(cubic), scene_of(IMAGE, baseline=ZERO, superpixels=SIX, subsets=40, seed=seed, batch=40)
        )
        values = torch.stack([last.map[k == SIX].mean() for k in range(6)])
        assert values.sum().item() == pytest.approx(true.sum().item(), abs=1e-4)
        errors.append((values - true).square().mean())
        stated.append(last.figures["standard_error"])
    actual = torch.stack(errors).mean().sqrt().item()
    assert 0.5 * sum(stated) / len(stated) < actual < 1.5 * sum(stated) / len(stated)


def test_superpixels_that_do_not_matter_change_no_shapley_value():
    # So the players of a window have the values that they have in the whole image.
    few, many = SIX.clamp(max=3), SIX
    first = found("kernel-shap", lambda image: cubic(image * (few < 3)), baseline=ZERO, superpixels=few)
    second = found("kernel-shap", lambda image: cubic(image * (few < 3)), baseline=ZERO, superpixels=many)
    torch.testing.assert_close(first, second, rtol=1e-6, atol=1e-5)


def test_of_too_few_subsets_no_uncertainty_is_told():
    nine = torch.arange(9).reshape(3, 3)
    for subsets, known in ((30, False), (36, True)):
        scene = scene_of(IMAGE, baseline=ZERO, superpixels=nine, subsets=subsets, batch=50)
        *_, last = load_method("kernel-shap")(score(cubic), scene)
        assert ("standard_error" in last.figures) == known
    *_, last = load_method("lime")(score(cubic), scene_of(IMAGE, baseline=ZERO, superpixels=nine, subsets=10))
    assert last.figures == {}


def test_lime_of_a_linear_score_finds_what_each_superpixel_adds():
    *_, last = load_method("lime")(
        score(linear), scene_of(IMAGE, baseline=ZERO, superpixels=SIX, subsets=4000, batch=500)
    )
    part = WEIGHTS * IMAGE[0, 0]
    sums = torch.stack([part[k == SIX].sum() for k in range(6)])
    torch.testing.assert_close(last.map, sums[SIX], rtol=0.02, atol=0.02)
    assert last.figures["r_squared"] == pytest.approx(1, abs=1e-3)


def test_the_effective_receptive_field_of_a_linear_score_is_the_magnitude_of_its_weights():
    torch.testing.assert_close(found("receptive-field", linear, samples=3), WEIGHTS.abs())


def test_a_sampled_map_comes_out_again_with_its_seed_and_with_another_batch():
    for name in ("smooth-grad", "gradient-shap", "receptive-field"):
        maps = [found(name, square, baseline=ZERO, samples=9, batch=batch) for batch in (2, 9, 9)]
        torch.testing.assert_close(maps[1], maps[2], rtol=0, atol=0)
        torch.testing.assert_close(maps[0], maps[1])


def test_every_method_has_a_test_of_its_values():
    import pathlib

    here = pathlib.Path(__file__)
    files = (here.name, "test_methods.py", "test_attention.py", "test_layer_activation.py")
    told = "".join((here.parent / name).read_text() for name in files)
    assert all(f'"{name}"' in told for name in METHODS)
