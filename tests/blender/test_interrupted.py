"""A conversion that ends before its time leaves nothing behind: no process, no file, no change; and the next one works."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import bpy
import checkout
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.errors import Cancelled
from bl_ext.user_default.ldr_to_hdri.hdr_core.settings import ConvertSettings
from bl_ext.user_default.ldr_to_hdri.operators import conversion, worker_session


@pytest.fixture
def under_way(photo) -> conversion.Running:
    """A conversion that the worker has begun; Blender goes on meanwhile, as it does in a window."""
    request = conversion.Request(
        filepath=str(photo),
        image="",
        output="",
        destination="SOURCE",
        folder="",
        world="NEW",
        settings=ConvertSettings(),
        overwrite=False,
        scene=bpy.context.scene.name,
    )
    running = conversion.start(request)
    deadline = time.monotonic() + 60
    while not running.job.stage:
        assert not running.job.poll()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return running


@pytest.fixture
def nothing_is_left(photo, under_way):
    pid = worker_session.worker().pid

    def check() -> None:
        assert conversion.running() is None
        assert not under_way.scratch.exists()
        assert [path.name for path in photo.parent.iterdir()] == ["lamp.png"]
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    return check


def test_only_one_at_a_time(under_way, photo):
    with pytest.raises(RuntimeError, match="running already"):
        bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    assert conversion.running() is under_way
    conversion.abort()


def test_the_cancel_button(under_way, nothing_is_left, contents):
    before = contents()
    assert bpy.ops.ldr_to_hdri.cancel() == {"FINISHED"}
    nothing_is_left()
    assert not bpy.ops.ldr_to_hdri.cancel.poll()
    assert contents() == before
    with pytest.raises(Cancelled):
        under_way.job.result()


def test_another_file_is_loaded(under_way, nothing_is_left):
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    nothing_is_left()


def test_the_scene_is_deleted_meanwhile(under_way, contents):
    bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(bpy.context.scene)
    before = contents()
    with pytest.raises(conversion.SceneError, match="is gone"):
        conversion.finish(under_way)
    assert conversion.running() is None
    assert contents() == before


def test_the_extension_is_disabled(under_way, nothing_is_left):
    checkout.disable()
    try:
        nothing_is_left()
        assert not hasattr(bpy.types, "LDR_TO_HDRI_OT_convert")
    finally:
        checkout.enable()


def test_the_worker_dies_and_the_next_conversion_works(photo, contents):
    """It is killed as the system kills a process that takes too much memory."""
    pids = []

    def kill() -> None:
        while not (worker_session._client and worker_session._client.pid and conversion.running()):
            time.sleep(0.01)
        time.sleep(0.5)
        pids.append(worker_session._client.pid)
        os.kill(pids[0], signal.SIGKILL)

    worker_session.close_worker()
    before, killer = contents(), threading.Thread(target=kill)
    killer.start()
    with pytest.raises(RuntimeError, match="worker"):
        bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    killer.join()
    assert contents() == before
    assert [path.name for path in photo.parent.iterdir()] == ["lamp.png"]
    assert not any(Path(bpy.app.tempdir).glob("ldr_to_hdri_*"))

    assert bpy.ops.ldr_to_hdri.convert(filepath=str(photo), world="NONE") == {"FINISHED"}
    assert worker_session._client.pid != pids[0]
    assert photo.with_name("lamp_hdri.exr").exists()
