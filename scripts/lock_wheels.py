"""Writes hdr_core/runtime_wheels.json: the wheels of the runtime for every platform and Python, by name, size and SHA-256.

    python scripts/lock_wheels.py [WHEEL ...]
    python scripts/lock_wheels.py --add WHEEL ...

uv resolves requirements/runtime.txt for each target and tells sizes and hashes; no wheel is downloaded for that. WHEELs are
files that the index does not have, such as the CPU build of torch for Linux or its CUDA build for Windows: each takes the place
of the index's where it fits, and is kept in build/wheels for `package.py`.
A package without a wheel (pyvips) is fetched as source and packed by `pure_wheel.py`. numpy stays out: Blender has it.

--add: what is pinned stays as it is, nothing is resolved; the WHEELs make targets of their own, whose names are printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fetch_wheels import WHEELS
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from pure_wheel import fetch_source, pack
from wheel_platforms import PLATFORMS, PYTHONS, Platform, best, rank_of

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hdr_core.runtime_wheels import LOCK, Wheel, read_lock  # noqa: E402

REQUIREMENTS = ROOT / "requirements" / "runtime.txt"
# numpy is Blender's own; what follows is for compiling at run time, which this software does not
LEFT_OUT = {"numpy", "setuptools", "triton"}
CUDA_ONLY = ("nvidia-", "cuda-")


def resolve(platform: Platform, python: tuple[int, int]) -> list[dict[str, Any]]:
    """The packages of requirements/runtime.txt for one target, as uv finds them."""
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder) / "pylock.toml"
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            str(REQUIREMENTS),
            "--format",
            "pylock.toml",
            "--no-config",
            "-q",
        ]
        command += ["--python-platform", platform.uv, "--python-version", f"{python[0]}.{python[1]}", "-o", str(locked)]
        subprocess.run(command, check=True, env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"})
        return tomllib.loads(locked.read_text())["packages"]


def _from_index(package: dict[str, Any], rank: dict[Tag, int], packed: dict[str, Wheel]) -> Wheel:
    wheels = {PurePosixPath(wheel["url"]).name: wheel for wheel in package.get("wheels", ())}
    file = best(wheels, rank)
    if file is not None:
        return Wheel(package["name"], package["version"], file, wheels[file]["size"], wheels[file]["hashes"]["sha256"])
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
    """A file that somebody has, copied to where `package.py` looks for it. Exits with a message where it is no whole wheel."""
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        sys.exit(f"{error} Keep the name that the file had where you got it.")
    if not zipfile.is_zipfile(path):
        sys.exit(f'"{path}" is not there, or no whole wheel. Download it again.')
    WHEELS.mkdir(parents=True, exist_ok=True)
    kept = WHEELS / path.name
    if not (kept.exists() and kept.samefile(path)):
        shutil.copyfile(path, kept)
    return Wheel(canonicalize_name(name), str(version), path.name, path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def targets(at_hand: list[Wheel]) -> Iterator[tuple[str, list[Wheel]]]:
    """Every target's name, such as "linux-x64-py311-cuda", and its wheels."""
    packed: dict[str, Wheel] = {}
    for name, platform in PLATFORMS.items():
        for python in PYTHONS:
            rank = rank_of(platform, python)
            packages = [package for package in resolve(platform, python) if package["name"] not in LEFT_OUT]
            wheels = [_from_index(package, rank, packed) for package in packages]
            target = f"{name}-py{python[0]}{python[1]}"
            yield f"{target}-{platform.variant}", wheels
            if mine := _fitting(at_hand, rank):
                yield _with_mine(target, platform, wheels, mine)


def added(at_hand: list[Wheel]) -> Iterator[tuple[str, list[Wheel]]]:
    """The targets that the files make out of those that are pinned. Exits with a message where one fits none."""
    pinned, left = read_lock(), set(at_hand)
    for name, platform in PLATFORMS.items():
        for python in PYTHONS:
            target = f"{name}-py{python[0]}{python[1]}"
            mine = _fitting(at_hand, rank_of(platform, python))
            if mine and (wheels := pinned.get(f"{target}-{platform.variant}")):
                left -= set(mine.values())
                yield _with_mine(target, platform, wheels, mine)
    if left:
        sys.exit(f"No target for {', '.join(wheel.file for wheel in left)}. There are: {', '.join(sorted(pinned))}")


def _fitting(at_hand: list[Wheel], rank: dict[Tag, int]) -> dict[str, Wheel]:
    """By the packages' names. Exits with a message where the package is not torch's, or there are two of one."""
    fits = [wheel for wheel in at_hand if best([wheel.file], rank)]
    mine = {wheel.name: wheel for wheel in fits}
    if len(mine) < len(fits) or (mine and "torch" not in mine):
        sys.exit(f"Give one torch, and one file of each other package: {', '.join(wheel.file for wheel in fits)}")
    return mine


def _with_mine(target: str, platform: Platform, wheels: Iterable[Wheel], mine: dict[str, Wheel]) -> tuple[str, list[Wheel]]:
    """The target's whole name, and its wheels. Only Linux's CUDA build has the libraries in packages of their own."""
    variant = "cuda" if "+cu" in mine["torch"].version else "cpu"
    rest = (wheel for wheel in wheels if variant == platform.variant or not wheel.name.startswith(CUDA_ONLY))
    return f"{target}-{variant}", [mine.get(wheel.name, wheel) for wheel in rest]


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
    parser.add_argument("--add", action="store_true", help="keep what is pinned, and print the names of the targets of WHEELs")
    options = parser.parse_args()
    at_hand = [_at_hand(path) for path in options.wheels]
    if options.add:
        more = dict(added(at_hand))
        write({**{name: list(wheels) for name, wheels in read_lock().items()}, **more})
        for wheel in at_hand:
            print(f"{wheel.file}: {wheel.size / 1e6:.0f} MB, SHA-256 {wheel.sha256}", file=sys.stderr)
        print(*more)
        return
    found = dict(targets(at_hand))
    write(found)
    for name, wheels in sorted(found.items()):
        print(f"{name}: {len(wheels)} wheels, {sum(wheel.size for wheel in wheels) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
