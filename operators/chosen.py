"""What the user chose in the extension's preferences."""

from __future__ import annotations

from typing import Any, cast

import bpy

from ..hdr_core.settings import Device

_EXTENSION = __package__.rpartition(".")[0]


def preferences() -> Any:
    """The extension's preferences; None while it is being disabled."""
    addon = bpy.context.preferences.addons.get(_EXTENSION)
    return addon.preferences if addon is not None else None


def device() -> Device:
    """Where the network should run."""
    chosen = preferences()
    return cast(Device, chosen.device.lower()) if chosen is not None else "auto"


def budget() -> int:
    """How much of the GPU's memory the worker may take, in MiB; 0 where it may choose."""
    chosen = preferences()
    return chosen.budget if chosen is not None else 0


def fill_in(properties: Any, names: tuple[str, ...]) -> None:
    """Give an operator that is called by hand what the preferences say, for those of its properties that nobody set."""
    chosen = preferences()
    for name in names:
        if chosen is not None and not properties.is_property_set(name):
            setattr(properties, name, getattr(chosen, name))
