"""How labels began: imported, drawn by a network, or empty; what was corrected since is told from it."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.provenance import EMPTY, Birth, Provenance, provenance_of_codes
from napari_strata.annotation.recoding import Recoding
from napari_strata.types import AnyArray, LabelArray
from napari_strata.widgets.layers.label_memory import BIRTH, DIVIDED, memory_of, remember
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Layer


def remember_birth(labels: "Layer", provenance: Provenance) -> None:
    """Note that what labels hold now was imported, or drawn by a network."""
    remember(labels, {BIRTH: Birth(provenance, np.array(full_data(labels)))})


def note_drawn(labels: "Layer", indices: tuple[AnyArray, ...], code: int) -> None:
    """Note that a network drew pixels that nobody had labelled; labels that were imported stay as they began."""
    birth = birth_of(labels)
    if birth.provenance is Provenance.IMPORTED and birth.codes is not None:
        return
    data, codes = full_data(labels), birth.codes
    if codes is None:
        codes = np.zeros(data.shape, data.dtype)
    elif birth.provenance is not Provenance.MODEL or not codes.flags.writeable:
        codes = codes.copy()  # later ones are written into this copy: that of a stack takes its time
    codes[indices] = code
    remember(labels, {BIRTH: Birth(Provenance.MODEL, codes)})


def note_redrawn(labels: "Layer", indices: tuple[AnyArray, ...], is_there: bool) -> None:
    """Note that undo took away what a network drew, or redo brought it back: what is painted there is a hand's."""
    birth = birth_of(labels)
    if birth.provenance is not Provenance.MODEL or birth.codes is None:
        return
    codes = birth.codes if birth.codes.flags.writeable else birth.codes.copy()
    codes[indices] = full_data(labels)[indices] if is_there else 0
    remember(labels, {BIRTH: Birth(Provenance.MODEL, codes)})


def recode_birth(labels: "Layer", lookup: LabelArray) -> None:
    """Note that the codes were exchanged by others in the first labels, too: that corrects nothing."""
    birth = birth_of(labels)
    if birth.codes is not None:
        remember(labels, {BIRTH: Birth(birth.provenance, lookup[birth.codes])})


def let_birth_follow(labels: "Layer", recoding: Recoding) -> None:
    """Give the first labels the codes of another class table; undo finds them again where a class was dropped."""
    birth = birth_of(labels)
    if birth.codes is None:
        return
    divided = list(memory_of(labels).get(DIVIDED, ()))
    if divided and recoding.undoes(divided[-1][0]):
        codes = divided.pop()[1]
    else:
        codes = recoding.lookup[birth.codes]
        if len(recoding.back) < len(recoding.codes):
            divided.append((recoding, birth.codes))
    remember(labels, {BIRTH: Birth(birth.provenance, codes), DIVIDED: divided})


def birth_of(labels: "Layer") -> Birth:
    """Return how labels began."""
    birth: Birth = memory_of(labels).get(BIRTH, EMPTY)
    fits = birth.codes is None or birth.codes.shape == full_data(labels).shape
    return birth if fits else EMPTY  # other data altogether


def provenance_of(labels: "Layer") -> LabelArray:
    """Return where each label comes from: a `Provenance` per pixel."""
    return provenance_of_codes(np.asarray(full_data(labels)), birth_of(labels))
