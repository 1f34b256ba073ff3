from pathlib import Path

import pytest
import torch

from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.errors import BundleError, OutputError
from napari_strata.io.bundle import CARD, find_bundle, load_bundle, save_bundle
from napari_strata.io.bundled import bundled_models
from napari_strata.models.registry import build_network, load_network

CONFIG = ModelConfig(filters=(4, 8))


def card(**changes: object) -> ModelCard:
    values = {
        "name": "tiny",
        "created": "2026-01-01T00:00:00+00:00",
        "model": CONFIG,
        "classes": ClassTable.from_names(("C",)),
        "trained_on": "nothing",
        "figures": {"validation_dice": 0.5},
        "software": {"torch": "2"},
        "weights_file": "weights.safetensors",
        "weights_sha256": "0" * 64,
    }
    return ModelCard.model_validate(values | changes)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    save_bundle(tmp_path / "model", build_network(CONFIG, 1).state_dict(), card())
    return tmp_path / "model"


def test_weights_and_card_come_back_as_they_were_written(tmp_path: Path):
    network = build_network(CONFIG, 1)
    written = save_bundle(tmp_path, network.state_dict(), card())
    loaded = load_bundle(tmp_path)
    assert loaded.card == written
    assert all(torch.equal(loaded.state[name], tensor) for name, tensor in network.state_dict().items())


def test_a_bundle_is_found_by_its_folder_its_card_and_its_run(bundle: Path):
    assert [load_bundle(p).card.name for p in (bundle, bundle / CARD, bundle.parent)] == ["tiny"] * 3


def test_half_the_space_costs_three_digits(tmp_path: Path):
    network = build_network(CONFIG, 1)
    save_bundle(tmp_path / "whole", network.state_dict(), card())
    save_bundle(tmp_path / "half", network.state_dict(), card(), half=True)
    for name, tensor in load_bundle(tmp_path / "half").state.items():
        assert tensor.dtype == network.state_dict()[name].dtype
        torch.testing.assert_close(tensor, network.state_dict()[name], rtol=1e-3, atol=1e-6)
    whole, half = (next((tmp_path / name).glob("*.safetensors")).stat().st_size for name in ("whole", "half"))
    assert half < 0.75 * whole  # the names of so small a network take much of the file


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that comes with one model."""
    monkeypatch.setattr("napari_strata.io.bundled.FOLDER", tmp_path / "bundled")
    save_bundle(tmp_path / "bundled" / "gombnet-tiny", build_network(CONFIG, 1).state_dict(), card())
    return tmp_path / "bundled" / "gombnet-tiny"


def test_a_model_that_comes_with_the_package_is_found_by_its_name(bundled: Path):
    assert find_bundle(Path("gombnet-tiny")) == bundled
    assert bundled_models() == (bundled,)


def test_a_folder_of_that_name_goes_first(bundled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    save_bundle(tmp_path / "gombnet-tiny", build_network(CONFIG, 1).state_dict(), card(name="mine"))
    assert load_bundle(Path("gombnet-tiny")).card.name == "mine"


@pytest.mark.parametrize("name", ["gombnet-other", "elsewhere/gombnet-tiny", "../bundled/gombnet-tiny"])
def test_other_names_are_refused_and_those_that_there_are_named(bundled: Path, name: str):
    with pytest.raises(BundleError) as caught:
        find_bundle(Path(name))
    assert "gombnet-tiny" in caught.value.remedy


def test_writing_again_replaces_the_weights_and_leaves_one_file(bundle: Path):
    save_bundle(bundle, build_network(CONFIG, 1).state_dict(), card(name="second"))
    assert load_bundle(bundle).card.name == "second"
    assert len(list(bundle.glob("*.safetensors"))) == 1


def test_a_truncated_bundle_is_refused_by_its_checksum(bundle: Path):
    weights = next(bundle.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BundleError, match="checksum"):
        load_bundle(bundle)


def test_missing_weights_are_named(bundle: Path):
    next(bundle.glob("*.safetensors")).unlink()
    with pytest.raises(BundleError, match=r"lacks weights-[0-9a-f]{8}\.safetensors"):
        load_bundle(bundle)


def test_a_folder_without_a_card_is_no_model(tmp_path: Path):
    with pytest.raises(BundleError, match="no model"):
        load_bundle(tmp_path)


def test_a_card_with_an_unknown_field_is_refused(bundle: Path):
    (bundle / CARD).write_text((bundle / CARD).read_text() + "extra: 1\n")
    with pytest.raises(BundleError, match="extra"):
        load_bundle(bundle)


def test_weights_of_another_network_do_not_load(tmp_path: Path):
    save_bundle(tmp_path, build_network(ModelConfig(filters=(4, 6)), 1).state_dict(), card())
    with pytest.raises(BundleError, match="do not fit"):
        load_network(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        save_bundle(tmp_path / "file" / "model", build_network(CONFIG, 1).state_dict(), card())
