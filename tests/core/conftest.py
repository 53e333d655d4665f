"""Photos to convert, and a warm worker."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdr_core.client import WorkerClient

sys.path.insert(0, str(Path(__file__).parent))  # for what tests share: light_field


def take_photo(path: Path, width: int, height: int) -> Path:
    """A picture with gradients, a texture, and a clipped sun in its upper half."""
    y, x = np.mgrid[0:height, 0:width]
    right, down = x / width, y / height
    texture = 20 * np.sin(40 * right) * np.cos(30 * down)
    pixels = np.stack([40 + 150 * right, 60 + 120 * down, 170 - 90 * down], -1) + texture[..., None]
    pixels[np.hypot(right - 0.3, (down - 0.3) * height / width) < 0.06] = 255
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def take() -> Callable[[Path, int, int], Path]:
    """`take_photo`, for tests that want photos of their own."""
    return take_photo


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photos")


@pytest.fixture(scope="session")
def panorama(photos: Path) -> Path:
    """A small 2:1 photo: a conversion takes a few seconds, most of them at the network's fixed working resolution."""
    return take_photo(photos / "panorama.png", 64, 32)


@pytest.fixture(scope="session")
def large_panorama(photos: Path) -> Path:
    """A 2:1 photo that takes long enough to be stopped in the middle."""
    return take_photo(photos / "large.jpg", 2048, 1024)


@pytest.fixture(scope="session")
def picture(photos: Path) -> Path:
    """A photo that is no panorama."""
    return take_photo(photos / "picture.jpg", 48, 32)


@pytest.fixture(scope="session")
def client() -> Iterator[WorkerClient]:
    client = WorkerClient(Path(sys.executable))
    yield client
    client.close()
