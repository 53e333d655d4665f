"""The backbone: an encoder-decoder at working resolution, guided by the soft mask, that sees the whole sphere."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .padding import Conv, double

DROPOUT = 0.1  # of the deepest features: the truths to learn from are few
MASKS = 5  # average over-exposure of R, G, B, under-exposure, largest over-exposure


class GuidedBlock(nn.Module):
    """A residual block whose features the soft mask gates: what is seen and what has to be restored go different ways."""

    def __init__(self, width: int, *, guided: bool = True) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = Conv(width, width)
        self.second = Conv(width, width)
        self.gate = nn.Conv2d(MASKS, 2 * width, 1) if guided else None
        nn.init.zeros_(self.second.weight)
        if self.second.bias is not None:
            nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, mask: Tensor, *, panorama: bool) -> Tensor:
        y = functional.silu(self.first(self.norm(x), panorama=panorama))
        if self.gate is not None:
            scale, shift = self.gate(mask).chunk(2, 1)
            y = y * (2 * torch.sigmoid(scale)) + shift
        return x + self.second(y, panorama=panorama)


class GlobalAttention(nn.Module):
    """Self-attention over all places of the coarsest level: is a white blob a sun, or a wall?"""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.widen = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        nn.init.zeros_(self.merge.weight)
        nn.init.zeros_(self.merge.bias)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        q, k, v = self.project(self.norm(tokens)).view(n, h * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, h * w, c)
        tokens = tokens + self.merge(seen)
        tokens = tokens + self.widen(tokens)
        return tokens.transpose(1, 2).reshape(n, c, h, w)


class Backbone(nn.Module):
    """(N, inputs, h, w) and the mask (N, MASKS, h, w) to features (N, widths[0], h, w); h and w multiples of 16."""

    def __init__(self, inputs: int, widths: tuple[int, ...], *, guided: bool = True) -> None:
        super().__init__()
        self.enter = Conv(inputs, widths[0])
        self.encode = nn.ModuleList(GuidedBlock(w, guided=guided) for w in widths)
        self.down = nn.ModuleList(Conv(a, b, stride=2) for a, b in pairwise(widths))
        self.whole = nn.ModuleList(GlobalAttention(widths[-1]) for _ in range(2))
        self.deep = nn.ModuleList(GuidedBlock(widths[-1], guided=guided) for _ in range(2))
        self.up = nn.ModuleList(Conv(b, a, 1) for a, b in pairwise(widths))
        self.skip = nn.ModuleList(Conv(2 * a, a, 1) for a in widths[:-1])
        self.decode = nn.ModuleList(GuidedBlock(a, guided=guided) for a in widths[:-1])

    def forward(self, x: Tensor, mask: Tensor, *, panorama: bool) -> Tensor:
        masks, kept = [mask], []
        for _ in self.down:
            masks.append(functional.avg_pool2d(masks[-1], 2))
        x = self.enter(x, panorama=panorama)
        for level, block in enumerate(self.encode):
            x = block(x, masks[level], panorama=panorama)
            if level < len(self.down):
                kept.append(x)
                x = self.down[level](x, panorama=panorama)
        for attend, block in zip(self.whole, self.deep, strict=True):
            x = functional.dropout2d(block(attend(x), masks[-1], panorama=panorama), DROPOUT, self.training)
        for level in reversed(range(len(self.up))):
            x = double(self.up[level](x, panorama=panorama), panorama=panorama)
            x = self.skip[level](torch.cat([x, kept[level]], 1), panorama=panorama)
            x = self.decode[level](x, masks[level], panorama=panorama)
        return x
