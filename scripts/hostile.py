"""Makes hostile files, and has the worker convert every one of them: make hostile

    python scripts/hostile.py [--folder build/hostile] [--decoder]

At least 300 files and paths: truncated and bit-flipped pictures of every format, bombs, odd sizes, wrong suffixes, broken
profiles and EXIF, odd names, links, devices and pipes. Each must be answered within SECONDS by a result, or by an error that
says what to do; the worker may not die, may not grow beyond MEMORY, and may write nothing but its output. Prints what it saw.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hdr_core.client import WorkerClient  # noqa: E402
from hdr_core.errors import HdrError  # noqa: E402
from hdr_core.settings import ConvertSettings  # noqa: E402

SECONDS = 10.0
MEMORY = 3 * 2**30  # bytes; torch and the weights take about 1 GiB of it
FORMATS = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "gif": "GIF"}


def picture(kind: str, size: tuple[int, int] = (64, 32), **options: object) -> bytes:
    """A small photo in a format of Pillow."""
    pixels = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG whose header says what it likes."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def damaged() -> Iterator[tuple[str, bytes]]:
    """Every format, cut off and with flipped bits."""
    chance = random.Random(8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for suffix, kind in FORMATS.items():
        whole = picture(kind, **({} if kind == "GIF" else {"icc_profile": profile}))
        for part in range(20):
            yield f"cut {part:02}.{suffix}", whole[: 1 + len(whole) * part // 20]
        for number in range(35):
            data = bytearray(whole)
            for _ in range(chance.choice((1, 8, 64))):
                data[chance.randrange(min(len(data), 600 if number % 2 else len(data)))] ^= 1 << chance.randrange(8)
            yield f"flipped {number:02}.{suffix}", bytes(data)


def odd() -> Iterator[tuple[str, bytes]]:
    """Bombs, sizes, suffixes, profiles, EXIF, and what is no picture."""
    rows = zlib.compress(bytes(301 * 100), 9)
    yield "bomb.png", png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(10**7), 9))
    yield "bomb with little data.png", png(22000, 22000, rows)
    yield "short of rows.png", png(100, 200, rows)
    bomb = zlib.compress(bytes(2**28), 9)
    yield "profile bomb.png", png(100, 50, zlib.compress(bytes(301 * 50)), chunk(b"iCCP", b"p\0\0" + bomb))
    zeros = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(999)))
    yield "profile of zeros.png", png(100, 50, zlib.compress(bytes(301 * 50)), zeros)
    yield "gamma 0.png", png(100, 50, zlib.compress(bytes(301 * 50)), chunk(b"gAMA", bytes(4)))
    yield "gamma of one.png", png(100, 50, zlib.compress(bytes(301 * 50)), chunk(b"gAMA", b"\0\0\0\1"))
    for size in ((1, 1), (2, 1), (1, 2), (100000, 1), (1, 65535), (3, 100000)):
        yield f"{size[0]} x {size[1]}.png", picture("PNG", size)
    for suffix in (*FORMATS, "exr", "npy", "heic", "dng"):
        yield f"empty.{suffix}", b""
        yield f"text.{suffix}", b"this is no picture\n" * 20
        yield f"zeros.{suffix}", bytes(4096)
        yield f"a jpeg.{suffix}", picture("JPEG")
    for name, values in (("nan", np.nan), ("infinite", np.inf), ("float", 0.5)):
        out = io.BytesIO()
        Image.fromarray(np.full((32, 64), values, np.float32)).save(out, "TIFF")
        yield f"{name}.tif", out.getvalue()
    for number in range(12):
        exif = b"Exif\0\0" + random.Random(number).randbytes(40 * number)
        yield f"exif {number}.jpg", picture("JPEG", exif=exif)
    for number in range(12):
        profile = random.Random(number).randbytes(36) + b"acsp" + random.Random(number).randbytes(200)
        yield f"profile {number}.jpg", picture("JPEG", icc_profile=profile)
    beginnings = (b"\x93NUMPY", b"\x76\x2f\x31\x01", b"#?RADIANCE\n", b"PF\n", b"\0\0\0\x18ftypheic", b"II*\0")
    for number, magic in enumerate(beginnings):
        yield f"only the beginning {number}.bin", magic + random.Random(number).randbytes(64)


def names() -> list[str]:
    """Names of pictures that are sound."""
    plain = ["with 'quotes' and \"more\".jpg", "new\nline.jpg", "日本 🌞 ü.jpg", "-o.jpg", "%s %n {0}.jpg"]
    plain += ["$(touch x);`touch y`.jpg", " .jpg"]
    return [
        *plain,
        "a" * 240 + ".jpg",
        "deep/" * 60 + "down.jpg",
        os.fsdecode(b"not utf-8 \xff.jpg"),
        "tab\tbell\a.jpg",
        "con.jpg",
    ]


def make(folder: Path) -> list[Path]:
    """All of them, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, data in [*damaged(), *odd(), *((name, picture("JPEG")) for name in names())]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        made.append(path)
    links = {"link to nothing.jpg": "missing", "loop.jpg": "loop.jpg"}
    links |= {"link to null.jpg": os.devnull, "link to zero.jpg": "/dev/zero"}
    for name, target in links.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    (folder / "pipe.jpg").unlink(missing_ok=True)
    os.mkfifo(folder / "pipe.jpg")
    more = [folder, Path("/dev/zero"), Path("/dev/stdin"), folder / ("b" * 300 + ".jpg"), folder / "missing.jpg"]
    return [*made, *(folder / name for name in links), folder / "pipe.jpg", *more]


def memory(pid: int) -> int:
    """The most that the process has had in memory, in bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


def run(paths: list[Path], results: Path) -> int:
    """Convert all; returns how many broke the rules."""
    results.mkdir(parents=True, exist_ok=True)
    client = WorkerClient(Path(sys.executable))
    client.hello().wait()
    pid, slowest, answers, broken = client.pid, (0.0, ""), Counter[str](), []
    for number, path in enumerate(paths):
        output = results / f"{number}.exr"
        before = {entry.name for entry in results.iterdir()}
        began = time.monotonic()
        job = client.convert(path, output, ConvertSettings("flat"))
        while not job.poll() and time.monotonic() - began < 6 * SECONDS:
            time.sleep(0.005)
        took = time.monotonic() - began
        slowest = max(slowest, (took, path.name[:60]))
        try:
            job.result()
            answers["converted"] += 1
        except HdrError as error:
            answers[type(error).__name__] += 1
            if type(error).__name__ == "WorkerError" or not error.next_step:
                broken.append(f"{path.name[:60]!r}: {error}")
        except RuntimeError:
            broken.append(f"{path.name[:60]!r}: no answer")
            client.cancel()
        if took > SECONDS:
            broken.append(f"{path.name[:60]!r}: {took:.1f} s")
        if {entry.name for entry in results.iterdir()} - before - {output.name}:
            broken.append(f"{path.name[:60]!r}: wrote something else")
        if client.pid != pid:
            broken.append(f"{path.name[:60]!r}: the worker died")
            client.hello().wait()
            pid = client.pid
    peak = memory(pid or 0)
    client.close()
    if peak > MEMORY:
        broken.append(f"memory: {peak / 2**20:.0f} MiB")
    print(f"{len(paths)} files: {dict(answers)}; slowest {slowest[0]:.1f} s ({slowest[1]!r}); peak {peak / 2**20:.0f} MiB")
    print("\n".join(broken) or "none broke a rule")
    return len(broken)


def decode(paths: list[Path]) -> int:
    """Read all by the decoder alone, in this process: quick, because no network runs. Returns how many broke the rules."""
    from hdr_core.photo import read_photo

    answers, broken, slowest = Counter[str](), [], (0.0, "")
    for path in paths:
        began = time.monotonic()
        try:
            read_photo(path)
            answers["read"] += 1
        except HdrError as error:
            answers[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001  (what this looks for)
            broken.append(f"{path.name[:60]!r}: {type(error).__name__}: {error}")
        slowest = max(slowest, (time.monotonic() - began, path.name[:60]))
        if time.monotonic() - began > SECONDS:
            broken.append(f"{path.name[:60]!r}: {time.monotonic() - began:.1f} s")
    peak = memory(os.getpid()) / 2**20
    print(f"{len(paths)} files: {dict(answers)}; slowest {slowest[0]:.1f} s ({slowest[1]!r}); peak {peak:.0f} MiB")
    print("\n".join(broken) or "none broke a rule")
    return len(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "hostile")
    parser.add_argument("--decoder", action="store_true", help="the decoder alone, without the worker: quick")
    options = parser.parse_args()
    files = make(options.folder / "files")
    sys.exit(min(decode(files) if options.decoder else run(files, options.folder / "results"), 1))
