"""Numbers of pixels in words."""


def pixels(count: int) -> str:
    """Return a number of pixels as people say it."""
    return f"{count:,} pixel{'' if count == 1 else 's'}"
