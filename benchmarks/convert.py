"""File to file: a conversion against its null conversion, which decodes the photo and writes it as EXR.

    python -m benchmarks.convert [--size 4096 8192] [--batch 100] [--at-once 3 6] [--device auto]

The photos are made from the example, enlarged, with the grain of a camera, so that neither codec has it easy. "warm": the third
conversion of a process. A batch mixes four sizes; its conversions overlap, and so do as many null conversions. These, too, use
threads for all that they do: decoding, one look into a table for each number, and the same writer. Warm ones and batches are
timed three times, in turn with their null conversions; the medians are printed. The ordinary photo becomes a sphere; its null
conversion decodes it and writes that sphere.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from hdr_core.convert import convert
from hdr_core.exr import SOFTWARE, read_exr, write_exr
from hdr_core.parallel import in_parallel
from hdr_core.photo import read_photo, srgb_decode
from hdr_core.settings import ConvertSettings

EXAMPLE = Path(__file__).parents[1] / "examples" / "ulmer_muenster.jpg"
ORDINARY = (3000, 4000)
MIXED = ((512, 1024), (1024, 2048), (2048, 4096), (3000, 6000))


def photo(path: Path, height: int, width: int) -> Path:
    """A panorama of that size, JPG of quality 92."""
    picture = Image.open(EXAMPLE).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 2.0, (height, width, 1))
    Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return path


def null(source: Path, output: Path) -> None:
    """Decode and write, and nothing else: each code value through a table."""
    seen = read_photo(source)
    table = srgb_decode(np.arange(seen.white + 1) / seen.white)
    light = np.empty(seen.pixels.shape, np.float32)

    def fill(top: int) -> None:
        light[top : top + 64] = table.take(seen.pixels[top : top + 64])

    in_parallel(fill, range(0, len(light), 64))
    write_exr(output, light, header={"software": f"{SOFTWARE} null"}, overwrite=True)


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def medians(*calls: Callable[[], object]) -> list[float]:
    """Seconds of each, called in turn, three times."""
    rounds = [[seconds(call) for call in calls] for _ in range(3)]
    return [sorted(times)[1] for times in zip(*rounds, strict=True)]


def row(label: str, nothing: float, took: float) -> None:
    print(f"| {label} | {nothing:.2f} | {took:.2f} | {took / nothing:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(4096, 8192), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--at-once", type=int, nargs="+", default=[3])
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    settings = ConvertSettings(device=options.device)
    print("| | null, s | conversion, s | ratio |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        numbers = count()

        def output() -> Path:
            return root / f"{next(numbers) % 20}.exr"  # a few more than are written at once: the folder stays small

        def ours(source: Path) -> None:
            convert(source, output(), settings)

        def nothing(source: Path) -> None:
            null(source, output())

        height, width = options.size
        large = photo(root / "large.jpg", height, width)
        first_null = seconds(lambda: nothing(large))
        row(f"{width} x {height}, the first of a process", first_null, seconds(lambda: ours(large)))
        ours(large)
        row(f"{width} x {height}, warm", *medians(lambda: nothing(large), lambda: ours(large)))
        ordinary = photo(root / "ordinary.jpg", *ORDINARY)
        asked = ConvertSettings(device=options.device, projection="perspective", fov=68)
        convert(ordinary, root / "sphere.exr", asked)
        sphere, _ = read_exr(root / "sphere.exr")

        def copied() -> None:
            read_photo(ordinary)
            write_exr(output(), sphere, header={"software": f"{SOFTWARE} null"}, overwrite=True)

        label = f"an ordinary photo of {ORDINARY[1]} x {ORDINARY[0]} to a sphere of {sphere.shape[1]} x {sphere.shape[0]}"
        row(label, *medians(copied, lambda: convert(ordinary, output(), asked)))
        made = [photo(root / f"{i}.jpg", *size) for i, size in enumerate(MIXED)]
        batch = [made[i % len(made)] for i in range(options.batch)]
        for at_once in options.at_once if batch else ():

            def all_of(call: Callable[[Path], None], at_once: int = at_once) -> None:
                with ThreadPoolExecutor(at_once) as pool:
                    list(pool.map(call, batch))

            label = f"{len(batch)} photos of 0.5 to 18 megapixels, {at_once} at a time"
            row(label, *medians(lambda: all_of(nothing), lambda: all_of(ours)))


if __name__ == "__main__":
    main()
