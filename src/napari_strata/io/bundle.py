"""A trained model on disk: a folder with card.yaml and one safetensors file; no pickle anywhere."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config import ModelCard
from napari_strata.errors import BundleError, ConfigError, OutputError
from napari_strata.io.bundled import bundled_model, bundled_models

if TYPE_CHECKING:
    from torch import Tensor

CARD = "card.yaml"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model's card and its weights.

    Attributes
    ----------
    card : ModelCard
        What the model is.
    state : mapping of str to Tensor
        The network's ``state_dict``, on the CPU.
    """

    card: ModelCard
    state: Mapping[str, "Tensor"]


def save_bundle(folder: Path, state: Mapping[str, "Tensor"], card: ModelCard, *, half: bool = False) -> ModelCard:
    """Write a bundle so that a reader at any moment sees the old or the new one, whole.

    The weights go to a file named by their checksum before the card that names them replaces the old card.

    Parameters
    ----------
    folder : Path
        Folder of the bundle; made if it is not there.
    state : mapping of str to Tensor
        The network's ``state_dict``.
    card : ModelCard
        The card; its checksum and file name are filled in here.
    half : bool
        Whether to write numbers of 16 bits, which takes half the space and rounds to three digits.

    Returns
    -------
    ModelCard
        The card as written.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    from safetensors.torch import save

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    data = save({name: _halved(tensor) for name, tensor in tensors.items()} if half else tensors)
    digest = hashlib.sha256(data).hexdigest()
    card = card.model_copy(update={"weights_file": f"weights-{digest[:8]}.safetensors", "weights_sha256": digest})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / card.weights_file, data)
        _replace(folder / CARD, card.to_yaml().encode())
        for stale in folder.glob("weights-*.safetensors"):
            if stale.name != card.weights_file:
                stale.unlink()
    except OSError as error:
        raise OutputError(
            f"The model cannot be written to {folder} ({error.strerror}).",
            remedy="Choose a folder that you may write to and that has space left.",
        ) from error
    return card


def load_bundle(path: Path) -> Bundle:
    """Read a bundle.

    Parameters
    ----------
    path : Path
        The bundle's folder, its card.yaml, a run folder that holds the bundle as ``model``, or the name of a
        model that comes with the package, where nothing else has it.

    Raises
    ------
    BundleError
        If there is no bundle, or its card or weights are damaged.
    """
    folder = find_bundle(path)
    for _attempt in range(2):
        card = read_card(folder)
        try:
            data = (folder / card.weights_file).read_bytes()
            break
        except FileNotFoundError:
            continue  # a training replaced the weights between the two reads
        except OSError as error:
            raise BundleError(
                f"{folder / card.weights_file} cannot be read ({error.strerror}).", remedy="Check its permissions."
            ) from error
    else:
        raise BundleError(
            f"{folder} lacks {card.weights_file}, which its card names.",
            remedy="Copy the whole folder again, or train the model anew.",
        )
    return Bundle(card, _parse(data, card, folder))


def find_bundle(path: Path) -> Path:
    """Return the folder of the bundle that `path` means.

    Raises
    ------
    BundleError
        If there is none.
    """
    for folder in (path, path / "model", path.parent if path.is_file() else path):
        if (folder / CARD).is_file():
            return folder
    if not path.exists() and (bundled := bundled_model(path)):
        return bundled
    names = ", ".join(folder.name for folder in bundled_models())
    raise BundleError(
        f"{path} is no model: there is no {CARD} in it." if path.exists() else f"{path} does not exist.",
        remedy="Choose the folder that a training wrote, or the card.yaml in it"
        + (f"; or a model that comes with the package: {names}." if names else "."),
    )


def read_card(folder: Path) -> ModelCard:
    """Read only the card of a bundle.

    Raises
    ------
    BundleError
        If the card is not one that this version can read.
    """
    try:
        return ModelCard.read(folder / CARD)
    except ConfigError as error:
        raise BundleError(
            f"The model card cannot be used: {error.message}",
            remedy="Copy the model again, or open it with the version of napari-strata that wrote it.",
        ) from error


def _parse(data: bytes, card: ModelCard, folder: Path) -> Mapping[str, "Tensor"]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    remedy = "The file was cut short or changed; copy the whole folder again, or train the model anew."
    if hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise BundleError(f"{folder / card.weights_file} does not match the checksum in its card.", remedy=remedy)
    try:
        return {name: _widened(tensor) for name, tensor in load(data).items()}
    except SafetensorError as error:
        raise BundleError(f"{folder / card.weights_file} is damaged ({error}).", remedy=remedy) from error


def _halved(tensor: "Tensor") -> "Tensor":
    return tensor.half() if tensor.is_floating_point() else tensor


def _widened(tensor: "Tensor") -> "Tensor":
    """Return 32 bits of numbers that were written with 16."""
    return tensor.float() if tensor.is_floating_point() and tensor.element_size() < 4 else tensor


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # of a disk that is full
