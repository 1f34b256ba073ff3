import pytest

from napari_strata.widgets.layers.map_words import map_name, question_words, score_words

DETAILS = {
    "method": "integrated-gradients",
    "class": "C",
    "layer": 0,
    "score": 3.0,
    "probability": 0.953,
    "against": {"kind": "background"},
    "figures": {},
}


@pytest.mark.parametrize(
    ("against", "words"),
    [
        ({"kind": "background"}, "Why C, layer 0"),
        ({"kind": "layer", "layer": 1}, "Why C, layer 0 not 1"),
        ({"kind": "class", "class": "N"}, "Why C not N, layer 0"),
        ({"kind": "correction"}, "Why the error, layer 0"),
    ],
)
def test_a_question_says_class_layer_and_rather_than_what(against, words):
    assert question_words(DETAILS | {"against": against}, layers=2) == words


def test_a_name_says_the_place_and_the_method_first_and_no_layer_where_there_is_one_only():
    assert map_name(DETAILS, "atom", (61.2, 58.9), layers=1) == "61, 59: Integrated Gradients - why C"
    stopped = map_name(DETAILS | {"done": 0.4}, "slice", (61.2, 58.9), layers=2)
    assert stopped == "Slice: Integrated Gradients, unfinished - why C, layer 0"


def test_the_score_the_probability_and_what_the_map_sums_to_are_told():
    assert score_words(DETAILS) == "Score 3.00 (mean log-odds), P(C) 0.95."
    figures = {"sum": 4.9, "baseline_score": -2.0, "delta": -0.1}
    assert score_words(DETAILS | {"figures": figures, "probability": None}) == (
        "Score 3.00 (mean log-odds). The map sums to 4.90; score minus baseline's: 3.00 - (-2.00) ="
        " 5.00 (delta -0.1)."
    )


def test_the_pixels_of_an_error_are_counted():
    assert score_words(DETAILS | {"probability": None, "wrong_pixels": 1}) == (
        "Score 3.00 (mean log-odds), where 1 pixel of the network's is wrong."
    )
    assert "where 40 pixels of the network's are wrong" in score_words(DETAILS | {"wrong_pixels": 40})


def test_a_sum_that_misses_what_the_method_promises_is_told_with_what_helps():
    figures = {"sum": 4.0, "baseline_score": -2.0, "delta": -1.0}
    assert score_words(DETAILS | {"figures": figures}).endswith(
        "The sum misses the difference by 20% of it: take more steps."
    )


@pytest.mark.parametrize(
    ("method", "figures", "said"),
    [
        ("lime", {"r_squared": 0.834}, "Its linear model explains 83% of how the score varies."),
        ("lime", {}, "How exact it is is not known: take more subsets, or larger superpixels."),
        (
            "kernel-shap",
            {"baseline_score": -2.0, "standard_error": 0.0951},
            "The patches sum to score minus baseline's: 3.00 - (-2.00) = 5.00. Standard error 0.095.",
        ),
        (
            "kernel-shap",
            {"baseline_score": -2.0},
            "The patches sum to score minus baseline's: 3.00 - (-2.00) = 5.00. How exact it is is not known: take"
            " more subsets, or larger superpixels.",
        ),
    ],
)
def test_how_exact_a_map_of_random_subsets_is_is_told_or_that_nobody_knows(method, figures, said):
    assert score_words(DETAILS | {"method": method, "figures": figures}) == (
        f"Score 3.00 (mean log-odds), P(C) 0.95. {said}"
    )
