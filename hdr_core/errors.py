"""The one family of errors of the core. Every message says what is wrong, then what to do next, in one line."""

from __future__ import annotations


class HdrError(Exception):
    """Something the user can act on.

    `problem` says what is wrong, `next_step` what to do about it; both are whole sentences. `str()` joins them in one line.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        self.problem = " ".join(problem.split())
        self.next_step = " ".join(next_step.split())
        super().__init__(f"{self.problem} {self.next_step}")

    def __reduce__(self) -> tuple[type[HdrError], tuple[str, str]]:
        return type(self), (self.problem, self.next_step)


class PhotoError(HdrError):
    """The source cannot be read as a photo."""


class ProjectionError(HdrError):
    """The photo does not have the projection that was asked for."""


class OutputError(HdrError):
    """The result cannot be written."""


class DiskFullError(OutputError):
    """There is no room for the result: another one would fare no better."""


class WeightsError(HdrError):
    """The network's weights are missing, damaged, or of another version."""


class RuntimeMissingError(HdrError):
    """The Python that should run the network lacks a package (torch, OpenEXR, pyvips, ...)."""


class RuntimeInstallError(HdrError):
    """The runtime's packages cannot be downloaded or installed."""


class DeviceError(HdrError):
    """The device that was asked for is not there, or has not enough memory."""


class WorkerError(HdrError):
    """The worker process could not be started, or died in the middle."""


class Cancelled(HdrError):
    """The user stopped the conversion."""

    def __init__(self, problem: str = "The conversion was cancelled.", next_step: str = "Nothing was written.") -> None:
        super().__init__(problem, next_step)
