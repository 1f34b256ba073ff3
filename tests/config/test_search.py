import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.config import TrainConfig
from napari_strata.config.loss import FITTING, TERMS
from napari_strata.config.search import (
    Choices,
    Range,
    SearchConfig,
    SearchTrainConfig,
    default_parameters,
    searchable,
    setting_of,
    value_of,
    with_values,
)
from napari_strata.config.search_proposal import fits, proposals
from napari_strata.errors import ConfigError

RATE = "training.optimizer.learning_rate"


def searching(name: str, **parameter: object) -> SearchConfig:
    return SearchConfig.parse({"parameters": {name: parameter}})


def refusal(name: str, **parameter: object) -> str:
    with pytest.raises(ConfigError) as caught:
        searching(name, **parameter)
    return str(caught.value)


def test_rate_decay_batch_dropout_and_average_are_searched_unless_told_otherwise():
    last_parts = [name.rpartition(".")[2] for name in SearchConfig().parameters]
    assert last_parts == ["learning_rate", "weight_decay", "batch_size", "dropout", "decay"]


def test_the_present_settings_lie_within_what_is_searched_by_default():
    for name, parameter in default_parameters().items():
        value = value_of(TrainConfig(), name)
        if isinstance(parameter, Range):
            assert parameter.low <= value <= parameter.high
        else:
            assert value in parameter.choices


def test_a_section_search_makes_a_training_a_search():
    config = SearchTrainConfig.parse({"name": "mine", "search": {"trials": 3}})
    assert config.search.trials == 3
    assert config.train_config == TrainConfig(name="mine")
    assert SearchTrainConfig.of(config.train_config, config.search) == config


def test_values_have_no_dice_to_compare():
    data = {"source": "images", "images": ["a.tif"], "targets": ["b.tif"]}
    training = {"model": {"architecture": "unet", "layers": 1, "output": "values"}, "data": data}
    with pytest.raises(ConfigError, match="dice compares masks"):
        SearchTrainConfig.parse(training)
    assert SearchTrainConfig.parse({**training, "search": {"score": "loss"}}).search.score == "loss"


def test_numbers_that_yaml_takes_for_text_are_numbers():
    assert searching(RATE, low="1e-4", high="1e-2", log=True).parameters[RATE] == Range(
        low=1e-4, high=0.01, log=True
    )


def test_lists_can_be_chosen_from():
    parameter = searching("model.filters", choices=[[4, 8], [8, 16]]).parameters["model.filters"]
    assert parameter == Choices(choices=((4, 8), (8, 16)))


def test_an_unknown_setting_is_refused_and_its_neighbours_are_named():
    words = refusal("training.optimizer.rate", low=1, high=2)
    assert "training.optimizer.rate is no setting" in words
    assert "training.optimizer.learning_rate" in words


def test_a_setting_that_lies_elsewhere_is_named():
    assert "Is training.optimizer.learning_rate meant?" in refusal("training.learning_rate", low=1e-4, high=1)


def test_a_whole_section_is_no_setting():
    assert "model is no setting" in refusal("model", low=1, high=2)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("training.epochs", "search.epochs is the length of every trial"),
        ("training.seed", "could not be compared"),
        ("model.layers", "what the network is for"),
    ],
)
def test_what_decides_the_score_or_the_length_cannot_be_searched(name, why):
    assert why in refusal(name, low=1, high=2)


def test_an_end_beyond_the_bounds_of_the_setting_is_refused():
    assert "training.batch_size cannot be 0" in refusal("training.batch_size", low=0, high=4)
    assert "model.dropout cannot be 1" in refusal("model.dropout", low=0, high=1)


def test_half_a_batch_is_refused():
    assert "training.batch_size cannot be 1.5" in refusal("training.batch_size", low=1.5, high=4)


def test_a_choice_that_the_setting_does_not_have_is_refused():
    assert "model.norm cannot be bach" in refusal("model.norm", choices=["batch", "bach"])


def test_words_have_no_range():
    assert "model.norm is no number" in refusal("model.norm", low=1, high=2)


def test_ends_in_the_wrong_order_are_refused():
    assert "not below high" in refusal(RATE, low=0.1, high=0.01)


def test_a_logarithm_needs_a_positive_end():
    assert "log needs a positive number" in refusal("model.dropout", low=0, high=0.4, log=True)


def test_weights_of_the_loss_are_not_compared_by_the_loss():
    with pytest.raises(ConfigError, match="choose the score dice"):
        SearchConfig.parse({"score": "loss", "parameters": {"training.loss.dice": {"low": 0, "high": 1}}})


def test_nothing_to_search_is_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        SearchConfig.parse({"parameters": {}})


def test_values_are_put_where_their_names_say():
    config = with_values(TrainConfig(), {RATE: 0.5, "model.filters": [4, 8]})
    assert (config.training.optimizer.learning_rate, config.model.filters) == (0.5, (4, 8))
    assert config.training.batch_size == TrainConfig().training.batch_size


def test_values_that_do_not_go_together_are_told_with_their_names():
    with pytest.raises(ConfigError, match=r"With model.architecture = unet: .*exactly 1 layer"):
        with_values(TrainConfig(), {"model.architecture": "unet"})


@given(st.sampled_from([name for name, _ in searchable()]))
def test_every_searchable_setting_is_found_and_can_keep_its_value(name):
    config = TrainConfig()
    assert setting_of(name).description
    assert with_values(config, {name: value_of(config, name)}) == config


def fitting(architecture, output):
    return {name for name in proposals(TrainConfig()) if fits(name, architecture, output)}


def test_terms_of_the_loss_fit_one_output_or_another():
    terms = {output: {n.rpartition(".")[2] for n in fitting("unet", output)} & set(TERMS) for output in FITTING}
    assert terms == {output: set(fit) for output, fit in FITTING.items()}


def test_there_is_a_choice_of_architectures_for_one_mask_only():
    assert "model.architecture" not in fitting("gombnet", "classes")
    assert "model.architecture" in fitting("resnet-unet", "classes")
    choices = proposals(TrainConfig())["model.architecture"].choices
    assert choices == ("unet", "residual-unet", "attention-unet", "resnet-unet")


def test_the_plain_networks_alone_can_go_without_padding():
    assert "model.padding" in fitting("unet", "classes") & fitting("gombnet", "classes")
    assert "model.padding" not in fitting("attention-unet", "classes")


def test_a_file_for_a_search_is_refused_as_a_training_in_words():
    with pytest.raises(ConfigError, match="napari-strata search"):
        TrainConfig.parse({"search": {"trials": 3}}, source="file.yaml")
