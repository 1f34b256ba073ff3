"""What each method shows, in a plain sentence, and what a family of methods is called."""

from collections.abc import Mapping

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import Family

FAMILIES: Mapping[Family, str] = {
    "gradient": "From gradients",
    "activation": "From feature maps",
    "covering": "By covering parts",
    "network": "Of the network alone",
}
SHOWS: Mapping[ExplainMethod, str] = {
    "input-gradient": "Where a small change of a pixel would change the answer most.",
    "gradient-x-input": "That change times the pixel's own brightness: a quick guess of what each pixel adds.",
    "smooth-grad": "Gradient saliency averaged over noisy copies of the image: less speckle.",
    "var-grad": "Where the gradient differs most between noisy copies of the image.",
    "integrated-gradients": "What each pixel adds from a baseline on; sums to the score minus the baseline's.",
    "deep-lift": "What each pixel adds compared with a baseline; sums to the score minus the baseline's.",
    "guided-backprop": "Sharp edges that speak for the answer. Nearly an edge detector: check it first.",
    "deconvolution": "What the answer looks like, led back through the network. Check it first.",
    "gradient-shap": "What each pixel adds, averaged over noisy ways from an empty image.",
    "expected-gradients": "What each pixel adds compared with other parts of the same image.",
    "grad-cam": "Which parts of a coarse feature map speak for the answer: a rough, calm map.",
    "grad-cam-plus-plus": "Grad-CAM that is fairer to several objects of one class.",
    "guided-grad-cam": "Guided Backprop where Grad-CAM is bright: sharp and confined.",
    "layer-activation": "What one channel of a feature map shows of the image, whatever the target.",
    "mean-activation": "What a feature map shows of the image on average, whatever the target.",
    "attention": "What an attention gate lets pass: 0 nothing, 1 all; whatever the target.",
    "occlusion": "How much the answer weakens when a square is covered, wherever it is.",
    "feature-ablation": "How much the answer weakens when a patch of similar pixels is covered.",
    "lime": "A simple model of how the answer depends on patches, from random ones being covered.",
    "kernel-shap": "The fair share of each patch in the answer (Shapley value), from random ones being covered.",
    "receptive-field": "How far the network sees from here, on random images.",
}
