"""An environment goes into a world, and all else that is there stays."""

from __future__ import annotations

from pathlib import Path

import bpy
import camera
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.restored import RestoredLight
from bl_ext.user_default.ldr_to_hdri.hdr_core.settings import ConvertSettings
from bl_ext.user_default.ldr_to_hdri.operators.errors import SceneError
from bl_ext.user_default.ldr_to_hdri.operators.node_group import GROUP_NAME, Origin
from bl_ext.user_default.ldr_to_hdri.operators.world import insert_environment

RADIANCE = (3.0, 2.0, 1.0)
before_5 = pytest.mark.skipif(bpy.app.version >= (5, 0, 0), reason="from 5.0 on every world has nodes")


@pytest.fixture(scope="module")
def evenly_lit(write_exr) -> Path:
    return write_exr("even.exr", np.full((32, 64, 3), RADIANCE))


@pytest.fixture(scope="module")
def brighter(write_exr) -> Path:
    return write_exr("brighter.exr", np.full((32, 64, 3), RADIANCE) * 2)


@pytest.fixture
def insert(evenly_lit):
    def insert(mode: str, path: Path = evenly_lit) -> bpy.types.World | None:
        image = bpy.data.images.load(str(path))
        origin = Origin("photo.jpg", str(path), ConvertSettings(), RestoredLight(0.62, 0.41, 0.78))
        return insert_environment(bpy.context.scene, mode, image, origin, name="photo")

    return insert


@pytest.fixture
def see(tmp_path):
    return lambda: tuple(camera.look((1, 0, 0), tmp_path / "seen.exr").mean((0, 1)).tolist())


@pytest.fixture
def world() -> bpy.types.World:
    """The active world, with nodes, a Background and an output."""
    world = bpy.context.scene.world
    assert {node.type for node in world.node_tree.nodes} == {"BACKGROUND", "OUTPUT_WORLD"}
    return world


def links(tree: bpy.types.NodeTree) -> set[tuple[str, str, str, str]]:
    ends = lambda link: (link.from_node.name, link.from_socket.identifier, link.to_node.name, link.to_socket.identifier)  # noqa: E731
    return {ends(link) for link in tree.links}


def values(tree: bpy.types.NodeTree) -> dict[str, list[str]]:
    shown = lambda socket: str(list(v) if hasattr(v := getattr(socket, "default_value", None), "__len__") else v)  # noqa: E731
    return {node.name: [node.bl_idname, *map(shown, (*node.inputs, *node.outputs))] for node in tree.nodes}


def our_nodes(world: bpy.types.World) -> list[bpy.types.Node]:
    return [node for node in world.node_tree.nodes if node.label == GROUP_NAME]


def shown_image(node: bpy.types.Node) -> bpy.types.Image:
    return next(inner.image for inner in node.node_tree.nodes if inner.type == "TEX_ENVIRONMENT")


def test_a_new_world_lights_the_scene_and_the_one_before_is_kept(insert, see, world, tmp_path):
    made = insert("NEW")
    assert bpy.context.scene.world == made != world
    assert see() == pytest.approx(RADIANCE, rel=1e-3)
    assert our_nodes(made)[0].node_tree["ldr_to_hdri_photo"] == "photo.jpg"
    name = world.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert name in bpy.data.worlds


def test_image_only_leaves_the_world_alone(insert, world):
    before = links(world.node_tree), values(world.node_tree)
    assert insert("NONE") is None
    assert bpy.context.scene.world == world
    assert (links(world.node_tree), values(world.node_tree)) == before
    assert len(bpy.data.worlds) == 1


@pytest.mark.parametrize("mode", ["NEW", "REPLACE"])
def test_a_scene_without_a_world_gets_one(insert, see, mode):
    bpy.context.scene.world = None
    assert insert(mode) == bpy.context.scene.world
    assert see() == pytest.approx(RADIANCE, rel=1e-3)


def test_replacing_leaves_every_other_node_untouched(insert, see, world):
    """The camera sees a flat blue, the scene is lit by a picture through a Hue/Saturation node, and there is fog."""
    tree = world.node_tree
    lit, output = tree.nodes["Background"], tree.nodes["World Output"]
    lit.inputs["Strength"].default_value = 0.5
    picture, hue = tree.nodes.new("ShaderNodeTexEnvironment"), tree.nodes.new("ShaderNodeHueSaturation")
    seen, mix = tree.nodes.new("ShaderNodeBackground"), tree.nodes.new("ShaderNodeMixShader")
    seen.inputs["Color"].default_value = (0, 0, 1, 1)
    path, fog = tree.nodes.new("ShaderNodeLightPath"), tree.nodes.new("ShaderNodeVolumeScatter")
    fog.inputs["Density"].default_value = 0.0
    loose = tree.nodes.new("ShaderNodeRGB")
    tree.links.new(picture.outputs["Color"], hue.inputs["Color"])
    tree.links.new(hue.outputs["Color"], lit.inputs["Color"])
    tree.links.new(path.outputs["Is Camera Ray"], mix.inputs["Fac" if "Fac" in mix.inputs else "Factor"])
    tree.links.new(lit.outputs["Background"], mix.inputs[1])
    tree.links.new(seen.outputs["Background"], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])
    tree.links.new(fog.outputs[0], output.inputs["Volume"])
    links_before, values_before = links(tree), values(tree)

    assert insert("REPLACE") == world

    node = our_nodes(world)[0]
    replaced = {(hue.name, "Color", lit.name, "Color")}
    added = {(node.name, node.outputs["Color"].identifier, lit.name, "Color")}
    assert links(tree) == links_before - replaced | added
    now = values(tree)
    del now[node.name]
    assert now == values_before
    assert loose.name in now
    assert see() == pytest.approx((0, 0, 1), abs=1e-3)
    tree.links.remove(mix.inputs[0].links[0])
    mix.inputs[0].default_value = 0.0  # now the camera sees what lights: the picture at strength 0.5
    assert see() == pytest.approx([0.5 * value for value in RADIANCE], rel=1e-3)


def test_replacing_again_keeps_rotation_and_exposure(insert, see, world, brighter):
    insert("REPLACE")
    node = our_nodes(world)[0]
    node.inputs["Rotation"].default_value, node.inputs["EV"].default_value = (0, 0, 1), -1.0
    nodes = set(values(world.node_tree))
    insert("REPLACE", brighter)
    assert set(values(world.node_tree)) == nodes
    assert tuple(node.inputs["Rotation"].default_value) == (0, 0, 1)
    assert shown_image(node).filepath == str(brighter) == node.node_tree["ldr_to_hdri_exr"]
    assert see() == pytest.approx(RADIANCE, rel=1e-3)  # twice as bright, and one stop less


def test_worlds_show_their_own_pictures(insert, world, evenly_lit, brighter):
    insert("REPLACE")
    copied = world.copy()  # shares the group
    insert("REPLACE", brighter)
    assert shown_image(our_nodes(world)[0]).filepath == str(brighter)
    assert shown_image(our_nodes(copied)[0]).filepath == str(evenly_lit)
    insert("NEW", evenly_lit)
    assert shown_image(our_nodes(world)[0]).filepath == str(brighter)


def test_a_world_without_output_or_background_gets_them(insert, see, world):
    world.node_tree.nodes.clear()
    insert("REPLACE")
    assert see() == pytest.approx(RADIANCE, rel=1e-3)


def test_a_world_lit_by_something_else_keeps_it_unlinked(insert, see, world):
    tree = world.node_tree
    tree.nodes.remove(tree.nodes["Background"])
    glow = tree.nodes.new("ShaderNodeEmission")
    tree.links.new(glow.outputs[0], tree.nodes["World Output"].inputs["Surface"])
    before = values(tree)
    insert("REPLACE")
    assert before.items() <= values(tree).items()
    assert see() == pytest.approx(RADIANCE, rel=1e-3)


def test_the_outputs_of_both_engines_are_lit(insert, world):
    tree = world.node_tree
    tree.nodes["World Output"].target = "EEVEE"
    other = tree.nodes.new("ShaderNodeOutputWorld")
    other.target = "CYCLES"
    insert("REPLACE")
    lit = {link.to_node.name for node in our_nodes(world) for link in node.outputs["Color"].links}
    shines_on = {link.to_node.name for name in lit for link in tree.nodes[name].outputs["Background"].links if link.is_valid}
    assert shines_on == {"World Output", other.name}


@before_5
def test_a_world_without_nodes_keeps_its_colour_in_a_node(insert, see):
    world = bpy.context.scene.world = bpy.data.worlds.new("plain")
    world.color = (0.1, 0.2, 0.3)
    insert("REPLACE")
    assert see() == pytest.approx(RADIANCE, rel=1e-3)
    kept = next(node for node in world.node_tree.nodes if node.type == "RGB")
    assert tuple(kept.outputs[0].default_value)[:3] == pytest.approx((0.1, 0.2, 0.3))


def test_a_linked_world_is_refused_unchanged_and_never_lost(insert, world, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"), copy=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.worlds = [world.name]
    linked = bpy.context.scene.world = wanted.worlds[0]
    before = links(linked.node_tree), values(linked.node_tree)
    with pytest.raises(SceneError, match="Make the world local"):
        insert("REPLACE")
    assert (links(linked.node_tree), values(linked.node_tree)) == before
    assert len(bpy.data.node_groups) == 0
    name = linked.name
    assert insert("NEW") != linked
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert any(world.name == name and world.library for world in bpy.data.worlds)
