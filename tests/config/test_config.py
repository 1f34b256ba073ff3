from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.config import ClassTable, ModelConfig, SimulationConfig, TrainConfig
from napari_strata.config.crystal import DefectsConfig
from napari_strata.errors import ConfigError


def test_defaults_train_a_gombnet_on_simulated_graphene_for_five_minutes():
    config = TrainConfig()
    assert (config.model.architecture, config.data.source, config.training.time_limit) == (
        "gombnet",
        "simulated",
        5,
    )


def test_settings_survive_yaml(tmp_path: Path):
    config = TrainConfig(name="mine", model=ModelConfig(filters=(8, 16)))
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml())
    assert TrainConfig.read(path) == config


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"zebra": {}}, r"zebra: there is no such field\. Known fields here are name, model, data, training\."),
        ({"modle": {}}, r"modle: there is no such field \(is model meant\?\)\. Change or remove"),
        (
            {"training": {"batches_per_epoch": 9}},
            r"batches_per_epoch: .* \(is steps_per_epoch meant\?\)",
        ),
        (
            {"training": {"learning_rate": 1e-3}},
            r"training\.learning_rate: .* \(is optimizer\.learning_rate meant\?\)",
        ),
        ({"layers": 2}, r"layers: .* \(is model\.layers meant\?\)"),
        ({"training": {"optimizer": {"momentun": 1}}}, r"optimizer\.momentun: .* \(is momentum meant\?\)"),
        ({"training": {"schedule": {"zebra": 1}}}, r"Known fields of training\.schedule are kind, "),
        ({"data": {"source": "labels", "imagess": ["a"]}}, r"data\.imagess: .* \(is images meant\?\)"),
        (
            {"data": {"source": "simulated", "simulation": {"dosis": [1, 2]}}},
            r"data\.simulation\.dosis: .* \(is dose meant\?\)",
        ),
    ],
)
def test_of_an_unknown_field_the_near_one_or_the_known_ones_of_its_section_are_named(values, words):
    with pytest.raises(ConfigError, match=words):
        TrainConfig.parse(values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": {"architecture": "unett"}}, r"model\.architecture: 'unett' is not 'unet', 'gombnet'"),
        ({"data": {"source": "label"}}, r"data\.source: 'label' is not 'simulated', 'labels', 'images'"),
        ("coins", "fields are expected here, each with its value, not 'coins'"),
    ],
)
def test_what_was_written_in_place_of_a_choice_is_named(values, words):
    with pytest.raises(ConfigError, match=words):
        TrainConfig.parse(values)


@pytest.mark.parametrize(
    ("named", "limit"),
    [
        ({}, 5),
        ({"batch_size": 2}, 5),
        ({"epochs": 30}, None),
        ({"deterministic": True}, None),
        ({"deterministic": False}, 5),
        ({"epochs": 30, "time_limit": 7}, 7),
        ({"deterministic": True, "time_limit": 7}, 7),
    ],
)
def test_where_epochs_or_exact_repetition_are_named_only_a_named_time_limit_holds(named, limit):
    assert TrainConfig.parse({"training": named}).training.time_limit == limit


def test_no_time_limit_stays_none_in_a_record(tmp_path: Path):
    (tmp_path / "config.yaml").write_text(TrainConfig.parse({"training": {"epochs": 3}}).to_yaml())
    assert TrainConfig.read(tmp_path / "config.yaml").training.time_limit is None


def test_a_nested_value_out_of_range_is_named_with_its_path():
    with pytest.raises(ConfigError, match=r"training\.batch_size.*greater than or equal to 1"):
        TrainConfig.parse({"training": {"batch_size": 0}})


@pytest.mark.parametrize("text", ["a: [1,\n", "name: 2024-99-99\n", "name: " + 5000 * "["])
def test_a_file_that_is_no_yaml_is_refused_in_words(tmp_path: Path, text: str):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="not valid YAML"):
        TrainConfig.read(path)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("coins.tif", b"II*\0\x08\0\0\0\xff\xfe", "coins.tif is an image, and no YAML file.*Give a YAML file"),
        ("train.yaml", b"name: a\0b", "train.yaml is no text, and no YAML file"),
        ("train.yaml", b"name: a\nb: [1,", r"line 2.*Mend the line that is named\."),
    ],
)
def test_what_a_file_is_instead_of_yaml_is_said(tmp_path: Path, name: str, data: bytes, words: str):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=words):
        TrainConfig.read(tmp_path / name)


def test_a_missing_file_is_refused_in_words(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        TrainConfig.read(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": {"architecture": "unet", "layers": 2}}, "exactly 1 layer"),
        ({"model": {"architecture": "gombnet", "layers": 1}}, "2 or more layers"),
        ({"model": {"layers": 3}}, "the model has 3 layers, the simulation 2"),
        ({"model": {"pixel_size": None}}, "needs model.pixel_size"),
        ({"training": {"patch_size": 16}, "model": {"filters": [1, 2, 3, 4, 5, 6]}}, "coarsest pixel"),
        (
            {"data": {"source": "labels", "images": ["a"], "labels": ["a", "b"], "classes": ["c"]}},
            "1 images but 2",
        ),
        (
            {"data": {"source": "labels", "images": ["a"], "labels": ["a"], "classes": ["x", "x"]}},
            "two classes have the same name",
        ),
        (
            {"data": {"source": "labels", "images": ["a"], "labels": ["a"], "classes": [""]}},
            "at least 1 character",
        ),
        ({"data": {"source": "simulated", "simulation": {"dose": [9, 3]}}}, "above the upper bound"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        TrainConfig.parse(values)


@pytest.mark.parametrize(
    ("place", "bounds"),
    [
        ("defects.vacancies", [1, 1]),
        ("probe.tail_width", [0, 0]),
        ("probe.tail_fraction", [3, 3]),
        ("dose", [1e30, 1e30]),
        ("dose", [0, 1]),
        ("probe.sigma", [0, 0.5]),
        ("stacking.layer_contrast", [0.5, 2]),
        ("contamination.background", [0, 100]),
        ("defects.displacement", [-0.1, 0.1]),
        ("twist", [0, float("nan")]),
    ],
)
def test_ranges_that_no_microscope_has_are_refused_with_their_limits(place, bounds):
    values = bounds
    for part in reversed(place.split(".")):
        values = {part: values}
    with pytest.raises(ConfigError, match=f"{place}: .* does not lie within"):
        SimulationConfig.parse(values)


def test_limits_of_a_range_are_part_of_the_schema():
    vacancies = DefectsConfig.model_json_schema()["properties"]["vacancies"]
    assert [(item["minimum"], item["maximum"]) for item in vacancies["prefixItems"]] == [(0, 0.9), (0, 0.9)]


def test_every_setting_has_a_description():
    for config in (TrainConfig, ModelConfig, SimulationConfig):
        assert all(field.description for field in config.model_fields.values())


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=12, unique=True))
def test_codes_follow_the_order_of_the_class_table(names: list[str]):
    table = ClassTable.from_names(tuple(names))
    assert [table.code(name) for name in names] == list(range(2, len(names) + 2))


def test_two_classes_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="same name"):
        ClassTable.parse({"classes": [{"name": "a", "color": "#000000"}, {"name": "a", "color": "#ffffff"}]})


@pytest.mark.parametrize(("patience", "is_refused"), [(None, False), (6, False), (5, True), (1, True)])
def test_a_training_that_ends_before_its_rate_is_lowered_is_refused(patience: int | None, is_refused: bool):
    settings = {"training": {"patience": patience, "schedule": {"kind": "plateau"}}}
    if not is_refused:
        assert TrainConfig.parse(settings).training.patience == patience
        return
    with pytest.raises(ConfigError, match="choose patience above"):
        TrainConfig.parse(settings)
