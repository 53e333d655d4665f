"""An ordinary photo lights the scene as a whole sphere, and the scene's camera sees it where the photo's camera did."""

from __future__ import annotations

import math

import bpy
import numpy as np
import pytest
from mathutils import Euler, Vector


@pytest.fixture
def converted(tmp_path, write_picture):
    """A photo, 48 x 32 and 90 degrees across, whose right half is red; tilted up, turned to the left."""
    codes = np.full((32, 48, 3), 60, np.uint8)
    codes[:, 24:, 0] = 200
    path = write_picture(tmp_path / "street.png", codes)
    bpy.ops.ldr_to_hdri.convert(
        filepath=str(path), fov=math.radians(90), pitch=math.radians(20), yaw=math.radians(30), input_curve="SRGB"
    )
    return path


def test_the_camera_sees_what_the_photo_shows(converted):
    scene = bpy.context.scene
    assert bpy.ops.ldr_to_hdri.match_camera(shadow_catcher=True, height=2.0) == {"FINISHED"}
    camera = scene.camera
    ahead = camera.matrix_world.to_3x3() @ Vector((0, 0, -1))
    right = camera.matrix_world.to_3x3() @ Vector((1, 0, 0))
    assert math.degrees(math.asin(ahead.z)) == pytest.approx(20, abs=0.01)
    assert math.degrees(math.atan2(ahead.y, ahead.x)) == pytest.approx(30, abs=0.01)
    assert right.z == pytest.approx(0, abs=1e-5)
    assert camera.matrix_world.translation.z == pytest.approx(2)
    assert math.degrees(camera.data.angle_x) == pytest.approx(90, abs=0.01)
    assert scene.render.resolution_x / scene.render.resolution_y == pytest.approx(1.5, rel=0.01)
    assert camera.data.background_images[0].image.filepath == str(converted)
    assert [thing.is_shadow_catcher for thing in scene.objects if thing.name.startswith("Shadow Catcher")] == [True]

    assert bpy.ops.ldr_to_hdri.match_camera(pitch=math.radians(-15), roll=math.radians(3)) == {"FINISHED"}  # its tilt corrected
    ahead, right = (camera.matrix_world.to_3x3() @ Vector(axis) for axis in ((0, 0, -1), (1, 0, 0)))
    assert math.degrees(math.asin(ahead.z)) == pytest.approx(5, abs=0.01)
    assert math.degrees(math.atan2(ahead.y, ahead.x)) == pytest.approx(30, abs=0.01)
    assert math.degrees(math.asin(right.z)) == pytest.approx(-3, abs=0.02)
    before = camera.matrix_world.copy()
    assert bpy.ops.ldr_to_hdri.match_camera(height=2.0) == {"FINISHED"}  # a match later keeps the correction
    np.testing.assert_allclose(camera.matrix_world.to_3x3(), before.to_3x3(), atol=1e-5)

    for thing in list(scene.objects):
        if thing.type == "MESH":
            bpy.data.objects.remove(thing)
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.device = 1, "CPU"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 24, 16, 100
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(converted.with_name("seen.png"))
    bpy.ops.render.render(write_still=True)
    seen = bpy.data.images.load(scene.render.filepath)
    pixels = np.array(seen.pixels).reshape(16, 24, 4)
    np.testing.assert_allclose(pixels[2:-2, 2:10, 0], 60 / 255, atol=0.03)
    np.testing.assert_allclose(pixels[2:-2, 14:-2, 0], 200 / 255, atol=0.03)

    # a photo that Blender cannot read, as HEIC: the environment shows what it showed
    bpy.data.images[converted.name].filepath = ""
    converted.unlink()
    assert bpy.ops.ldr_to_hdri.match_camera() == {"FINISHED"}
    (plate,) = (plate.image for plate in camera.data.background_images)
    assert plate.packed_file
    shown = np.array(plate.pixels).reshape(plate.size[1], plate.size[0], 4)
    assert plate.size[0] / plate.size[1] == pytest.approx(1.5, rel=0.01)
    np.testing.assert_allclose(shown[100:-100, 100:800, 0], 60 / 255, atol=0.03)
    np.testing.assert_allclose(shown[100:-100, 1120:-100, 0], 200 / 255, atol=0.03)


def test_a_panorama_has_no_camera_to_match(photo):
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    with pytest.raises(RuntimeError, match="ordinary photo"):
        bpy.ops.ldr_to_hdri.match_camera()


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the same in all: once is enough")
def test_the_photo_is_turned_to_the_camera(converted):
    """What lies at the photo's middle is then ahead of the camera, or behind it, or in the direction that was given."""
    scene = bpy.context.scene
    scene.camera = None
    with pytest.raises(RuntimeError, match="no active camera"):
        bpy.ops.ldr_to_hdri.face()
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.rotation_euler = (math.radians(70), 0, math.radians(200))  # it looks to -70 degrees, seen from above
    node = next(node for node in scene.world.node_tree.nodes if node.type == "GROUP")
    for towards, direction in (("VIEW", -70), ("CAMERA", 110), ("DIRECTION", 45)):
        node.inputs["Rotation"].default_value = (0.0, 0.2, 1.0)
        assert bpy.ops.ldr_to_hdri.face(towards=towards, direction=math.radians(45)) == {"FINISHED"}
        middle = Vector((math.cos(math.radians(20)), 0, math.sin(math.radians(20))))  # the photo's, 20 degrees up
        middle.rotate(Euler((0, 0, math.radians(30))))  # and turned to the left
        middle.rotate(Euler(node.inputs["Rotation"].default_value))
        assert math.degrees(math.atan2(middle.y, middle.x)) == pytest.approx(direction, abs=0.01)
        assert node.inputs["Rotation"].default_value[1] == pytest.approx(0.2)
