"""From a network and an image to probabilities on the image's grid."""
