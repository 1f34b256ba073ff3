"""From a question to the terms of its score."""

import numpy as np
import torch

from napari_strata.errors import TargetError
from napari_strata.explain.question import AgainstClass, AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.score import Output, Term
from napari_strata.explain.targets import RegionTarget
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.view import View
from napari_strata.models.registry import LoadedModel
from napari_strata.types import BACKGROUND, NOT_LABELLED, LabelArray


def make_terms(model: LoadedModel, view: View, question: Question, codes: LabelArray | None) -> tuple[Term, ...]:
    """Return what is added to the score, and what is taken from it.

    Parameters
    ----------
    model : LoadedModel
        The network and its card.
    view : View
        What the network sees of the image.
    question : Question
        A checked question.
    codes : ndarray of uint8, shape (y, x), or None
        The corrected codes on the network's grid, if it is asked against a correction.

    Raises
    ------
    TargetError
        If the model has no such class, it is asked against itself, the class is not predicted on the slice that is
        asked about, or nothing that was corrected in the target is wrong.
    """
    decoder = view.decoders[question.layer]
    if isinstance(question.against, AgainstCorrection):
        assert codes is not None, "the codes come with the question"
        return _error_terms(model, view, question.layer, codes)
    index, weights = _class_and_weights(model, view, question)
    terms = [Term(Output(decoder, index), weights)]
    match question.against:
        case AgainstClass(name):
            terms.append(Term(Output(decoder, other_class(model, name, index)), -weights))
        case AgainstLayer(layer):
            terms.append(Term(Output(view.decoders[layer], index), -weights))
    return tuple(terms)


def _class_and_weights(model: LoadedModel, view: View, question: Question) -> tuple[int, torch.Tensor]:
    """Return the class that is asked about, from 1, and the weights of the pixels that count.

    Without a name it is the class that is most probable in the target.
    """
    named = None if question.species is None else class_index(model, question.species)
    if isinstance(question.target, RegionTarget) and question.target.kind == "slice":
        return _class_on_slice(model, view, question.layer, named)
    if named is not None:
        return named, view.weights
    likely = (_probabilities(model, view, question.layer) * view.weights).sum(dim=(-2, -1))
    return int(likely[1:].argmax()) + 1, view.weights


def _class_on_slice(model: LoadedModel, view: View, layer: int, named: int | None) -> tuple[int, torch.Tensor]:
    r"""Return the class of a slice, and equal weights, of sum 1, where it is predicted.

    Seg-Grad-CAM (Vinogradova, Dibrov and Myers, AAAI 2020, arXiv:2002.11434) asks about the pixels
    :math:`\mathcal M` in which a class is of interest; here they are those in which it is the most probable one.
    The mean over all pixels would tell mostly why the class is not where it is not. Without a name it is the class
    with most pixels.
    """
    predicted = _probabilities(model, view, layer).argmax(dim=0)
    areas = torch.stack([view.weights[predicted == index].sum() for index in range(model.network.classes + 1)])
    names = model.card.classes.names
    index = int(areas[1:].argmax()) + 1 if named is None else named
    if not areas[index] > 0:
        there = [name for name, area in zip(names, areas[1:], strict=True) if area > 0]
        what = "any class but background" if named is None else names[index - 1]
        raise TargetError(
            f"{model.card.name} does not predict {what} on this slice, in layer {layer}.",
            remedy=f"Ask about a class that is predicted there: {', '.join(there)}."
            if there
            else "Choose another slice or layer, or ask about a pixel.",
        )
    return index, view.weights * (predicted == index) / areas[index]


def _probabilities(model: LoadedModel, view: View, layer: int) -> torch.Tensor:
    """Return the probabilities of background and classes in a layer, shape (class, y, x)."""
    with undisturbed(model.network), torch.no_grad():
        found: torch.Tensor = model.network.probabilities(model.network(view.inputs))[0, view.decoders[layer]]
    return found


def other_class(model: LoadedModel, name: str, index: int) -> int:
    """Return the number of the class with which class `index` is compared.

    Raises
    ------
    TargetError
        If the model has no such class, or it is the same.
    """
    other = class_index(model, name)
    if other == index:
        raise TargetError(f"{name} is compared with itself.", remedy="Choose two different classes of this layer.")
    return other


def class_index(model: LoadedModel, species: str) -> int:
    """Return the number of a class of a model, from 1.

    Raises
    ------
    TargetError
        If it has none of that name.
    """
    names = model.card.classes.names
    if species not in names:
        raise TargetError(
            f"The model {model.card.name} knows no class {species}.",
            remedy=f"Its classes are: {', '.join(names)}. Choose one of them.",
        )
    return names.index(species) + 1


def _error_terms(model: LoadedModel, view: View, layer: int, codes: LabelArray) -> tuple[Term, ...]:
    r"""Return the terms of an error.

    The mean of :math:`\ln P_{\text{predicted}} / P_{\text{corrected}}` over the target's pixels in which the two
    differ, so above 0: what made the network say what is wrong.
    """
    predicted = _probabilities(model, view, layer).argmax(dim=0)
    corrected = view.cut(codes.astype(np.int64))
    _check_codes(model, corrected[view.weights > 0])
    wrong = (corrected != NOT_LABELLED) & (corrected - BACKGROUND != predicted)
    weights = view.weights * wrong
    total = weights.sum()
    if not total > 0:
        raise TargetError(
            "No pixel of the target was corrected and is wrong in the pass that is explained.",
            remedy="Choose a place where the model and the labels differ, or ask why a class is there.",
        )
    share = weights / total
    terms = []
    for index in range(1, model.network.classes + 1):
        signed = share * ((predicted == index).float() - (corrected - BACKGROUND == index).float())
        if signed.any():
            terms.append(Term(Output(view.decoders[layer], index), signed))
    return tuple(terms)


def _check_codes(model: LoadedModel, codes: torch.Tensor) -> None:
    """Check that corrections in the target are classes of the model, which alone it can be asked about."""
    last = BACKGROUND + model.network.classes
    if codes.numel() and int(codes.max()) > last:
        names = ", ".join(model.card.classes.names)
        raise TargetError(
            f"The corrected labels hold the code {int(codes.max())}, and {model.card.name} has no such class.",
            remedy=f"Its classes have the codes {BACKGROUND + 1} to {last}: {names}.",
        )
