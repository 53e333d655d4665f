"""The sun becomes a lamp and back: the light of the scene stays, however the environment is turned."""

from __future__ import annotations

import math

import bpy
import camera
import drawing
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.restored import RestoredLight
from bl_ext.user_default.ldr_to_hdri.hdr_core.settings import ConvertSettings
from bl_ext.user_default.ldr_to_hdri.operators import facts, sun_split
from bl_ext.user_default.ldr_to_hdri.operators.environment import environment_node, picture_node
from bl_ext.user_default.ldr_to_hdri.operators.node_group import Origin
from bl_ext.user_default.ldr_to_hdri.operators.world import insert_environment

split, merge = bpy.ops.ldr_to_hdri.split_sun, bpy.ops.ldr_to_hdri.merge_sun
FACES = ((0, 0, 0), (60, 0, 0), (60, 0, 120), (60, 0, 240))  # of diffuse planes: up, and three ways


@pytest.fixture(scope="module")
def sunny(write_exr):
    """A sky with a warm sun of about 2 degrees at azimuth 59, elevation 34."""
    radiance = np.full((128, 256, 3), 0.3)
    radiance[64:] = 0.1
    radiance[39:41, 85:87] = (4500.0, 4000.0, 3000.0)
    return write_exr("sunny.exr", radiance)


@pytest.fixture(scope="module")
def dull(write_exr):
    return write_exr("dull.exr", np.full((64, 128, 3), 0.5))


@pytest.fixture
def light_with():
    def insert(path):
        image = bpy.data.images.load(str(path))
        origin = Origin("photo.jpg", str(path), ConvertSettings(), RestoredLight(0.6, 0.4, 0.8))
        return insert_environment(bpy.context.scene, "NEW", image, origin, name="photo")

    return insert


@pytest.fixture
def irradiance(tmp_path):
    """The light that four white planes get, in colour: (4, 3). They are rendered one by one, each facing the camera."""
    from mathutils import Euler

    def measure() -> np.ndarray:
        scene = bpy.context.scene
        material = bpy.data.materials.new("white")
        if bpy.app.version < (5, 0, 0):
            material.use_nodes = True
        tree = material.node_tree
        tree.nodes.clear()
        output, diffuse = tree.nodes.new("ShaderNodeOutputMaterial"), tree.nodes.new("ShaderNodeBsdfDiffuse")
        diffuse.inputs["Color"].default_value = (1, 1, 1, 1)
        tree.links.new(diffuse.outputs[0], output.inputs["Surface"])
        mesh = bpy.data.meshes.new("plane")
        mesh.from_pydata([(-9, -9, 0), (9, -9, 0), (9, 9, 0), (-9, 9, 0)], [], [(0, 1, 2, 3)])
        mesh.materials.append(material)
        plane = bpy.data.objects.new("plane", mesh)
        scene.collection.objects.link(plane)
        for thing in scene.objects:
            thing.hide_render = thing.type not in {"CAMERA"} and thing is not plane and "LDR to HDRI" not in thing.name
        scene.render.engine = "CYCLES"
        scene.world.cycles.sampling_method = "MANUAL"
        scene.world.cycles.sample_map_resolution = 512
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 256, False, 0
        scene.cycles.sample_clamp_direct = scene.cycles.sample_clamp_indirect = 0
        scene.camera.data.angle = 0.3
        scene.render.resolution_x = scene.render.resolution_y = 16
        scene.render.resolution_percentage = 100
        if hasattr(scene.render.image_settings, "media_type"):
            scene.render.image_settings.media_type = "IMAGE"
        scene.render.image_settings.file_format = "OPEN_EXR"
        scene.render.image_settings.color_depth = "32"
        scene.render.filepath = str(tmp_path / "planes.exr")
        found = []
        for face in FACES:
            turn = Euler([math.radians(angle) for angle in face])
            plane.rotation_euler = scene.camera.rotation_euler = turn
            scene.camera.location = turn.to_matrix() @ camera.Vector((0, 0, 4))
            bpy.ops.render.render(write_still=True)
            image = bpy.data.images.load(scene.render.filepath)
            pixels = np.empty(16 * 16 * 4, np.float32)
            image.pixels.foreach_get(pixels)
            bpy.data.images.remove(image)
            found.append(pixels.reshape(-1, 4)[:, :3].mean(0))
        bpy.data.objects.remove(plane)
        return np.array(found)

    return measure


def lamps() -> list[bpy.types.Object]:
    return [thing for thing in bpy.context.scene.objects if "LDR to HDRI" in thing.name]


@pytest.mark.parametrize("turn", [(0, 0, 0), (0, 0, 40), (20, -10, 130)])
def test_the_light_stays_within_two_percent(sunny, light_with, irradiance, turn):
    world = light_with(sunny)
    whole = irradiance()
    assert split() == {"FINISHED"}
    assert len(lamps()) == 1
    node = environment_node(world)
    node.inputs["Rotation"].default_value = [math.radians(angle) for angle in turn]
    node.inputs["EV"].default_value = 1.0 if any(turn) else 0.0
    parted = irradiance()
    if any(turn):
        assert not np.allclose(parted, 2 * whole, rtol=0.05)  # it did turn
        merge()
        whole = irradiance()
    np.testing.assert_allclose(parted.sum(), whole.sum(), rtol=0.02)
    np.testing.assert_allclose(parted, whole, rtol=0.02, atol=0.02 * whole.max())


@pytest.mark.parametrize("packed", [False, True])
def test_merging_brings_everything_back(sunny, light_with, contents, packed):
    world = light_with(sunny)
    whole = picture_node(environment_node(world).node_tree).image
    if packed:
        whole.pack()
    threshold, before = world.sun_threshold, contents()
    original = sunny.read_bytes()
    split()
    rest = picture_node(environment_node(world).node_tree).image
    assert rest != whole
    assert (rest.packed_file is not None) == packed
    assert world.sun_threshold == 0  # EEVEE extracts no sun of its own
    assert sunny.read_bytes() == original
    assert sunny.with_name("sunny.nosun.exr").exists() == (not packed)
    merge()
    assert picture_node(environment_node(world).node_tree).image == whole
    assert world.sun_threshold == threshold
    assert lamps() == []
    bpy.data.images.remove(rest)
    assert contents() == before
    sunny.with_name("sunny.nosun.exr").unlink(missing_ok=True)


def test_what_cannot_be_split_is_refused_unchanged(sunny, dull, light_with, contents):
    with pytest.raises(RuntimeError, match="convert a photo first"):
        split()
    light_with(dull)
    before = contents()
    with pytest.raises(RuntimeError, match="No sun was found"):
        split()
    with pytest.raises(RuntimeError, match="no lamp"):
        merge()
    assert contents() == before
    light_with(sunny)
    split()
    before = contents()
    with pytest.raises(RuntimeError, match="lamp already"):
        split()
    assert contents() == before


def test_a_lamp_that_was_deleted_does_not_hinder_merging(sunny, light_with):
    world = light_with(sunny)
    split()
    bpy.data.objects.remove(lamps()[0])
    assert sun_split.is_split(world)
    assert merge() == {"FINISHED"}
    assert not sun_split.is_split(world)


@pytest.mark.parametrize("mode", ["NEW", "REPLACE"])
def test_another_photo_takes_the_lamp_away(sunny, light_with, photo, mode):
    before = light_with(sunny)
    split()
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo), world=mode)
    assert lamps() == []
    assert not sun_split.is_split(before)
    assert not sun_split.is_split(bpy.context.scene.world)
    if mode == "NEW":  # the world before is whole again
        assert picture_node(environment_node(before).node_tree).image.filepath == str(sunny)


def test_the_panel_says_what_the_conversion_did(photo, tmp_path):
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    text = " ".join(drawing.draw("WORLD_PT_ldr_to_hdri_facts").texts)
    assert text == " ".join(drawing.draw("VIEW3D_PT_ldr_to_hdri_facts", "VIEW_3D").texts)
    for said in ("Dynamic Range 3.5 →", "× white", "Restored Light", "Sun none found", "Input Curve"):
        assert said in text
    done = facts.read(environment_node(bpy.context.scene.world).node_tree)
    assert done.range_after >= done.range_before > 0
