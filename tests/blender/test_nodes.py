"""The world's node group: its controls, and that each changes nothing where it is neutral. Cycles renders."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import camera
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.restored import RestoredLight
from bl_ext.user_default.ldr_to_hdri.hdr_core.settings import ConvertSettings
from bl_ext.user_default.ldr_to_hdri.operators.node_group import GROUP_NAME, Origin
from bl_ext.user_default.ldr_to_hdri.operators.world import insert_environment

FRONT = (1, 0, 0)
SKY, SUN = (0.5, 0.25, 0.125), (800.0, 600.0, 400.0)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.fixture(scope="module")
def noise(write_exr) -> Path:
    """Every pixel another colour, from dark to the sun's."""
    return write_exr("noise.exr", np.exp(np.random.default_rng(1).uniform(-4, 9, (64, 128, 3))))


@pytest.fixture(scope="module")
def sky(write_exr) -> Path:
    """An even sky, with a sun in the middle of the panorama that is larger than what the camera sees."""
    radiance = np.full((64, 128, 3), SKY)
    radiance[26:38, 58:70] = SUN
    return write_exr("sky.exr", radiance)


@pytest.fixture
def light():
    """Lights the scene with an EXR; returns the node."""

    def light(path: Path, mode: str = "NEW") -> bpy.types.Node:
        image = bpy.data.images.load(str(path), check_existing=True)
        origin = Origin("photo.jpg", str(path), ConvertSettings(), RestoredLight(0.62, 0.41, 0.78))
        world = insert_environment(bpy.context.scene, mode, image, origin, name="photo")
        return next(node for node in world.node_tree.nodes if node.label == GROUP_NAME)

    return light


@pytest.fixture
def see(tmp_path: Path):
    return lambda direction=FRONT: camera.look(direction, tmp_path / "seen.exr")


@pytest.fixture
def mean(see):
    return lambda direction=FRONT: see(direction).mean((0, 1))


def close(colour):
    return pytest.approx(np.asarray(colour), rel=2e-3)


AWAY = (-1, 0, 0)


def test_neutral_controls_change_nothing_to_the_last_bit(light, see, noise):
    node = light(noise)
    through_group = see((1.0, 0.25, 0.1))
    tree = bpy.context.scene.world.node_tree
    plain = tree.nodes.new("ShaderNodeTexEnvironment")
    plain.image = bpy.data.images.load(str(noise), check_existing=True)
    tree.links.new(plain.outputs["Color"], node.outputs["Color"].links[0].to_socket)
    assert through_group.std() > 1
    np.testing.assert_array_equal(through_group, see((1.0, 0.25, 0.1)))


def test_every_control_has_a_tooltip_and_starts_within_its_range(light, sky):
    node = light(sky)
    items = [item for item in node.node_tree.interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"]
    assert [item.name for item in items][:2] == ["Rotation", "EV"]
    assert len(items) == 11
    for item in items:
        assert item.description
        if item.socket_type == "NodeSocketFloat":
            assert item.min_value <= item.default_value <= item.max_value
            assert node.inputs[item.name].default_value == item.default_value


def test_temperature_is_lower_for_warmer_light_and_keeps_luminance(light, mean, sky):
    node = light(sky)
    warmth = []
    for kelvin in (2700, 5000, 6500, 9000, 15000):
        node.inputs["Temperature"].default_value = kelvin
        colour = mean(AWAY)
        warmth.append(colour[0] / colour[2])
        assert colour.sum() > 0
    assert warmth == sorted(warmth, reverse=True)
    assert warmth[2] == pytest.approx(SKY[0] / SKY[2], rel=1e-3)


@pytest.mark.parametrize(("kelvin", "expected"), [(2856, (1.765, 0.851, 0.226)), (10000, (0.838, 1.01, 1.382))])
def test_white_takes_the_colour_of_a_black_body(light, mean, write_exr, kelvin, expected):
    """Expected: Planck's law by the CIE 1931 observer, in Rec.709, against that of 6500 K, at luminance 1."""
    node = light(write_exr("white.exr", np.ones((32, 64, 3))))
    node.inputs["Temperature"].default_value = kelvin
    seen = mean()
    assert seen == pytest.approx(expected, abs=0.05)
    assert seen @ LUMINANCE == pytest.approx(1, abs=0.02)


def test_tint_goes_from_green_to_magenta(light, mean, sky):
    node = light(sky)
    greenness = []
    for tint in (-1, 0, 1):
        node.inputs["Tint"].default_value = tint
        red, green, blue = mean(AWAY)
        greenness.append(2 * green / (red / SKY[0] + blue / SKY[2]))
    assert greenness == sorted(greenness, reverse=True)
    assert greenness[1] == pytest.approx(SKY[1], rel=1e-3)


def test_saturation_zero_is_grey_at_the_same_luminance(light, mean, sky):
    node = light(sky)
    node.inputs["Saturation"].default_value = 0.0
    assert mean(AWAY) == close([np.dot(SKY, LUMINANCE)] * 3)
    node.inputs["Saturation"].default_value = 4.0
    red, green, blue = mean(AWAY)
    assert red / green > SKY[0] / SKY[1]
    assert blue == 0.0  # not below black


def test_sun_gain_multiplies_what_is_above_the_threshold_and_nothing_else(light, mean, sky):
    node = light(sky)
    node.inputs["Sun Gain"].default_value = 3.0
    threshold = node.inputs["Sun Threshold"].default_value
    gain = (threshold + 3 * (SUN[0] - threshold)) / SUN[0]
    assert mean() == close([value * gain for value in SUN])
    assert mean(AWAY) == close(SKY)


def test_the_highlight_clamp_limits_radiance_and_keeps_hue(light, mean, sky):
    node = light(sky)
    node.inputs["Highlight Clamp"].default_value = 10.0
    assert mean() == close([value * 10 / SUN[0] for value in SUN])
    assert mean(AWAY) == close(SKY)
    node.inputs["EV"].default_value = 20.0
    assert mean().max() == pytest.approx(10.0, rel=1e-3)


def test_black_stays_black_under_every_control(light, mean, sky):
    node = light(sky)
    shows = next(inner for inner in node.node_tree.nodes if inner.type == "TEX_ENVIRONMENT")
    shows.image = bpy.data.images.new("black", 8, 4, float_buffer=True)
    for name, value in {"Sun Gain": 5, "Highlight Clamp": 2, "Saturation": 3, "EV": 5, "Tint": 1, "Temperature": 3000}.items():
        node.inputs[name].default_value = value
    assert mean().tolist() == [0, 0, 0]


def test_blur_spreads_the_sun_and_keeps_an_even_sky(light, see, sky, write_exr):
    node = light(sky)
    beside = (1.0, math.tan(math.radians(30)), 0.0)
    assert see(beside).max() == pytest.approx(SKY[0], rel=1e-2)
    node.inputs["Blur"].default_value = 0.5
    assert see(beside).max() > 10 * SKY[0]
    node = light(write_exr("even.exr", np.full((32, 64, 3), SKY)))
    node.inputs["Blur"].default_value = 1.0
    assert see().reshape(-1, 3) == close([SKY] * 64)


def test_background_and_lighting_have_strengths_of_their_own(light, mean, write_exr):
    node = light(write_exr("even.exr", np.full((32, 64, 3), SKY)))
    node.inputs["Background Strength"].default_value = 0.5
    node.inputs["Lighting Strength"].default_value = 2.0
    assert mean() == close([0.5 * value for value in SKY])
    mirror = put_mirror_before_camera()
    bpy.app.handlers.render_init.append(show := lambda *_: setattr(mirror, "hide_render", False))  # the camera's test hides it
    assert mean() == close([2 * value for value in SKY])
    bpy.app.handlers.render_init.remove(show)


def put_mirror_before_camera() -> bpy.types.Object:
    """A panel that fills the camera's view and reflects all light; what the camera then sees is the environment's lighting."""
    scene = bpy.context.scene
    mesh = bpy.data.meshes.new("mirror")
    mesh.from_pydata([(-1, -1, -0.2), (1, -1, -0.2), (1, 1, -0.2), (-1, 1, -0.2)], [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("mirror")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    glossy = nodes.new("ShaderNodeBsdfGlossy")
    glossy.inputs["Roughness"].default_value = 0.0
    glossy.inputs["Color"].default_value = (1, 1, 1, 1)
    material.node_tree.links.new(glossy.outputs[0], nodes["Material Output"].inputs["Surface"])
    mesh.materials.append(material)
    mirror = bpy.data.objects.new("mirror", mesh)
    mirror.parent = bpy.data.objects.new("holder", None)
    mirror.parent.parent = scene.camera
    for thing in (mirror, mirror.parent):
        scene.collection.objects.link(thing)
    return mirror


def test_a_group_of_version_0_1_keeps_links_and_values_and_gets_the_new_controls(light, mean, sky, noise):
    node = light(noise)
    show_version_0_1(node)
    tree = bpy.context.scene.world.node_tree
    turn = tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(turn.outputs[0], node.inputs["Rotation"])
    node.inputs["EV"].default_value = 1.0
    assert len(node.inputs) == 2
    light(sky, "REPLACE")
    assert node.inputs["Rotation"].links[0].from_node == turn
    assert node.inputs["EV"].default_value == 1.0
    assert mean(AWAY) == close([2 * value for value in SKY])
    node.inputs["Saturation"].default_value = 0.0
    assert mean(AWAY) == close([2 * np.dot(SKY, LUMINANCE)] * 3)


def test_a_group_of_version_0_1_that_was_changed_inside_stays_as_it_is(light, mean, sky, noise):
    node = light(noise)
    show_version_0_1(node)
    inside = node.node_tree.nodes
    hue = inside.new("ShaderNodeHueSaturation")
    hue.name = "mine"
    light(sky, "REPLACE")
    assert "mine" in node.node_tree.nodes
    assert len(node.inputs) == 2
    assert mean(AWAY) == close(SKY)


def show_version_0_1(node: bpy.types.Node) -> None:
    lit = node.outputs["Color"].links[0].to_socket
    node.node_tree = version_0_1(node.node_tree)
    node.id_data.links.new(node.outputs["Color"], lit)


def version_0_1(now: bpy.types.NodeTree) -> bpy.types.NodeTree:
    """The group as version 0.1 made it, with the properties of `now`."""
    tree = bpy.data.node_groups.new(GROUP_NAME, "ShaderNodeTree")
    tree.interface.new_socket(name="Rotation", in_out="INPUT", socket_type="NodeSocketVector").subtype = "EULER"
    tree.interface.new_socket(name="EV", in_out="INPUT", socket_type="NodeSocketFloat")
    tree.interface.new_socket(name="Color", in_out="OUTPUT", socket_type="NodeSocketColor")
    add, link = tree.nodes.new, tree.links.new
    given, direction, mapping = add("NodeGroupInput"), add("ShaderNodeTexCoord"), add("ShaderNodeMapping")
    environment, gain, scale, result = map(
        add, ("ShaderNodeTexEnvironment", "ShaderNodeMath", "ShaderNodeVectorMath", "NodeGroupOutput")
    )
    mapping.vector_type, gain.operation, scale.operation = "TEXTURE", "POWER", "SCALE"
    gain.inputs[0].default_value = 2.0
    link(direction.outputs["Generated"], mapping.inputs["Vector"])
    link(given.outputs["Rotation"], mapping.inputs["Rotation"])
    link(mapping.outputs["Vector"], environment.inputs["Vector"])
    link(given.outputs["EV"], gain.inputs[1])
    link(environment.outputs["Color"], scale.inputs[0])
    link(gain.outputs[0], scale.inputs["Scale"])
    link(scale.outputs[0], result.inputs["Color"])
    tree["ldr_to_hdri_photo"], tree["ldr_to_hdri_exr"] = now["ldr_to_hdri_photo"], now["ldr_to_hdri_exr"]
    tree["ldr_to_hdri_settings"] = now["ldr_to_hdri_settings"]
    return tree
