import pytest

from napari_strata.config import ClassTable, ModelConfig, TrainConfig
from napari_strata.errors import ConfigError
from napari_strata.losses.channels import Channels
from napari_strata.training.patches.overlaps import joined_codes, output_classes


def config_of(output="multi-label", **loss):
    model = ModelConfig(output=output, architecture="unet", layers=1)
    data = {"source": "labels", "images": ["a.tif"], "labels": ["b.tif"], "classes": ["C"]}
    return TrainConfig.parse({"model": model.model_dump(), "data": data, "training": {"loss": loss}})


def given(*names, output="multi-label", **loss):
    return output_classes(config_of(output, **loss), ClassTable.from_names(names))


def test_a_class_whose_name_joins_others_is_their_overlap():
    table, channels = given("cell", "nucleus", "spot", "cell+nucleus", "cell+nucleus+spot")
    assert table.names == ("cell", "nucleus", "spot")
    assert channels == Channels("multi-label", overlaps=((0, 1), (0, 1, 2)))


def test_a_plus_that_joins_nothing_is_part_of_a_name():
    table, channels = given("Fe2+", "O2-", "a+b")
    assert table.names == ("Fe2+", "O2-", "a+b")
    assert channels.overlaps == ()


def test_exclusive_classes_have_no_overlaps():
    table, channels = given("a", "b", "a+b", output="classes")
    assert table.names == ("a", "b", "a+b")
    assert channels == Channels("classes")


def test_an_overlap_is_one_object_with_its_classes():
    painted = ClassTable.from_names(("cell", "nucleus", "spot", "cell+nucleus"))
    assert joined_codes(config_of(), painted) == ((5, 2, 3),)
    assert joined_codes(config_of("classes"), painted) == ()


def test_the_same_overlap_twice_is_refused():
    with pytest.raises(ConfigError, match="the same overlap"):
        given("cell", "nucleus", "cell+nucleus", "nucleus+cell")


def test_an_overlap_with_no_class_is_refused():
    with pytest.raises(ConfigError, match="nucleos, which is no class"):
        given("cell", "nucleus", "cell+nucleos")


def test_overlaps_come_last():
    with pytest.raises(ConfigError, match="a, b first"):
        given("a", "a+b", "b")


def test_class_weights_are_as_many_as_codes():
    with pytest.raises(ConfigError, match="3 weights for 2 codes"):
        given("C", output="classes", class_weights=(1, 2, 3))
