"""One exception per kind of mistake: what was found, where, and what to do about it.

None derives from `RuntimeError`, which Qt workers swallow.
"""


class StrataError(Exception):
    """Base of every error that a user can mend.

    Parameters
    ----------
    message : str
        What was found, and where.
    remedy : str
        What the user can do about it.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        """Let an error cross to another process whole."""
        return _again, (type(self), self.message, self.remedy), self.__dict__


def _again(kind: type[StrataError], message: str, remedy: str) -> StrataError:
    return kind(message, remedy=remedy)


class ImageError(StrataError):
    """An image cannot be used: shape, type or values."""


class CalibrationError(StrataError):
    """A pixel size is missing, not positive, or contradicts the file."""


class LabelsError(StrataError):
    """Labels cannot be used: shape, type, codes or too few painted pixels."""


class ConfigError(StrataError):
    """A setting is unknown or out of its range."""


class BundleError(StrataError):
    """A model on disk cannot be read or does not fit."""


class TableError(StrataError):
    """An atom table lacks a column or holds a value that cannot be."""


class OutputError(StrataError):
    """A result cannot be written where it was asked for."""


class DeviceError(StrataError):
    """A device was asked for that this machine lacks."""


class TrainingError(StrataError):
    """Training cannot go on, for example because the loss is no longer finite."""


class CheckpointError(StrataError):
    """A training cannot be resumed or replayed from what its run folder holds."""


class TargetError(StrataError):
    """An explanation target does not exist in the image or in the model."""


class MethodError(StrataError):
    """A method of explanation cannot be used with this network."""


class ExtraError(StrataError):
    """An optional part of the program is not installed."""


class DownloadError(StrataError):
    """A file cannot be fetched, or is not what its checksum says."""


class LatticeError(StrataError):
    """Atoms or the Fourier transform of an image show no lattice that could be fitted."""
