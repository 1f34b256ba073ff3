"""Which methods a network cannot do, and why, told from its settings alone."""

from napari_strata.config import ExplainMethod, ModelConfig
from napari_strata.explain.catalogue import METHODS


def why_unable(method: ExplainMethod, model: ModelConfig) -> str:
    """Say what a network lacks for a method, for example ``needs ReLUs``; an empty text where it lacks nothing."""
    facts = METHODS[method]
    if facts.of_relus and model.activation != "relu":
        return "needs ReLUs"
    if facts.of_gates and model.architecture != "attention-unet":
        return "needs attention gates"
    return ""
