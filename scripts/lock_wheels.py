"""Writes hdr_core/runtime_wheels.json: the wheels of the runtime for every platform and Python, by name, size and SHA-256.

    python scripts/lock_wheels.py [WHEEL ...]

uv resolves requirements/runtime.txt for each target and tells sizes and hashes; no wheel is downloaded for that. WHEELs are files
at hand that the index does not have, such as the CPU build of torch for Linux: each takes the place of the index's in the targets
that it fits. A package without a wheel (pyvips) is fetched as source and packed by `pure_wheel.py`. numpy stays out: Blender has it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

from pure_wheel import fetch_source, pack

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hdr_core.runtime_wheels import LOCK, Wheel  # noqa: E402

REQUIREMENTS = ROOT / "requirements" / "runtime.txt"
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))  # Blender's: 3.11 to 5.0, 3.13 from 5.1 on; the others are Linux distributions'
# numpy is Blender's own; what follows is for compiling at run time, which this software does not
LEFT_OUT = {"numpy", "setuptools", "triton"}
CUDA_ONLY = ("nvidia-", "cuda-")


@dataclass(frozen=True)
class Platform:
    """uv: its name there; tags: the wheels' platforms, the best first; variant: what the index's torch is built for."""

    uv: str
    tags: tuple[str, ...]
    variant: str


_GLIBC = tuple(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)) + ("manylinux2014_x86_64", "manylinux1_x86_64")
PLATFORMS = {
    "windows-x64": Platform("x86_64-pc-windows-msvc", ("win_amd64",), "cpu"),
    "macos-arm64": Platform("aarch64-apple-darwin", tuple(mac_platforms((14, 0), "arm64")), "cpu"),
    "linux-x64": Platform("x86_64-manylinux_2_28", _GLIBC, "cuda"),
}


def resolve(platform: Platform, python: tuple[int, int]) -> list[dict[str, Any]]:
    """The packages of requirements/runtime.txt for one target, as uv finds them."""
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder) / "pylock.toml"
        command = [sys.executable, "-m", "uv", "pip", "compile", str(REQUIREMENTS), "--format", "pylock.toml", "--no-config", "-q"]
        command += ["--python-platform", platform.uv, "--python-version", f"{python[0]}.{python[1]}", "-o", str(locked)]
        subprocess.run(command, check=True, env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"})
        return tomllib.loads(locked.read_text())["packages"]


def _rank(platform: Platform, python: tuple[int, int]) -> dict[Tag, int]:
    tags = [*cpython_tags(python, platforms=platform.tags), *compatible_tags(python, platforms=platform.tags)]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def _best(files: Iterable[str], rank: dict[Tag, int]) -> str | None:
    fits = {file: min(rank.get(tag, len(rank)) for tag in parse_wheel_filename(file)[3]) for file in files}
    best = min(fits, key=lambda file: fits[file], default=None)
    return best if best is not None and fits[best] < len(rank) else None


def _from_index(package: dict[str, Any], rank: dict[Tag, int], packed: dict[str, Wheel]) -> Wheel:
    wheels = {PurePosixPath(wheel["url"]).name: wheel for wheel in package.get("wheels", ())}
    best = _best(wheels, rank)
    if best is not None:
        return Wheel(package["name"], package["version"], best, wheels[best]["size"], wheels[best]["hashes"]["sha256"])
    if package["name"] not in packed:
        file = PurePosixPath(package["sdist"]["url"]).name
        packed[package["name"]] = _packed(package, (file, package["sdist"]["hashes"]["sha256"]))
    return packed[package["name"]]


def _packed(package: dict[str, Any], source: tuple[str, str]) -> Wheel:
    with tempfile.TemporaryDirectory() as folder:
        archive = fetch_source(package["name"], package["version"], source[1], Path(folder))
        wheel = pack(archive, package["name"], Path(folder))
        return Wheel(package["name"], package["version"], wheel.name, wheel.stat().st_size, _sha256(wheel), source)


def _at_hand(path: Path) -> Wheel:
    name, version, _, _ = parse_wheel_filename(path.name)
    return Wheel(canonicalize_name(name), str(version), path.name, path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def targets(at_hand: list[Wheel]) -> Iterator[tuple[str, list[Wheel]]]:
    """Every target's name, such as "linux-x64-py311-cuda", and its wheels."""
    packed: dict[str, Wheel] = {}
    for name, platform in PLATFORMS.items():
        for python in PYTHONS:
            rank = _rank(platform, python)
            packages = [package for package in resolve(platform, python) if package["name"] not in LEFT_OUT]
            wheels = [_from_index(package, rank, packed) for package in packages]
            target = f"{name}-py{python[0]}{python[1]}"
            yield f"{target}-{platform.variant}", wheels
            mine = {wheel.name: wheel for wheel in at_hand if _best([wheel.file], rank)}
            if mine:
                variant = "cuda" if "+cu" in mine["torch"].version else "cpu"
                rest = [wheel for wheel in wheels if not wheel.name.startswith(CUDA_ONLY)]
                yield f"{target}-{variant}", [mine.get(wheel.name, wheel) for wheel in rest]


def write(found: dict[str, list[Wheel]]) -> None:
    wheels = {wheel.file: wheel for target in found.values() for wheel in target}
    lines = [f"    {json.dumps(file)}: {json.dumps(_plain(wheels[file]))}" for file in sorted(wheels)]
    sets = [f"    {json.dumps(name)}: {json.dumps(sorted(w.file for w in found[name]))}" for name in sorted(found)]
    LOCK.write_text('{\n  "wheels": {\n' + ",\n".join(lines) + '\n  },\n  "targets": {\n' + ",\n".join(sets) + "\n  }\n}\n")


def _plain(wheel: Wheel) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": wheel.name, "version": wheel.version, "size": wheel.size, "sha256": wheel.sha256}
    return fields if wheel.source is None else {**fields, "source": {"file": wheel.source[0], "sha256": wheel.source[1]}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", nargs="*", type=Path, metavar="WHEEL")
    found = dict(targets([_at_hand(path) for path in parser.parse_args().wheels]))
    write(found)
    for name, wheels in sorted(found.items()):
        print(f"{name}: {len(wheels)} wheels, {sum(wheel.size for wheel in wheels) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
