"""Makes the renders of the documentation, before and after, in docs/images: by Cycles, of the examples, with today's weights.

    make docs-pictures
    .venv/bin/python scripts/renders.py [PICTURE ...]

The bpy module in .venv-bpy-5.0.1 renders the tiles (render_shots.py); here they are labelled and joined. The windows
are screenshots.py's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path

import numpy as np
import pyvips

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hdr_core.sheet.text import draw_text, text_width  # noqa: E402

BLENDER = ROOT / ".venv-bpy-5.0.1" / "bin" / "python"
IMAGES = ROOT / "docs" / "images"
EXAMPLES = ROOT / "examples"
PANORAMA, PHOTO = EXAMPLES / "ulmer_muenster.jpg", EXAMPLES / "bell_park_pier.jpg"
LARGEST = 140_000  # bytes
GAP = 4


@dataclass(frozen=True)
class Picture:
    """labels: of the tiles, in their order. size: of a tile in pixels. first: a photo that stands before the tiles."""

    labels: tuple[str, ...]
    size: tuple[int, int]
    samples: int = 32
    across: int = 2
    first: Path | None = None
    over: Path | None = None  # what the tiles are laid over


PICTURES = {
    "light": Picture(("lit by the JPG", "lit by the restored panorama"), (400, 350), samples=24),
    "sun": Picture(("in the environment, 16 samples", "as a lamp, 16 samples"), (400, 350), samples=16),
    "controls": Picture(
        ("as converted", "Rotation 120 degrees", "EV -1.5", "Temperature 3500 K", "Sun Gain 0", "Saturation 0"),
        (300, 262),
        across=3,
    ),
    "sphere": Picture(("the photo", "the sphere made of it", "a scene that it lights"), (360, 360), across=3, first=PHOTO),
    "camera": Picture(("the photo", "two spheres in it"), (480, 480), first=PHOTO, over=PHOTO),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [*PICTURES, "sheet"]
    parser.add_argument(
        "pictures", nargs="*", choices=[*names, []], metavar="PICTURE", help=f"of {', '.join(names)}; default: all"
    )
    for name in parser.parse_args().pictures or names:
        with tempfile.TemporaryDirectory() as folder:
            joined = _sheet(Path(folder)) if name == "sheet" else _joined(name, Path(folder))
        print(_keep(joined, IMAGES / f"{name}.jpg"), flush=True)


def _joined(name: str, folder: Path) -> pyvips.Image:
    picture = PICTURES[name]
    command = [BLENDER, ROOT / "scripts" / "render_shots.py", name, folder, *picture.size, picture.samples]
    given = {**os.environ, "LDR_TO_HDRI_PYTHON": os.environ.get("LDR_TO_HDRI_PYTHON", sys.executable)}
    subprocess.run([str(part) for part in command], check=True, env=given, stdout=subprocess.DEVNULL)
    tiles = [pyvips.Image.new_from_file(str(path)) for path in sorted(folder.glob("*.png"))]
    if picture.over is not None:
        tiles = [_fitted(picture.over, picture.size).composite2(tile, "over") for tile in tiles]
    if picture.first is not None:
        tiles.insert(0, _fitted(picture.first, picture.size))
    return _row([_labelled(tile[:3], label) for tile, label in zip(tiles, picture.labels, strict=True)], picture.across)


def _row(tiles: list[pyvips.Image], across: int) -> pyvips.Image:
    """So many in a row, whatever their widths."""
    rows = [tiles[at : at + across] for at in range(0, len(tiles), across)]
    return reduce(partial(_beside, "vertical"), (reduce(partial(_beside, "horizontal"), row) for row in rows))


def _beside(direction: str, first: pyvips.Image, second: pyvips.Image) -> pyvips.Image:
    return first.join(second, direction, shim=GAP, background=[255, 255, 255], expand=True)


def _fitted(path: Path, size: tuple[int, int]) -> pyvips.Image:
    return pyvips.Image.thumbnail(str(path), size[0], height=size[1], size="force").colourspace("srgb")


def _labelled(tile: pyvips.Image, label: str) -> pyvips.Image:
    """With its name at the lower left, on a dark ground."""
    pixels = np.ascontiguousarray(tile.numpy()[..., :3])
    height = len(pixels)
    pixels[height - 26 :, : text_width(label, 16) + 16] //= 4
    draw_text(pixels, 8, height - 24, label, size=16, colour=(255, 255, 255))
    return pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")


def _sheet(folder: Path) -> pyvips.Image:
    """What the command line draws of a conversion."""
    result, sheet = folder / "result.exr", folder / "sheet.png"
    for arguments in (("convert", PANORAMA, "-o", result, "--input-curve", "srgb"), ("sheet", PANORAMA, result, sheet)):
        command = [sys.executable, "-m", "hdr_core.cli", *map(str, arguments)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return pyvips.Image.new_from_file(str(sheet)).copy_memory()


def _keep(picture: pyvips.Image, target: Path) -> str:
    """As good a JPEG as fits; says how large it is."""
    picture = picture.copy_memory()
    for quality in (92, 88, 84, 78, 70, 60):
        picture.jpegsave(str(target), Q=quality, strip=True, optimize_coding=True)
        if target.stat().st_size <= LARGEST:
            break
    return f"{target.relative_to(ROOT)}: {picture.width} x {picture.height}, {target.stat().st_size} bytes"


if __name__ == "__main__":
    main()
