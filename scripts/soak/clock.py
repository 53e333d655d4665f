"""The clock is set by years while the worker converts (libfaketime)."""

from __future__ import annotations

from pathlib import Path

from common import FLAT, Fault, checksum, convert_in_peace, take_photo, worker

JUMPS = ("+10y", "-20y", "+1d", "-1h", "+0")


def library() -> Path | None:
    """libfaketime; Debian: the package of that name."""
    return next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def run(folder: Path) -> str:
    preloaded = library()
    if preloaded is None:
        raise Fault("libfaketime is not installed")
    now = folder / "now"
    # As a user's clock that is set: the monotonic one goes on.
    faked = {"LD_PRELOAD": str(preloaded), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1"}
    faked |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    photo = take_photo(folder / "photo.png", seed=1)
    whole = convert_in_peace(photo, folder / "peace.exr")
    now.write_text("+0")
    client = worker(faked)
    try:
        client.warm_up().wait()
        for jump in JUMPS:
            told: list[float] = []

            def tell(fraction: float, _: str, jump: str = jump, told: list[float] = told) -> None:
                now.write_text(jump)  # once it is under way
                told.append(fraction)

            made = client.convert(photo, folder / "photo.exr", FLAT, overwrite=True).wait(tell)
            if checksum(folder / "photo.exr") != whole or not 0 < made.seconds < 600 or told != sorted(told):
                raise Fault(f"after a jump by {jump}: another file, {made.seconds} s, progress {told}")
    finally:
        client.close()
    return f"{len(JUMPS)} jumps ({', '.join(JUMPS)}) in conversions: the same bytes, and progress that only grows"
