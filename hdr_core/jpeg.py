"""How often a JPEG file goes over its picture: progressive ones do in scans, each of which costs time, but hardly any bytes."""

from __future__ import annotations

MOST_SCANS = 200
"""Programs write about ten. One of 70 kB and 16 megapixels, made with thousands, keeps libjpeg busy for many seconds."""


def scans(data: bytes) -> int:
    """The scans of the first picture in the file."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
        filling = data[at + 1 : at + 2] == b"\xff"
        at += 1 if filling else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    end = data.find(b"\xff\xd9", at)
    return data.count(b"\xff\xda", at, end if end >= 0 else len(data))
