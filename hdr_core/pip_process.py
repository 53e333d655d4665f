"""pip in a child process: the Python that runs it gets nothing installed. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path

from .errors import RuntimeInstallError
from .runtime_wheels import Wheel
from .worker_process import NO_WINDOW, child_environment

# pip as it is, else the one that Python carries for `ensurepip`, run from its wheel: installing that would change Python.
_PIP = """
import sys
try:
    import pip
except ImportError:
    import glob, importlib.util, os, sysconfig
    spec = importlib.util.find_spec("ensurepip")
    folders = [os.path.join(os.path.dirname(spec.origin), "_bundled")] if spec else []
    folders.append(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/nowhere")
    wheels = [wheel for folder in folders for wheel in glob.glob(os.path.join(glob.escape(folder), "pip-*.whl"))]
    if not wheels:
        sys.exit("no pip here")
    sys.path.insert(0, wheels[0])
import runpy
"""
_RUN_PIP = 'sys.argv[0] = "pip"; runpy.run_module("pip", run_name="__main__", alter_sys=True)'
_RUN_FILE = 'del sys.argv[0]; runpy.run_path(sys.argv[0], run_name="__main__")'

# How a network is reached, and where packages come from: what pip and its libraries read.
_NETWORK = re.compile(r"(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_\w+", re.IGNORECASE)

# The first that fits what pip said: what went wrong, and what to do about it.
_TRY_AGAIN = "Check the connection, and install again: what has arrived is not downloaded again."
_FAILURES = (
    (
        r"no pip here",
        "This Python has neither pip nor ensurepip.",
        "Install them (Debian: python3-pip), or name another Python in the add-on's preferences.",
    ),
    (
        r"No space left|Errno 28|disk is full|not enough space|WinError 112|Disk quota",
        "The disk is full.",
        "Free some space, and install again: what has arrived is not downloaded again.",
    ),
    (
        r"DO NOT MATCH THE HASHES|hash mismatch",
        "A package that arrived is not the one that it should be.",
        "It was thrown away. Install again; if it happens again, something between you and the package index changes files: "
        "try another network.",
    ),
    (
        r"ProxyError|Tunnel connection failed|\b407\b",
        "The proxy does not let the download through.",
        "Set HTTPS_PROXY to the proxy's address (with name and password, if it wants them), and start Blender again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification",
        "The certificate of the package index is not trusted.",
        "Behind a proxy that reads along, set PIP_CERT to its certificate, and start Blender again. Else check the clock.",
    ),
    (
        r"IncompleteRead|Connection broken|Connection aborted|ReadTimeout|Read timed out|ended prematurely|IncompleteDownload"
        r"|incomplete-download|not enough bytes",
        "The download broke off.",
        _TRY_AGAIN,
    ),
    (
        r"NewConnectionError|getaddrinfo|Name or service not known|name resolution|Max retries exceeded|ConnectTimeout"
        r"|Connection refused|Network is unreachable",
        "The package index cannot be reached.",
        _TRY_AGAIN,
    ),
    (
        r"Permission denied|PermissionError|Read-only file system|Access is denied",
        "The folder cannot be written.",
        "Choose another user folder for Blender, or get the right to write there.",
    ),
    (
        r"No matching distribution|Could not find a version",
        "The package index does not have this package for this system.",
        "Install the full zip for this system instead, or choose the other variant; docs/install.md tells more.",
    ),
)


def run_pip(python: Path, arguments: Sequence[str], wheels: Iterable[Wheel], scratch: Path) -> Generator[None, None, int]:
    """`run` pip for exactly these wheels."""
    listed = scratch.with_name("requirements.txt")
    listed.write_text("".join(wheel.requirement for wheel in wheels), encoding="utf-8")
    options = ["--only-binary", ":all:", "--progress-bar", "off", "-r", str(listed)]
    return run(python, [*arguments, *options], scratch)


def run(
    python: Path, arguments: Sequence[str], scratch: Path, *, program: Path | None = None, fine: Sequence[int] = (0,)
) -> Generator[None, None, int]:
    """Run pip, or the file `program` where it can import pip; yields while it runs, and returns its exit code, one of `fine`.

    scratch: a folder for its temporary files, emptied before. Raises RuntimeInstallError when it ends otherwise.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    process = PipProcess(python, arguments, scratch, program)
    try:
        while (code := process.poll(fine)) is None:
            yield
        return code
    finally:
        process.kill()


class PipProcess:
    """One run of pip, or of another program with pip at hand."""

    def __init__(self, python: Path, arguments: Sequence[str], scratch: Path, program: Path | None) -> None:
        boot = [_PIP + _RUN_PIP] if program is None else [_PIP + _RUN_FILE, str(program)]
        self._log = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115  (it lives as long as the process)
        environment = {**child_environment(), **_network(os.environ)}
        environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_NO_CACHE_DIR": "1"}
        environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
        try:
            self._popen = subprocess.Popen(
                [str(python), "-I", "-X", "utf8", "-c", *boot, *arguments],
                stdin=subprocess.PIPE,  # it ends with us
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=environment,
                creationflags=NO_WINDOW,
            )
        except OSError as error:
            self._log.close()
            raise RuntimeInstallError(
                f"{python} cannot be started ({error.strerror}).", "Choose another Python in the add-on's preferences."
            ) from error

    def poll(self, fine: Sequence[int]) -> int | None:
        """Its exit code, None while it runs. Raises RuntimeInstallError where that is not one of `fine`."""
        code = self._popen.poll()
        if code is not None and code not in fine:
            raise self._failure(code)
        return code

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        self._log.close()

    def _failure(self, code: int) -> RuntimeInstallError:
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace")
        error = next(
            (RuntimeInstallError(what, step) for pattern, what, step in _FAILURES if re.search(pattern, said)),
            None,
        )
        if error is None:
            last = next((line for line in reversed(said.splitlines()) if line.strip()), f"exit code {code}")
            error = RuntimeInstallError(f"pip failed: {last[:300]}.", "Install again; if it fails again, use the full zip.")
        error.add_note("pip said:\n" + said[-4000:])
        return error


def _network(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if _NETWORK.fullmatch(name)}
