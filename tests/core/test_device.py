"""Where the network runs, and which way it takes there. The device is faked in the choice alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hdr_core import memory
from hdr_core import reconstruct as module
from hdr_core.device import choose_device, is_out_of_memory
from hdr_core.kernel_apply import has_kernels, operator
from hdr_core.kernel_apply.driver import DriverError
from hdr_core.network import chunked, fused
from hdr_core.network.inference import Inference
from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.padding import pad
from hdr_core.network.view import look
from hdr_core.network.weights import load_network

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("there", "chosen"), [((True, False), "cuda"), ((False, True), "mps"), ((False, False), "cpu")])
def test_auto_takes_the_gpu_that_is_there(monkeypatch, there, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there[0])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there[1])
    assert choose_device("auto") == chosen


def test_apple_and_amd_take_plain_torch(monkeypatch):
    config = NetworkConfig()
    assert not fused.fits(config, torch.device("mps"))
    assert not chunked.fits(config, torch.device("mps"))
    monkeypatch.setattr(torch.version, "hip", "6.4")  # AMD's torch says "cuda", too
    assert not has_kernels.__wrapped__(torch.device("cuda", 0))


def test_a_network_of_another_form_takes_plain_torch():
    other = Inference(Network(NetworkConfig(mask="none")), torch.device("cpu"))
    assert not chunked.fits(other.network.config, other.device)
    assert chunked.fits(NetworkConfig(), other.device)


@pytest.mark.parametrize(("height", "width", "panorama", "own"), [(70, 530, False, 0), (16, 32, True, 0.3), (64, 128, True, 1)])
@torch.inference_mode()
def test_chunks_give_what_plain_torch_gives(height, width, panorama, own):
    torch.manual_seed(height)
    network, _ = load_network()
    code = torch.nn.functional.interpolate(1.5 * torch.rand(1, 3, 5, 9) - 0.1, (height, width), mode="bicubic").clamp(0, 1)
    view = look(code, panorama=panorama)
    guidance = network.guidance(view, network.overview(view, torch.ones(1)))
    guidance = replace(guidance, low=replace(guidance.low, own=torch.full((1,), float(own))))
    padded = pad(code, 2, panorama=panorama)
    rows, columns = torch.arange(-2, height + 2), torch.arange(-2, width + 2)
    wanted = network.restore(padded, guidance, rows, columns, (height, width))
    assert wanted.max() > 1
    got = chunked.ChunkedLight(network.heads, guidance, (height, width)).restore(padded, 0, 0)
    torch.testing.assert_close(got, wanted, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(),
        torch.AcceleratorError("CUDA error: out of memory\nSearch for `cudaErrorMemoryAllocation'"),
        DriverError("cuModuleLoadData: out of memory (2)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB, other allocations: 1.00 GB)"),
    ],
    ids=str,
)
def test_a_full_gpu_is_known_by_what_it_says(error):
    assert is_out_of_memory(error)
    later = RuntimeError("Invalid capture.")  # what ends a capture of a graph that ran out of memory
    later.__context__ = error
    assert is_out_of_memory(later)


def test_memory_that_this_processor_does_not_have():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not is_out_of_memory(ValueError("out of memory"))


@torch.inference_mode()
def test_a_full_gpu_does_not_lose_its_kernels_for_good(monkeypatch):
    """The GPU is faked: its first launch fails for want of memory."""
    launches = []

    def forward(*_):
        launches.append(1)
        if len(launches) == 1:
            raise DriverError("cuModuleLoadData: out of memory (2)")

    monkeypatch.setattr(operator.cuda, "forward", forward)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: None)
    gpu = torch.device("cuda", 77)
    with pytest.raises(DriverError, match="out of memory"):
        has_kernels(gpu)
    assert has_kernels(gpu)


def test_tiles_follow_the_memory_that_is_free(monkeypatch):
    """The GPU is faked in its free memory alone."""
    inference = Inference(Network(), torch.device("cpu"))
    monkeypatch.setattr(inference, "device", torch.device("cuda", 0))
    monkeypatch.setattr(inference, "fused", True)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 2**29)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 2**30)
    areas = []
    for gib in (0, 1, 8, 80):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, gib=gib: (gib * 2**30, 80 * 2**30))
        rows, columns = memory.tile_size(8192, 16384, inference)
        assert columns == 16384
        areas.append(rows * columns)
    assert areas == sorted(areas)
    assert areas[0] == 16 * 16384
    assert areas[2] * memory.FUSED_BYTES < 8 * 2**30
    monkeypatch.setenv("LDR_TO_HDRI_GPU_MEMORY", "1")
    assert memory.free_memory(torch.device("cuda", 0)) == 2**29


def test_the_memory_of_the_network_can_be_given_back():
    assert module.warm_up("cpu") == "cpu"
    assert module._inference.cache_info().currsize == 1
    module.release_memory()
    assert module._inference.cache_info().currsize == 0


def test_an_idle_worker_gives_memory_back():
    script = (
        "import sys\nfrom hdr_core import worker\nworker.IDLE = 0.05\n"
        "worker._give_back = lambda: print('given back', file=sys.stderr, flush=True)\nworker.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert process.stderr.readline().strip() == b"given back"
    process.communicate(b"", timeout=30)
    assert process.returncode == 0
