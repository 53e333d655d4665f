"""The compiled kernels, loaded through the CUDA driver's own API: no compiler and no CUDA toolkit on the user's machine.

`kernel_apply.fatbin` holds machine code for every chip from Turing to Blackwell, and PTX for what comes after. It serves every
torch, every Python, Windows and Linux.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

BINARY = Path(__file__).with_name("kernel_apply.fatbin")
RECORD = Path(__file__).with_name("kernel_apply.json")
_LARGEST_GRID = 2**31 - 1


class DriverError(RuntimeError):
    """The kernels cannot be loaded or launched; the reference does the same, more slowly."""


@cache
def _driver() -> ctypes.CDLL:
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise DriverError(f"the CUDA driver {name} cannot be loaded: {error}") from error


def _call(function: str, *arguments: object) -> None:
    status = getattr(_driver(), function)(*arguments)
    if status:
        text = ctypes.c_char_p()
        _driver().cuGetErrorString(status, ctypes.byref(text))
        raise DriverError(f"{function}: {(text.value or b'unknown error').decode()} ({status})")


@cache
def _context(device: int) -> ctypes.c_void_p:
    """The device's primary context, the one that torch uses. Kept for the life of the process, as torch keeps it."""
    handle, context = ctypes.c_int(), ctypes.c_void_p()
    _call("cuDeviceGet", ctypes.byref(handle), device)
    _call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
    return context


@contextmanager
def _current(device: int) -> Iterator[None]:
    """The device's context is current: in a thread of autograd none may be."""
    _call("cuCtxPushCurrent_v2", _context(device))
    try:
        yield
    finally:
        _call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


@cache
def _binary() -> bytes:
    """Raises DriverError if the file is missing, or is not the one that the record names."""
    try:
        data = BINARY.read_bytes()
        known = json.loads(RECORD.read_text(encoding="utf-8"))["binary"]
    except (OSError, ValueError, KeyError) as error:
        raise DriverError(f"the kernels {BINARY} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != known:
        raise DriverError(f"the kernels {BINARY} are damaged: their checksum is wrong")
    return data


@cache
def _module(device: int) -> ctypes.c_void_p:
    module = ctypes.c_void_p()
    with _current(device):
        _call("cuModuleLoadData", ctypes.byref(module), _binary())
    return module


@cache
def _function(name: str, device: int) -> ctypes.c_void_p:
    function = ctypes.c_void_p()
    _call("cuModuleGetFunction", ctypes.byref(function), _module(device), name.encode())
    return function


def launch(
    name: str,
    device: int,
    stream: int,
    blocks: int,
    threads: tuple[int, int],
    arguments: Sequence[ctypes._SimpleCData | ctypes.Structure],
) -> None:
    """Start `blocks` blocks of the kernel `name` on a stream of the device. Raises DriverError if it did not start."""
    if not 0 < blocks <= _LARGEST_GRID:
        raise DriverError(f"{name}: {blocks} blocks are not between 1 and {_LARGEST_GRID}")
    pointers = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(a) for a in arguments))
    function = _function(name, device)
    with _current(device):
        _call("cuLaunchKernel", function, blocks, 1, 1, *threads, 1, 0, ctypes.c_void_p(stream), pointers, None)
