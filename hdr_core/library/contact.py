"""A contact sheet: the thumbnails of a library on a page. Runs in the worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..runtime import require
from ..sheet.files import check_sheet_path
from ..sheet.png import encode_png
from ..sheet.text import draw_text, shortened
from .pictures import STRIP
from .work import ContactSheet

_COLUMNS = 2
_MARGIN, _CAPTION = 16, 22
_MISSING = np.full((40, 240, 3), 230, np.uint8)


def draw_contact_sheet(sheet: ContactSheet) -> None:
    """Write a page. Raises OutputError."""
    check_sheet_path(Path(sheet.output), overwrite=sheet.overwrite)
    height, width = STRIP
    across, down = width + _MARGIN, height + _CAPTION + _MARGIN
    head, rows = _MARGIN + 2 * _CAPTION, -(-len(sheet.strips) // _COLUMNS)
    page = np.full((rows * down + head, _COLUMNS * across + _MARGIN, 3), 255, np.uint8)
    draw_text(page, _MARGIN, _MARGIN, sheet.title, size=16, colour=(20, 20, 20))
    for number, (path, name) in enumerate(sheet.strips):
        strip = _read(Path(path))[:height, :width]
        top, left = head + number // _COLUMNS * down, _MARGIN + number % _COLUMNS * across
        page[top : top + len(strip), left : left + strip.shape[1]] = strip
        draw_text(page, left, top + len(strip) + 3, shortened(name, width, 14), colour=(60, 60, 60))
    with replacing(Path(sheet.output), overwrite=True) as file:
        file.write(encode_png(page))


def _read(path: Path) -> np.ndarray:
    pyvips = require("pyvips")
    try:
        picture = pyvips.Image.jpegload_buffer(path.read_bytes())
        return picture.numpy().reshape(picture.height, picture.width, 3)
    except (OSError, pyvips.Error):  # it was removed by hand: its place stays empty
        return _MISSING
