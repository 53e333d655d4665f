"""A folder of photos in real Blender: the operator and the command do what the command line does, and assets are there."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import bpy
import checkout
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.operators import library_command, library_job

convert, convert_library = bpy.ops.ldr_to_hdri.convert, bpy.ops.ldr_to_hdri.convert_library


@pytest.fixture(scope="module")
def library(tmp_path_factory, write_picture, codes) -> Path:
    """photos/, mixed, and, as single conversions make them, expected.exr of the lamp, expected_sky.exr of the cube map and
    decal.exr; converted by the operator into results/, with assets.
    """
    folder = tmp_path_factory.mktemp("library")
    photos = folder / "photos"
    (photos / "rooms").mkdir(parents=True)
    (photos / "sky").mkdir()
    lamp = write_picture(photos / "rooms" / "lamp.png", codes)
    face = write_picture(photos / "sky" / "px.png", codes[:16, :16])
    for name in ("nx", "py", "ny", "pz", "nz"):
        shutil.copy(face, face.with_name(f"{name}.png"))
    write_picture(photos / "street.png", codes[:, :48])
    (photos / "studio.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 16\n" + bytes([128, 90, 60, 131]) * 128)
    (photos / "notes.txt").write_text("no picture")
    alpha = np.full((*codes.shape[:2], 1), 255, np.uint8)
    alpha[:8] = 100
    decal = write_picture(folder / "decal_emission.png", np.concatenate([codes, alpha], -1)[:, :40])
    (folder / "photos" / "bad.jpg").write_bytes(b"no photo")
    convert(filepath=str(lamp), output=str(folder / "expected.exr"), world="NONE", scale="GREY")
    convert(filepath=str(face), output=str(folder / "expected_sky.exr"), world="NONE", scale="GREY")
    convert(filepath=str(decal), output=str(folder / "decal.exr"), world="NONE", projection="FLAT")
    assert run(folder) == {"FINISHED"}
    return folder


def run(library: Path) -> set[str]:
    """Run the operator over the library."""
    return convert_library(
        directory=str(library / "photos"),
        target=str(library / "results"),
        others="sphere",
        formats={"exr", "hdr"},
        scale="GREY",
        assets=True,
        author="A. Photographer",
        license="CC0",
    )


def test_the_operator_makes_what_a_single_conversion_makes(library):
    """Unattended, of a folder with a panorama, a photo, a cube map in six files, an HDR picture, a damaged one and a text."""
    assert (library / "results" / "rooms" / "lamp.exr").read_bytes() == (library / "expected.exr").read_bytes()
    assert (library / "results" / "sky" / "sky.exr").read_bytes() == (library / "expected_sky.exr").read_bytes()
    report = json.loads((library / "results.batch" / "report.json").read_text())
    assert {photo["source"]: photo["outcome"] for photo in report["photos"]} == {
        "bad.jpg": "failed",
        "rooms/lamp.png": "done",
        "sky/nx.png": "done",
        "street.png": "done",
        "studio.hdr": "done",
    }
    assert next(photo["next_step"] for photo in report["photos"] if photo["source"] == "bad.jpg")


def test_nothing_of_it_stays_in_the_open_file(library, contents):
    before = contents()
    (library / "photos" / "bad.jpg").rename(library / "bad.jpg")
    try:
        assert run(library) == {"FINISHED"}
    finally:
        (library / "bad.jpg").rename(library / "photos" / "bad.jpg")
    assert contents() == before


def test_blender_reads_the_files_as_light(library):
    exr, hdr = (bpy.data.images.load(str(library / "results" / "rooms" / f"lamp.{kind}")) for kind in ("exr", "hdr"))
    pixels = []
    for image in (exr, hdr):
        assert image.colorspace_settings.name == "Linear Rec.709"
        buffer = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(buffer)
        pixels.append(buffer.reshape(-1, image.channels)[:, :3])
    assert pixels[0].max() > 1
    assert (np.abs(pixels[1] - pixels[0]) <= pixels[0].max(1, keepdims=True) / 200 + 1e-6).all()
    assert pixels[1].sum() == pytest.approx(pixels[0].sum(), rel=2e-3)


def test_alpha_is_premultiplied_as_blender_expects(library):
    decal = bpy.data.images.load(str(library / "decal.exr"))
    assert (decal.alpha_mode, decal.channels) == ("PREMUL", 4)
    pixels = np.array(decal.pixels).reshape(32, 40, 4)
    assert pixels[-1, 0, 3] == pytest.approx(100 / 255, abs=1e-3)  # Blender keeps the bottom row first
    assert pixels[0, 0, 3] == 1


def test_worlds_are_assets(library):
    target = library / "results"
    catalogs = (target / "blender_assets.cats.txt").read_text()
    with bpy.data.libraries.load(str(target / "rooms" / "hdri_worlds.blend"), link=True) as (_, wanted):
        wanted.worlds = ["lamp"]
    world = wanted.worlds[0]
    data = world.asset_data
    assert (data.author, data.license) == ("A. Photographer", "CC0")
    assert f"{data.catalog_id}:HDRIs/rooms:" in catalogs
    assert {"day", "outdoor", "small"} == {tag.name for tag in data.tags}
    shown = np.array(world.preview.image_pixels_float).reshape(256, 256, 4)
    assert shown[..., :3].std() > 0.05
    bpy.context.scene.world = world
    group = next(node.node_tree for node in world.node_tree.nodes if node.type == "GROUP")
    image = next(node.image for node in group.nodes if node.type == "TEX_ENVIRONMENT")
    assert group.ldr_to_hdri.scale == "GREY"  # so that *Convert Again* gives the same light
    assert image.filepath == "//lamp.exr"
    assert max(image.pixels) > 1


def test_worlds_are_called_as_their_photos_are(library):
    for folder, names in (("", ["street", "studio"]), ("sky", ["sky"])):
        with bpy.data.libraries.load(str(library / "results" / folder / "hdri_worlds.blend")) as (inside, _):
            assert sorted(inside.worlds) == names


def test_the_command_goes_on_where_the_operator_ended(library, capfd):
    (library / "photos" / "bad.jpg").rename(library / "bad.jpg")
    try:
        arguments = ["batch", str(library / "photos"), str(library / "results"), "--formats", "exr,hdr", "--assets", "--packed"]
        arguments += ["--spheres", "--scale", "grey"]
        assert library_command.run(arguments) == 0
    finally:
        (library / "bad.jpg").rename(library / "photos" / "bad.jpg")
    assert "0 converted, 4 were done before, 0 failed" in capfd.readouterr().out
    packed = library / "results" / "rooms" / "hdri_worlds.blend"
    with bpy.data.libraries.load(str(packed)) as (_, wanted):
        wanted.worlds = ["lamp"]
    assert any(image.packed_file for image in bpy.data.images)


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for blender, which the bpy module is without")
def test_the_command_line_has_a_blender_write_the_assets(library, in_runtime, tmp_path):
    wanted = library / "results" / "rooms" / "hdri_worlds.blend"
    wanted.unlink()
    (tmp_path / "run.py").write_text(f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(checkout.__file__).parent)!r})
import checkout
checkout.enable_checkout(Path({str(tmp_path / "user")!r}))
from bl_ext.user_default.ldr_to_hdri.operators import library_command
code = library_command.run(sys.argv[3:])
checkout.disable()
sys.stdout.flush()
os._exit(code)
""")
    blender = tmp_path / "blender"
    blender.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path / "run.py"}" "$@"\n')
    blender.chmod(0o755)
    batch = [
        "batch",
        library / "photos",
        library / "results",
        "--formats",
        "exr,hdr",
        "--exclude",
        "bad.*",
        "--assets",
        "--spheres",
    ]
    said = in_runtime("from hdr_core.cli import main; sys.exit(main(sys.argv[1:]))", *batch, "--blender", blender)
    assert str(wanted) in said.splitlines()
    assert wanted.is_file()


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["batch"], 2), (["batch", "/no/such/folder", "/tmp/x"], 1)])
def test_the_command_says_what_is_wrong(arguments: list[str], code: int, capfd):
    assert library_command.run(arguments) == code
    assert capfd.readouterr()[code > 0]


def test_a_foreign_file_is_left_alone(library, tmp_path: Path, contents: Callable[[], dict[str, object]]):
    path = library / "results" / "rooms" / "hdri_worlds.blend"
    ours = path.read_bytes()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "foreign.blend"), copy=True)
    path.write_bytes((tmp_path / "foreign.blend").read_bytes())
    foreign, before = path.read_bytes(), contents()
    try:
        assert library_command.run(["assets", str(library / "results.batch")]) == 1
        assert path.read_bytes() == foreign
        assert contents() == before
    finally:
        path.write_bytes(ours)


def test_ctrl_c_ends_the_library_and_the_next_one_goes_on(tmp_path: Path, write_picture, codes, monkeypatch):
    """A script that waits for a library is interrupted while the first photo is under way, as Python does it."""
    (tmp_path / "photos").mkdir()
    write_picture(tmp_path / "photos" / "street.png", codes)

    def interrupted(_batch: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(library_job.Batch, "poll", interrupted)
        with pytest.raises(RuntimeError, match="KeyboardInterrupt"):
            convert_library(directory=str(tmp_path / "photos"))
    assert library_job.running() is None
    assert convert_library(directory=str(tmp_path / "photos")) == {"FINISHED"}
    assert (tmp_path / "photos_hdri" / "street.exr").exists()


def test_no_folder_no_conversion(tmp_path):
    with pytest.raises(RuntimeError, match="no photos"):
        convert_library(directory=str(tmp_path))
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    with pytest.raises(RuntimeError, match="no folder"):
        convert_library()
