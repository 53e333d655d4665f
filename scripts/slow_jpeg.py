"""A JPEG file that is whole and small, and takes long: it goes over its picture in thousands of scans."""

from __future__ import annotations

import io

from PIL import Image

_COEFFICIENTS, _BITS = range(1, 64), range(13, -1, -1)


def slow_jpeg(size: int, most: int = 10_000) -> bytes:
    """A grey square, `size` wide and high, in so many scans at `most`: each tells one bit of a coefficient, which is 0."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), (120, 130, 140)).save(out, "JPEG", progressive=True, subsampling=0)
    whole = out.getvalue()
    found = _scans(whole)
    last, last_end = found[-1]
    head = bytearray(whole[last : last + 2 + int.from_bytes(whole[last + 2 : last + 4], "big")])
    nothing = whole[last + len(head) : last_end]
    made = [whole[: found[0][1]], whole[found[-2][1] : last]]  # the tables that the last scan is written by
    for coefficient in _COEFFICIENTS:
        for bit in _BITS:
            for component in (1, 2, 3):
                before = 0 if bit == _BITS[0] else bit + 1
                head[5], head[-3], head[-2], head[-1] = component, coefficient, coefficient, before << 4 | bit
                made.append(bytes(head) + nothing)
    return b"".join([*made[: 2 + most], b"\xff\xd9"])


def _scans(data: bytes) -> list[tuple[int, int]]:
    """Where each begins and ends."""
    at, found = 2, []
    while data[at + 1] != 0xD9:
        begin, marker = at, data[at + 1]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            while not (data[at] == 0xFF and data[at + 1] not in {0, *range(0xD0, 0xD8)}):
                at += 1
            found.append((begin, at))
    return found
