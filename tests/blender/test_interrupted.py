"""A conversion that ends before its time leaves nothing behind: no process, no file, no change; and the next one works."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import checkout
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.errors import Cancelled
from bl_ext.user_default.ldr_to_hdri.hdr_core.settings import ConvertSettings
from bl_ext.user_default.ldr_to_hdri.operators import modal, task_queue, worker_session
from bl_ext.user_default.ldr_to_hdri.operators.conversion import ConversionTask, Request
from bl_ext.user_default.ldr_to_hdri.operators.environment import environment_node
from bl_ext.user_default.ldr_to_hdri.operators.errors import SceneError
from bl_ext.user_default.ldr_to_hdri.operators.node_target import Target
from bl_ext.user_default.ldr_to_hdri.operators.reconversion import ReconversionTask


def asked(photo: Path, **more: Any) -> ConversionTask:
    request = Request(
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
    return ConversionTask(replace(request, **more))


def begun(task: ConversionTask) -> ConversionTask:
    """It is queued, and the worker has begun it; Blender goes on meanwhile, as it does in a window."""
    task_queue.add(task)
    deadline = time.monotonic() + 60
    while not task.progress[1]:
        assert not task_queue.is_due(task)
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return task


@pytest.fixture
def under_way(photo) -> ConversionTask:
    return begun(asked(photo))


@pytest.fixture
def nothing_is_left(photo, under_way):
    pid = worker_session.worker().pid

    def check() -> None:
        assert task_queue.tasks() == ()
        assert not under_way.scratch.exists()
        assert [path.name for path in photo.parent.iterdir()] == ["lamp.png"]
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    return check


def test_the_cancel_button_stops_within_half_a_second(under_way, nothing_is_left, contents):
    before, began = contents(), time.perf_counter()
    assert bpy.ops.ldr_to_hdri.cancel() == {"FINISHED"}
    assert time.perf_counter() - began < 0.5
    nothing_is_left()
    assert not bpy.ops.ldr_to_hdri.cancel.poll()
    assert contents() == before
    with pytest.raises(Cancelled):
        task_queue.settle(under_way)


def test_another_file_is_loaded(under_way, nothing_is_left):
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    nothing_is_left()


def test_the_window_that_began_it_is_closed(under_way, photo):
    """Its operator is gone then; timers, which do not fire here, go on."""
    while (pause := modal.go_on(under_way, "Convert Photo to HDRI")) is not None:
        time.sleep(pause)
    assert under_way.state == "DONE"
    assert environment_node(bpy.context.scene.world) is not None
    broken = photo.with_name("broken.png")
    broken.write_text("no picture")
    task_queue.add(failing := asked(broken))
    while modal.go_on(failing, "Convert Photo to HDRI") is not None:
        time.sleep(0.05)
    assert [task.state for task in task_queue.tasks()] == ["FAILED"]  # the list says why
    task_queue.cancel_all()


def test_the_scene_is_deleted_meanwhile(under_way, contents):
    bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(bpy.context.scene)
    before = contents()
    with pytest.raises(SceneError, match="is gone"):
        task_queue.settle(under_way)
    assert task_queue.pending() == []
    assert contents() == before
    assert [task.error.problem for task in task_queue.tasks()] == ['The scene "Scene" is gone.']
    assert bpy.ops.ldr_to_hdri.cancel(place=0) == {"FINISHED"}  # seen, and taken off the list
    assert task_queue.tasks() == ()


def test_undo_and_a_deleted_world_meanwhile_do_no_harm(photo):
    bpy.ops.ed.undo_push(message="start")
    bpy.ops.mesh.primitive_monkey_add("EXEC_DEFAULT", True)
    task = begun(asked(photo, world="REPLACE"))
    bpy.ops.ed.undo()
    bpy.data.worlds.remove(bpy.context.scene.world)
    task_queue.settle(task)
    assert environment_node(bpy.context.scene.world) is not None


def test_the_node_that_is_converted_again_is_deleted_meanwhile(photo):
    """Its picture, which lies in the .blend alone, is kept."""
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo), destination="PACKED")
    group = environment_node(bpy.context.scene.world).node_tree
    task = begun(ReconversionTask(bpy.context.scene, Target(group.name)))
    bpy.data.worlds.remove(bpy.context.scene.world)
    bpy.data.node_groups.remove(group)
    with pytest.raises(SceneError, match="no local node group"):
        task_queue.settle(task)
    assert [image.name for image in bpy.data.images if image.packed_file] == ["lamp_hdri.exr"]
    task_queue.cancel_all()


def test_a_queue_is_worked_off_in_turn_and_each_can_be_cancelled(photo):
    others = [photo.with_name(f"lamp_{number}.png") for number in range(3)]
    for other in others:
        shutil.copyfile(photo, other)
    first = begun(asked(photo))
    second, third, fourth = (asked(other, world="NONE") for other in others)
    for task in (second, third, fourth):
        task_queue.add(task)
    mine = shutil.copyfile(photo, photo.with_name("mine.png"))  # a script does not wait for what is queued
    assert bpy.ops.ldr_to_hdri.convert(filepath=str(mine), world="NONE") == {"FINISHED"}
    assert [task.state for task in task_queue.tasks()] == ["RUNNING", "WAITING", "WAITING", "WAITING"]
    assert bpy.ops.ldr_to_hdri.cancel(place=1) == {"FINISHED"}
    assert second.state == "CANCELLED"
    assert first.state == "RUNNING"
    task_queue.settle(first)
    assert third.state == "RUNNING"  # the next one is not waited for
    assert bpy.ops.ldr_to_hdri.cancel_all() == {"FINISHED"}
    assert task_queue.tasks() == ()
    assert not any(task.scratch.exists() for task in (first, second, third, fourth))
    assert sorted(path.name for path in photo.parent.glob("*.exr")) == ["lamp_hdri.exr", "mine_hdri.exr"]


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
        while not (worker_session._client and worker_session._client.pid and task_queue.running()):
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
