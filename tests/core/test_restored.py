"""How much of the light was restored: what is said is what was done, and all who say it say the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import hdr_core
from hdr_core import Conversion, ConvertSettings, convert
from hdr_core.client import WorkerClient
from hdr_core.exr import read_exr
from hdr_core.network.soft_mask import over_exposed
from hdr_core.network.statistics import area, luminance
from hdr_core.photo import read_photo, srgb_decode
from hdr_core.restored import RestoredLight

EXAMPLE = Path(hdr_core.__file__).parents[1] / "examples" / "ulmer_muenster.jpg"


@pytest.mark.parametrize(
    ("light", "words"),
    [
        (RestoredLight(0.0, 0.0, 0.0), "No light had to be restored."),
        (RestoredLight(0.62, 0.41, 0.78), "62% of the light was restored (41 to 78%)."),
        (RestoredLight(0.004, 0.001, 0.06), "Less than 1% of the light was restored (0 to 6%)."),
        (RestoredLight(1.0, 1.0, 1.0), "100% of the light was restored (100 to 100%)."),
    ],
)
def test_in_words(light: RestoredLight, words: str) -> None:
    assert light.in_words() == words


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]


def _share_of_pixels(done: Conversion) -> float:
    """The share of the light in the file that the photo did not show. A pixel that is half clipped shows half of its light."""
    photo = read_photo(Path(done.source))
    code = photo.pixels / np.float32(photo.white)
    radiance = _tensor(read_exr(Path(done.output))[0])
    weight = area(*radiance.shape[-2:], panorama=done.projection == "equirectangular", like=radiance)
    seen = luminance(_tensor(srgb_decode(code))) * (1 - over_exposed(_tensor(code)).amax(1))
    return 1 - float((seen * weight).sum() / (luminance(radiance) * weight).sum())


@pytest.mark.parametrize("projection", ["equirectangular", "flat"])
@pytest.mark.parametrize("name", ["panorama", "large_panorama", "example"])
def test_what_is_said_is_what_the_pixels_hold(name, projection, request, tmp_path):
    """The curve is given, so that what the photo shows is known exactly. Pixels half way to white gain outside the budget."""
    source = EXAMPLE if name == "example" else request.getfixturevalue(name)
    done = convert(source, tmp_path / "out.exr", ConvertSettings(projection=projection, input_curve="srgb"))
    assert 0 < done.restored_low < done.restored_share < done.restored_high <= 1
    assert done.restored_share == pytest.approx(_share_of_pixels(done), abs=0.07)


def test_the_file_the_worker_and_the_caller_say_the_same(panorama: Path, client: WorkerClient, tmp_path: Path) -> None:
    done = convert(panorama, tmp_path / "here.exr")
    there = client.convert(panorama, tmp_path / "there.exr", ConvertSettings()).wait()
    assert there.restored == done.restored == RestoredLight(done.restored_share, done.restored_low, done.restored_high)
    assert read_exr(tmp_path / "here.exr")[1]["restoredLight"] == done.restored.in_numbers()
    assert json.loads(json.dumps(asdict(done)))["restored_share"] == done.restored_share


def test_a_photo_with_nothing_clipped_says_so(tmp_path: Path) -> None:
    ramp = np.linspace(30, 230, 64).astype(np.uint8)  # up to where over-exposure begins
    Image.fromarray(np.broadcast_to(ramp[None, :, None], (32, 64, 3)).copy()).save(tmp_path / "dull.png")
    done = convert(tmp_path / "dull.png", tmp_path / "dull.exr")
    assert done.restored.in_words() == "No light had to be restored."
    assert read_exr(tmp_path / "dull.exr")[1]["restoredLight"] == "0.000 (0.000 to 0.000)"
