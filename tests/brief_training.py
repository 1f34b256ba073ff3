"""Settings of a training that takes no time and repeats to the bit."""

BRIEF = {
    "time_limit": None,
    "epochs": 1,
    "steps_per_epoch": 2,
    "batch_size": 2,
    "patch_size": 32,
    "validation_crops": 2,
    "precision": "fp32",
    "device": "cpu",
    "deterministic": True,
}
