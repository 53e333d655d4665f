"""Camera responses for training: how exposure becomes code values, drawn at random for each photo."""

from __future__ import annotations

import torch
from torch import Tensor

from hdr_core.network.curve import srgb_encode

# AgX of T. Sobotka: its matrix, and the fit of its default contrast by B. Wrensch, "Minimal AgX Implementation" (2023)
_AGX_IN = [
    [0.842479062253094, 0.0784335999999992, 0.0792237451477643],
    [0.0423282422610123, 0.878468636469772, 0.0791661274605434],
    [0.0423756549057051, 0.0784336, 0.879142973793104],
]
_AGX_LOG2 = (-12.47393, 4.026069)
_AGX_CURVE = (15.5, -40.14, 31.96, -6.868, 0.4298, 0.1191, -0.00232)  # of x^6, x^5, ..., 1
# Few are no sigmoids, which were fitted to measured responses: an uncertain estimate goes to the middle of what is drawn here.
SHARES = {"sigmoid": 0.8, "smooth": 0.06, "gamma": 0.03, "style": 0.04, "filmic": 0.04, "agx": 0.03}


def _even(n: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.rand(n, 1, 1, 1, device=device) * (high - low) + low


def sigmoid(x: Tensor) -> Tensor:
    """The family of Eilertsen et al. (2017)."""
    n, device = len(x), x.device
    power = 0.9 + 0.1 * torch.randn(n, 1, 1, 1, device=device).clamp(-3, 3)
    sigma = (0.6 + 0.12 * torch.randn(n, 1, 1, 1, device=device)).abs().clamp(0.15, 1.2)
    raised = x.clamp(min=1e-7) ** power
    return (1 + sigma) * raised / (raised + sigma)


def smooth(x: Tensor) -> Tensor:
    """A gamma whose exponent varies smoothly and at random along the curve, as those of measured cameras do."""
    n, device = len(x), x.device
    knots = 64
    log_x = torch.linspace(-9, 0, knots, device=device)
    order = torch.arange(1, 5, device=device)
    waves = torch.cos(torch.pi * order[:, None] * torch.linspace(0, 1, knots, device=device))
    weights = torch.randn(n, 4, device=device) * 0.35 / order
    slope = torch.exp(weights @ waves) / _even(n, 1.8, 2.6, device)[:, 0, 0]
    log_code = torch.cumsum(slope, 1) * (log_x[1] - log_x[0])
    log_code = log_code - log_code[:, -1:]
    position = ((x.clamp(min=1e-9).log().clamp(min=-9) + 9) / 9 * (knots - 1)).flatten(1)
    below = position.floor().clamp(max=knots - 2)
    first, second = (log_code.gather(1, below.long() + i) for i in (0, 1))
    code = torch.exp(first + (second - first) * (position - below)).view_as(x)
    return code * (x / torch.exp(log_x[0])).clamp(max=1)  # a line below the first knot


def gamma(x: Tensor) -> Tensor:
    """A plain power."""
    return x.clamp(min=1e-7) ** (1 / _even(len(x), 1.6, 2.6, x.device))


def style(x: Tensor) -> Tensor:
    """A picture style: an S over sRGB."""
    code = srgb_encode(x)
    return code + _even(len(x), 0.1, 0.9, x.device) * code * (1 - code) * (code - 0.4)


def filmic(x: Tensor) -> Tensor:
    """A filmic shoulder over a linear start."""
    shoulder = _even(len(x), 1.5, 6.0, x.device)
    return srgb_encode((1 - torch.exp(-shoulder * x)) / (1 - torch.exp(-shoulder)))


def agx(x: Tensor) -> Tensor:
    """AgX's default contrast, its bright colours drawn to white, cut where cameras clip: x = 1 comes out as white."""
    mix = x.new_tensor(_AGX_IN)
    low, high = _AGX_LOG2
    white = _even(len(x), 2.0, 12.0, x.device)  # the exposure over which nothing is left

    def curve(linear: Tensor) -> Tensor:
        t = (linear.clamp(min=1e-10).log2() - low) / (high - low)
        t = t.clamp(0, 1)
        out = torch.zeros_like(t)
        for coefficient in _AGX_CURVE:
            out = out * t + coefficient
        return out.clamp(min=0)

    code = curve(torch.einsum("ij,njhw->nihw", mix, x * white))
    return srgb_encode((code**2.2 / curve(white) ** 2.2).clamp(0, 1))


KINDS = {"sigmoid": sigmoid, "smooth": smooth, "gamma": gamma, "style": style, "filmic": filmic, "agx": agx}


def response(x: Tensor) -> Tensor:
    """A random response for each photo: exposure (N, 3, H, W) in [0, 1] to code values in [0, 1], 0 to 0 and white to white."""
    kind = torch.multinomial(torch.tensor(list(SHARES.values())), len(x), replacement=True)
    code = torch.empty_like(x)
    for number, name in enumerate(SHARES):
        chosen = (kind == number).nonzero()[:, 0].to(x.device)
        if len(chosen):
            code[chosen] = KINDS[name](x[chosen])
    return code.clamp(0, 1)
