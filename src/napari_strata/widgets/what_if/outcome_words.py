"""What a change of the image changes, in words."""

from typing import TYPE_CHECKING

from napari_strata.explain.score_digits import score_digits

if TYPE_CHECKING:
    from napari_strata.explain.changes.outcome import Outcome


def outcome_words(outcome: "Outcome") -> str:
    """Say what a change changes."""
    before, after = outcome.before, outcome.after
    words = f"Score {score_digits(before.score)} → {score_digits(after.score)} (mean log-odds)"
    if before.probability is not None and after.probability is not None:
        name = outcome.metadata["class"]
        words += f", P({name}) {before.probability:.2f} → {after.probability:.2f}"
    atoms = (
        (outcome.vanished, "vanishes", "vanish"),
        (outcome.appeared, "appears", "appear"),
        (outcome.renamed, "changes species", "change species"),
    )
    told = [f"1 atom {one}" if number == 1 else f"{number} atoms {many}" for number, one, many in atoms if number]
    if not told and outcome.masks is not None:
        changes = "1 px changes class" if outcome.pixels == 1 else f"{outcome.pixels} px change class"
        told = [f"{changes} nearby" if outcome.pixels else "no pixel changes class nearby"]
    said = f"{words}; {', '.join(told)}." if told else f"{words}."
    notes = (outcome.target_words, outcome.metadata["what_if"].get("fill_words", ""))
    return " ".join([said, *filter(None, notes)])
