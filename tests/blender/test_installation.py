"""The Install Runtime button: it goes on by itself, says why it failed, and is stopped by another button."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import bpy
import drawing
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.errors import RuntimeInstallError
from bl_ext.user_default.ldr_to_hdri.operators import runtime_install
from bl_ext.user_default.ldr_to_hdri.ui.runtime_box import draw_runtime_box


class Slow:
    """An installation that takes three looks, then fails or not."""

    def __init__(self, error: RuntimeInstallError | None) -> None:
        self.fraction, self.stage, self.error, self.looks, self.stopped = 0.5, "Downloading torch", error, 0, False

    def poll(self) -> bool:
        self.looks += 1
        return self.looks > 3

    def wait(self, _: object) -> Path:
        if self.error:
            raise self.error
        return Path("packages")

    def cancel(self) -> None:
        self.stopped = True


@pytest.fixture
def pressed(monkeypatch):
    """The button was pressed: Blender's timers call `_go_on`, which they do not in this module."""

    def press(error: RuntimeInstallError | None = None) -> Slow:
        slow = Slow(error)
        monkeypatch.setattr(runtime_install, "_failure", None)
        monkeypatch.setattr(runtime_install, "_under_way", slow)
        return slow

    return press


def test_it_goes_on_to_its_end(pressed):
    pressed()
    assert [runtime_install._go_on() for _ in range(4)] == [runtime_install._TICK] * 3 + [None]
    assert runtime_install.under_way() is None
    assert runtime_install.failure() is None


def test_a_failure_is_told_in_the_panel(pressed):
    pressed(RuntimeInstallError("The disk is full.", "Free some space."))
    while runtime_install._go_on() is not None:
        pass
    drawn = drawing.Drawn()
    draw_runtime_box(drawing.Layout(drawn))
    assert "The disk is full. Free some space." in " ".join(drawn.texts)


def test_another_button_stops_it(pressed):
    slow = pressed()
    assert bpy.ops.ldr_to_hdri.stop_installation() == {"FINISHED"}
    assert slow.stopped
    assert runtime_install._go_on() is None
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.ldr_to_hdri.stop_installation()


def test_without_online_access_nothing_begins(monkeypatch):
    monkeypatch.setattr(bpy, "app", SimpleNamespace(online_access=False, background=True))
    with pytest.raises(RuntimeInstallError, match="Allow Online Access"):
        runtime_install.start()
