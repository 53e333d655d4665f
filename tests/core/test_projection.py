from __future__ import annotations

import pytest

from hdr_core.errors import ProjectionError
from hdr_core.projection import resolve_projection


@pytest.mark.parametrize("asked", ["auto", "equirectangular"])
def test_two_to_one_is_a_panorama(asked: str) -> None:
    assert resolve_projection(8192, 4096, asked) == "equirectangular"
    assert resolve_projection(2, 1, asked) == "equirectangular"


@pytest.mark.parametrize("asked", ["auto", "equirectangular"])
@pytest.mark.parametrize("size", [(8191, 4096), (4096, 8192), (4000, 3000), (100, 100), (8193, 4096)])
def test_another_shape_is_refused_with_what_to_do(asked: str, size: tuple[int, int]) -> None:
    with pytest.raises(ProjectionError) as raised:
        resolve_projection(*size, asked)
    assert f"{size[0]} x {size[1]}" in str(raised.value)
    assert 'projection="flat"' in raised.value.next_step
    assert f"{2 * size[1]} x {size[1]}" in raised.value.next_step
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("size", [(8192, 4096), (4000, 3000), (1, 1)])
def test_flat_takes_any_shape(size: tuple[int, int]) -> None:
    assert resolve_projection(*size, "flat") == "flat"
