"""How long something takes, in words."""


def duration(seconds: float) -> str:
    """Say how long something takes, roughly.

    Parameters
    ----------
    seconds : float
        The time [s].
    """
    if seconds < 1:
        return "less than 1 s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def roughly(seconds: float) -> str:
    """Say the same where nothing before it says that it is rough."""
    return duration(seconds) if seconds < 1 else f"about {duration(seconds)}"
