"""An EXR file with a sun becomes one without, and the sun in numbers."""

from __future__ import annotations

from pathlib import Path

from .decode_limit import limited
from .errors import OutputError, PhotoError, ProjectionError
from .exr import is_ours, read_exr, write_exr
from .runtime import require
from .sun import Sun
from .version import SOFTWARE, __version__

_OURS = ("settings", "projection", "inputCurve", "restoredLight", "dynamicRange", "peak", "weights", "device")


def split_file(source: Path, output: Path) -> Sun:
    """Write the panorama `source` without its sun to `output`, whole or not at all, and return the sun.

    Both are EXR files; an existing `output` is replaced only if this software wrote it.
    Raises PhotoError where `source` cannot be read or has no sun, ProjectionError where it is no panorama, OutputError.
    """
    require("numpy")
    from .light import find_sun
    from .sun_split import without_sun

    require("OpenEXR")
    with limited(source):
        pixels, header = read_exr(source)
    height, width = pixels.shape[:2]
    if width != 2 * height:
        raise ProjectionError(f'"{source.name}" is {width} x {height}, no panorama.', "Only panoramas have a sun to split.")
    if output.exists() and (output.samefile(source) or not is_ours(output)):
        raise OutputError(f'"{output}" exists and was not made by this software.', "Move it away, then split again.")
    radiance, alpha = pixels[..., :3], None
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3].clip(0, 1)
        covered = alpha[..., None]
        radiance = radiance / covered.clip(1e-6) * (covered > 0)  # the writer multiplies by alpha again
    sun = find_sun(radiance)
    if sun is None:
        raise PhotoError("No sun was found in the environment.", "It is lit by its sky or by lamps, so nothing can be split.")
    kept = {name: header[name] for name in _OURS if isinstance(header.get(name), str)}
    texts = {**kept, "software": f"{SOFTWARE} {__version__}", "sunRemoved": sun.in_numbers()}
    write_exr(output, without_sun(radiance, sun), alpha=alpha, header=texts, overwrite=True)
    return sun
