"""The platforms and Pythons that Blender has, and which wheels fit them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))  # Blender's: 3.11 to 5.0, 3.13 from 5.1 on; the others are Linux distributions'


@dataclass(frozen=True)
class Platform:
    """uv: its name there; tags: the wheels' platforms, the best first; variant: what the index's torch is built for."""

    uv: str
    tags: tuple[str, ...]
    variant: str


_GLIBC = (*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), "manylinux2014_x86_64", "manylinux1_x86_64")
PLATFORMS = {
    "windows-x64": Platform("x86_64-pc-windows-msvc", ("win_amd64",), "cpu"),
    "macos-arm64": Platform("aarch64-apple-darwin", tuple(mac_platforms((14, 0), "arm64")), "cpu"),
    "linux-x64": Platform("x86_64-manylinux_2_28", _GLIBC, "cuda"),
}


def rank_of(platform: Platform, python: tuple[int, int]) -> dict[Tag, int]:
    """How good a tag is there: the lower the better; those that are not in it do not fit."""
    tags = [*cpython_tags(python, platforms=platform.tags), *compatible_tags(python, platforms=platform.tags)]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def best(files: Iterable[str], rank: dict[Tag, int]) -> str | None:
    """Of the wheels with these file names the one that fits best, if any does."""
    fits = {file: min(rank.get(tag, len(rank)) for tag in parse_wheel_filename(file)[3]) for file in files}
    found = min(fits, key=lambda file: fits[file], default=None)
    return found if found is not None and fits[found] < len(rank) else None
