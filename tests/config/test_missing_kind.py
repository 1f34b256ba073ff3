"""Sections of several kinds, of which nothing tells which one is meant."""

import pytest

from napari_strata.config import TrainConfig
from napari_strata.errors import ConfigError


@pytest.mark.parametrize("values", [{}, {"sorce": "labels"}])
def test_the_field_that_tells_the_kind_is_named(values):
    with pytest.raises(ConfigError, match="data: the field source is missing"):
        TrainConfig.parse({"data": values})
