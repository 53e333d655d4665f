"""Decodes one HEIC file in a process of its own: a file made to hang or to break libheif takes nothing else with it.

    python -I -S heif_decoder.py SECONDS MOST_PIXELS GAIN FOLDER...

Started by heif.py, with the file on standard input. FOLDERs are searched for packages; GAIN is the name of the auxiliary
picture that is wanted, too. The answer, on standard output: a line of JSON, then the bytes of the "parts" that it tells of.
    {"error": "..."}                                    it cannot be decoded
    {"size": [width, height]}                           it has more than MOST_PIXELS
    {"bits": 8, "nclx": null, "parts": {"pixels": [bytes, height, width, columns, channels], "exif": [bytes], ...}}
The process ends after SECONDS, whatever it is doing, and whether somebody waits for it or not.
"""

from __future__ import annotations

import faulthandler
import io
import json
import sys
from typing import Any


def main() -> None:
    seconds, most_pixels, gain, *folders = sys.argv[1:]
    faulthandler.dump_traceback_later(float(seconds), exit=True)  # by a thread of C's: libheif may never come back to Python
    sys.path[:] = folders
    try:
        told, parts = decode(sys.stdin.buffer.read(), int(most_pixels), gain)
    except Exception as error:  # noqa: BLE001  (the library fails in many ways on damage)
        told, parts = {"error": str(error) or type(error).__name__}, []
    sys.stdout.buffer.write(json.dumps(told).encode("ascii") + b"\n")
    for part in parts:
        sys.stdout.buffer.write(part)


def decode(data: bytes, most_pixels: int, gain: str) -> tuple[dict[str, Any], list[bytes]]:
    """What the first line is to say, and the parts. Raises whatever the library does on damage."""
    import pi_heif

    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = False  # nobody asks for them
    file = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    image = file[file.primary_index]
    if image.size[0] * image.size[1] > most_pixels:
        return {"size": image.size}, []
    shapes: dict[str, list[int]] = {}
    parts: list[bytes] = []
    for name, picture in (("pixels", image), ("gain", _auxiliary(image, gain, most_pixels))):
        if picture is not None:
            array = picture.__array_interface__
            height, columns, *channels = array["shape"]
            shapes[name] = [len(array["data"]), height, picture.size[0], columns, *(channels or [1])]
            parts.append(bytes(array["data"]))  # a view of memory that goes with the picture
    for name, key in (("exif", "exif"), ("xmp", "xmp"), ("icc", "icc_profile")):
        if image.info.get(key):
            shapes[name] = [len(image.info[key])]
            parts.append(image.info[key])
    nclx = image.info.get("nclx_profile")
    colours = [int(nclx["color_primaries"]), int(nclx["transfer_characteristics"])] if nclx else None
    return {"bits": image.info["bit_depth"], "nclx": colours, "parts": shapes}, parts


def _auxiliary(image: Any, name: str, most_pixels: int) -> Any:
    numbers = image.info.get("aux", {}).get(name)
    found = image.get_aux_image(numbers[0]) if numbers else None
    return found if found is not None and found.size[0] * found.size[1] <= most_pixels else None


if __name__ == "__main__":
    main()
