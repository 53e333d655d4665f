"""The node group "LDR to HDRI": a plain shader group, so that a file renders the same where the extension is not installed.

Inputs: Rotation (Euler, radians; turns the environment as it would turn an object) and EV (stops). Output: Color, radiance.
What it was made from is kept on the group as custom properties.
"""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass

import bpy

from ..hdr_core.restored import RestoredLight
from ..hdr_core.settings import ConvertSettings

GROUP_NAME = "LDR to HDRI"
_PHOTO, _EXR, _SETTINGS = "ldr_to_hdri_photo", "ldr_to_hdri_exr", "ldr_to_hdri_settings"
_RESTORED = "ldr_to_hdri_restored"  # share, low, high


@dataclass(frozen=True)
class Origin:
    """Where an environment comes from: the photo's path or image name, the EXR's path, the settings, and what was restored."""

    photo: str
    exr: str
    settings: ConvertSettings
    restored: RestoredLight


def create_group(image: bpy.types.Image, origin: Origin) -> bpy.types.NodeTree:
    """A new group that shows `image`; every environment has its own, so that two worlds may show different images."""
    tree = bpy.data.node_groups.new(GROUP_NAME, "ShaderNodeTree")
    _add_sockets(tree)
    nodes, links = tree.nodes, tree.links

    def node(kind: str, x: float, y: float = 0.0) -> bpy.types.Node:
        made = nodes.new(kind)
        made.location = (x, y)
        return made

    given = node("NodeGroupInput", -900, -200)
    direction = node("ShaderNodeTexCoord", -900, 100)
    mapping = node("ShaderNodeMapping", -680)
    mapping.vector_type = "TEXTURE"  # the inverse turn of the lookup is the turn of what is seen
    environment = node("ShaderNodeTexEnvironment", -460)
    gain = node("ShaderNodeMath", -460, -320)
    gain.operation = "POWER"
    gain.inputs[0].default_value = 2.0
    scale = node("ShaderNodeVectorMath", -160)
    scale.operation = "SCALE"
    result = node("NodeGroupOutput", 40)

    links.new(direction.outputs["Generated"], mapping.inputs["Vector"])
    links.new(given.outputs["Rotation"], mapping.inputs["Rotation"])
    links.new(mapping.outputs["Vector"], environment.inputs["Vector"])
    links.new(given.outputs["EV"], gain.inputs[1])
    links.new(environment.outputs["Color"], scale.inputs[0])
    links.new(gain.outputs[0], scale.inputs["Scale"])
    links.new(scale.outputs[0], result.inputs["Color"])
    show_image(tree, image, origin)
    return tree


def is_ours(tree: bpy.types.NodeTree | None) -> bool:
    """Whether `tree` is a group made by `create_group` that still has its environment texture."""
    return tree is not None and _EXR in tree and _environment_node(tree) is not None


def show_image(tree: bpy.types.NodeTree, image: bpy.types.Image, origin: Origin) -> None:
    """Lets one of our groups show `image`; its other nodes stay as they are."""
    _environment_node(tree).image = image
    tree[_PHOTO] = origin.photo
    tree[_EXR] = origin.exr
    tree[_SETTINGS] = json.dumps(asdict(origin.settings), sort_keys=True)
    tree[_RESTORED] = astuple(origin.restored)


def restored_light(tree: bpy.types.NodeTree) -> RestoredLight | None:
    """How much of the light of one of our groups was restored; None where it does not say, as those of version 0.1 do not."""
    return RestoredLight(*tree[_RESTORED]) if _RESTORED in tree else None


def _environment_node(tree: bpy.types.NodeTree) -> bpy.types.Node | None:
    return next((node for node in tree.nodes if node.type == "TEX_ENVIRONMENT"), None)


def _add_sockets(tree: bpy.types.NodeTree) -> None:
    rotation = tree.interface.new_socket(name="Rotation", in_out="INPUT", socket_type="NodeSocketVector")
    rotation.subtype = "EULER"
    rotation.description = "Turns the environment, as it would turn an object"
    exposure = tree.interface.new_socket(name="EV", in_out="INPUT", socket_type="NodeSocketFloat")
    exposure.min_value, exposure.max_value = -20.0, 20.0
    exposure.description = "Exposure in stops: each one doubles the light"
    tree.interface.new_socket(name="Color", in_out="OUTPUT", socket_type="NodeSocketColor")
