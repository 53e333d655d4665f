"""Temporary: variants of the staged kernels side by side."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

import torch

from benchmarks.kernel_apply import copy_time, milliseconds
from hdr_core.kernel_apply import cuda, driver, reference

CUBIN = Path(__file__).with_name("variants.cubin").read_bytes()


def main() -> int:
    device = torch.device("cuda", 0)
    torch.zeros(1, device=device)
    module = ctypes.c_void_p()
    with driver._current(0):
        driver._call("cuModuleLoadData", ctypes.byref(module), CUBIN)
    names = [n for n in re.findall(rb"\b[fb]_v\d_r\d_b\d_u\d_l\d\b", CUBIN)]
    names = sorted({n.decode() for n in names})

    def function(name, _device):
        f = ctypes.c_void_p()
        driver._call("cuModuleGetFunction", ctypes.byref(f), module, name.encode())
        return f

    original = driver._function
    for height, width in ((2048, 4096), (4096, 8192)):
        source, channel, grad = (torch.rand(1, 3, height, width, device=device).half() for _ in range(3))
        spatial = torch.rand(1, 25, height, width, device=device).half()
        once = source.nbytes + channel.nbytes + spatial.nbytes
        bounds = {"f": copy_time(once + channel.nbytes), "b": copy_time(2 * once + grad.nbytes)}
        print(f"{width} x {height}: bound forward {bounds['f']:.3f} ms, backward {bounds['b']:.3f} ms")
        wanted = None
        for border in ("sphere", "clamp"):
            for name in names:
                try:
                    v, r = int(name[3]), int(name[6])
                    inner = [spatial, channel]
                    if name[0] == "f":
                        out = torch.full_like(channel, float("nan"))

                        def call(name=name, v=v, r=r, out=out):
                            cuda._launch(
                                name, [spatial, channel, out], [source], [source, spatial, channel, out], out, v, 1, border
                            )
                    else:
                        one, two, three = (torch.full_like(t, float("nan")) for t in (source, spatial, channel))
                        out = one

                        def call(name=name, v=v, r=r, one=one, two=two, three=three):
                            cuda._launch(
                                name,
                                [grad, spatial, channel, two, three],
                                [source, one],
                                [grad, source, spatial, channel, one, two, three],
                                one,
                                v,
                                1,
                                border,
                            )

                    driver._function, cuda._ROWS = function, r
                    t = milliseconds(call)
                    driver._function, cuda._ROWS = original, 4
                    if name[0] == "f":
                        ref = cuda.forward(source, spatial, channel, border, 1)
                        error = float((out.float() - ref.float()).abs().max())
                    else:
                        ref = cuda.backward(grad, source, spatial, channel, border, 1)
                        error = max(float((a.float() - b.float()).abs().max()) for a, b in zip((one, two, three), ref))
                    print(
                        f"  {border:7s}{name:12s} {t:.3f} ms  {t / bounds[name[0]]:.2f} of the bound, differs by {error:.4f}",
                        flush=True,
                    )
                except Exception as problem:  # noqa
                    driver._function, cuda._ROWS = original, 4
                    print(f"  {border} {name}: {problem!r}"[:300])
    return 0


if __name__ == "__main__":
    sys.exit(main())
