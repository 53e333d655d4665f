"""Writes arithmetic as nodes, the same for shader and compositor trees, which name the same nodes differently."""

from __future__ import annotations

from collections import Counter
from typing import Any

import bpy

Socket = Any
"""An output socket; its kind is known only at run time."""

_COLUMN, _ROW = 170.0, 44.0


class NodeWriter:
    """Adds nodes to a tree, each to the right of what feeds it."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self._tree = tree
        self._columns: dict[str, int] = {}
        self._filled: Counter[int] = Counter()
        compositor = tree.bl_idname == "CompositorNodeTree"
        self._math = "CompositorNodeMath" if compositor and bpy.app.version < (5, 0, 0) else "ShaderNodeMath"
        self._colour_kinds = "CompositorNode" if compositor else "ShaderNode"

    def node(self, kind: str, *inputs: tuple[str | int, Socket], collapsed: bool = True, **properties: str) -> Any:
        """A node of `kind` with `properties`, whose named or numbered `inputs` are linked to a socket or set to a value."""
        made: Any = self._tree.nodes.new(kind)
        for name, setting in properties.items():  # first: some decide which inputs there are
            setattr(made, name, setting)
        made.hide = collapsed
        column = 0
        for socket, value in inputs:
            if isinstance(value, (int, float)):
                made.inputs[socket].default_value = value
            else:
                self._tree.links.new(value, made.inputs[socket])
                column = max(column, self._columns.get(value.node.name, 0) + 1)
        self._columns[made.name] = column
        made.location = (column * _COLUMN, -_ROW * self._filled[column])
        self._filled[column] += 1 if collapsed else 8
        return made

    def math(self, operation: str, *values: Socket | float) -> Socket:
        """The result of a Math node on `values`: sockets or numbers."""
        return self.node(self._math, *enumerate(values), operation=operation).outputs[0]

    def vectors(self, operation: str, *inputs: tuple[str | int, Socket | float]) -> Socket:
        """The result of a Vector Math node; shader trees only."""
        return self.node("ShaderNodeVectorMath", *inputs, operation=operation).outputs[0]

    def separate(self, colour: Socket) -> list[Socket]:
        """Red, green and blue, and in the compositor alpha."""
        return list(self.node(f"{self._colour_kinds}SeparateColor", (0, colour)).outputs)

    def combine(self, channels: list[Socket]) -> Socket:
        """The colour of what `separate` gave."""
        return self.node(f"{self._colour_kinds}CombineColor", *enumerate(channels)).outputs[0]
