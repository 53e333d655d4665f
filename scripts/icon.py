"""Makes the extension's icon from its drawing, ui/icons/ldr_to_hdri.svg: for Blender's menus, and for a page that lists it.

    .venv/bin/python scripts/icon.py

The second, docs/images/icon.png, has the 256 x 256 pixels that extensions.blender.org asks for. Blender itself shows no icon in
its list of extensions, and the manifest has no place for one.
"""

from __future__ import annotations

from pathlib import Path

import pyvips

ROOT = Path(__file__).resolve().parents[1]
DRAWING = ROOT / "ui" / "icons" / "ldr_to_hdri.svg"
SIZES = {  # Blender makes its own 32 x 32 and larger ones of the first
    ROOT / "ui" / "icons" / "ldr_to_hdri.png": 64,
    ROOT / "docs" / "images" / "icon.png": 256,
}


def main() -> None:
    for path, size in SIZES.items():
        picture = pyvips.Image.thumbnail(str(DRAWING), size, height=size)
        picture.write_to_file(str(path), strip=True, compression=9)
        print(f"{path.relative_to(ROOT)}: {size} x {size}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
