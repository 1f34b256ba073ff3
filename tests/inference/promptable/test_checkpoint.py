import builtins
import json

import pytest
from safetensors.torch import load_file, save_file

import tiny_sam
from napari_strata.errors import BundleError, ExtraError
from napari_strata.inference.promptable import checkpoint
from napari_strata.inference.promptable.checkpoint import check_installed, find_checkpoint, open_checkpoint


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tiny_sam.save_sam(tmp_path_factory.mktemp("sam"))


@pytest.fixture
def folder(saved, tmp_path):
    """Return a checkpoint of its own to damage."""
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_bytes((saved / name).read_bytes())
    return tmp_path


@pytest.mark.parametrize("name", ["", "model.safetensors", "config.json"])
def test_a_checkpoint_is_found_by_its_folder_or_its_files(saved, name):
    assert find_checkpoint(saved / name) == saved


def test_what_is_not_there_is_told_with_what_is_wanted(tmp_path):
    with pytest.raises(BundleError, match=r"does not exist.*model\.safetensors and config\.json"):
        find_checkpoint(tmp_path / "nothing")
    with pytest.raises(BundleError, match=r"has no model\.safetensors"):
        find_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["sam_vit_b_01ec64.pth", "pytorch_model.bin", "sam2.pt", "x.PKL"])
def test_a_pickle_is_refused_unread(tmp_path, monkeypatch, name):
    pickle = tmp_path / name
    pickle.write_bytes(b"\x80\x04.")
    opened = []
    real = builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda file, *rest, **more: opened.append(file) or real(file, *rest, **more)
    )
    for path in (pickle, tmp_path):
        with pytest.raises(BundleError, match=r"is a pickle, which can run a stranger's program.*safetensors"):
            find_checkpoint(path)
    assert opened == []


def test_weights_under_another_name_are_told_how_to_be_called(tmp_path):
    (tmp_path / "sam.safetensors").touch()
    with pytest.raises(BundleError, match=r"Call it so, and put its config\.json beside it"):
        find_checkpoint(tmp_path / "sam.safetensors")


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '"sam"', "{}", '{"model_type": "bert"}', '{"model_type": []}']
)
def test_a_configuration_of_something_else_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(BundleError):
        find_checkpoint(folder)


def test_a_missing_or_huge_configuration_is_refused(folder, monkeypatch):
    monkeypatch.setattr(checkpoint, "LARGEST_CONFIG", 10)
    with pytest.raises(BundleError, match="too large"):
        find_checkpoint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        find_checkpoint(folder)


def test_weights_that_are_missing_are_no_random_numbers(folder):
    weights = load_file(folder / "model.safetensors")
    weights.pop("mask_decoder.iou_token.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BundleError, match=r"lacks 1 weights, mask_decoder\.iou_token\.weight"):
        open_checkpoint(folder)


def test_damaged_weights_are_refused(folder):
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(BundleError, match="cannot be opened"):
        open_checkpoint(folder)


def test_weights_of_another_size_are_refused(folder):
    stated = json.loads((folder / "config.json").read_text())
    stated["mask_decoder_config"]["hidden_size"] = 32
    stated["prompt_encoder_config"]["hidden_size"] = 32
    (folder / "config.json").write_text(json.dumps(stated))
    with pytest.raises(BundleError, match="cannot be opened"):
        open_checkpoint(folder)


def test_without_the_extra_the_line_that_installs_it_is_told(monkeypatch):
    monkeypatch.setattr(checkpoint, "find_spec", lambda _name: None)
    with pytest.raises(ExtraError, match=r'pip install "napari-strata\[segment-anything\]"'):
        check_installed()
