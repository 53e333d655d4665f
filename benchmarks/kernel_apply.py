"""kernel_apply on CUDA against what the card's memory allows, and against other ways to write it.

    python -m benchmarks.kernel_apply

bound: the time in which the card copies as many bytes as the call has to read and write, measured in the same run. Times are
medians of CUDA events over repeated calls, in milliseconds; compare the ratios, not the times, between machines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.kernel_apply import kernel_apply, reference

PICTURES = ((2048, 4096), (4096, 8192))
SIZE, CHANNELS, TYPE = 5, 3, torch.float16
REPEATS = 15
_BUSY = 2_000_000  # cycles, about a millisecond


def milliseconds(call: Callable[[], object], *, ahead: bool = True) -> float:
    """Median time of one call, after two that warm up. ahead: the GPU is busy when the call is made, so that what Python needs
    for it does not count; no help where a call waits for the GPU, or launches more than it can keep in its queue.
    """
    times = []
    for i in range(REPEATS + 2):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        if ahead:
            torch.cuda._sleep(_BUSY)
        start.record()
        call()
        end.record()
        end.synchronize()
        if i >= 2:
            times.append(start.elapsed_time(end))
    return sorted(times)[len(times) // 2]


def copy_time(count: int) -> float:
    """Milliseconds in which the card moves `count` bytes: reads half of them and writes half."""
    source = torch.empty(count // 2, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return milliseconds(lambda: target.copy_(source))


def trained_milliseconds(call: Callable[..., Tensor], inputs: tuple[Tensor, ...], grad: Tensor) -> float:
    """Of a call and of its gradients with respect to all inputs, by autograd."""
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    with torch.enable_grad():
        return milliseconds(lambda: torch.autograd.grad(call(*leaves), leaves, grad))


def unfolded(source: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
    """The usual way in torch: K * K copies of the picture."""
    n, c, h, w = source.shape
    columns = functional.unfold(source, SIZE, padding=SIZE // 2).view(n, c, SIZE**2, h, w)
    return channel * (columns * spatial[:, None]).sum(2)


def rows(height: int, width: int) -> list[tuple[str, float, float]]:
    """(what, milliseconds, milliseconds of the bound) of each way."""
    device = torch.device("cuda")
    source, channel = (torch.rand(1, CHANNELS, height, width, device=device, dtype=TYPE) for _ in range(2))
    spatial = torch.rand(1, SIZE**2, height, width, device=device, dtype=TYPE)
    grad = torch.rand_like(channel)
    inputs = (source, spatial, channel)
    once = sum(t.nbytes for t in inputs)
    forward, backward = copy_time(once + channel.nbytes), copy_time(2 * once + grad.nbytes)
    operator = torch.ops.ldr_to_hdri.kernel_apply_backward
    out = [
        ("ours, sphere", milliseconds(lambda: kernel_apply(*inputs, border="sphere")), forward),
        ("ours, clamp", milliseconds(lambda: kernel_apply(*inputs, border="clamp")), forward),
    ]
    out.append(("ours, sphere, backward", milliseconds(lambda: operator(grad, *inputs, "sphere", 1)), backward))
    torch.compiler.reset()  # each size is compiled for itself: code for any size is slower, and takes minutes to make
    for border in ("sphere", "clamp"):
        compiled = torch.compile(lambda *t, border=border: reference.forward(*t, border, 1))
        out.append((f"torch.compile of the reference, {border}", milliseconds(lambda call=compiled: call(*inputs)), forward))
        for who, call in (("ours", partial(kernel_apply, border=border)), ("torch.compile of the reference", compiled)):
            out.append((f"{who}, {border}, forward and backward", trained_milliseconds(call, inputs, grad), forward + backward))
    out.append(("shifted sums, eager", milliseconds(lambda: reference.forward(*inputs, "clamp", 1)), forward))
    if height * width <= 2**23:
        out.append(("unfold", milliseconds(lambda: unfolded(*inputs)), forward))
    return out


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if not torch.cuda.is_available():
        print("This benchmark needs a CUDA GPU.", file=sys.stderr)
        return 2
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, K = {SIZE}, {CHANNELS} channels, {TYPE}\n")
    print("| picture | | ms | bound, ms | times the bound |\n| --- | --- | --- | --- | --- |")
    with torch.no_grad():
        for height, width in PICTURES:
            for name, time, bound in rows(height, width):
                print(f"| {width} x {height} | {name} | {time:.3f} | {bound:.3f} | {time / bound:.2f} |", flush=True)
            torch.cuda.empty_cache()
    return 0


if __name__ == "__main__":
    sys.exit(main())
