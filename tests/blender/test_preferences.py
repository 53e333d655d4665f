"""The preferences: what the Test button finds, and that conversions follow them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import bpy
import drawing
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.client import WorkerClient
from bl_ext.user_default.ldr_to_hdri.hdr_core.errors import HdrError
from bl_ext.user_default.ldr_to_hdri.operators import chosen, runtime, task_queue, worker_session


@pytest.fixture
def shown(preferences):
    """What the preferences show."""

    def draw() -> str:
        drawn = drawing.Drawn()
        kind = type(preferences)
        kind.draw(_with_layout(preferences, drawing.Layout(drawn)), bpy.context)
        return "\n".join(drawn.texts)

    yield draw
    runtime.forget()


def _with_layout(preferences, layout):
    class Drawing:
        def __getattr__(self, name):
            return layout if name == "layout" else getattr(preferences, name)

    kind, drawing = type(preferences), Drawing()
    drawing.bl_rna = preferences.bl_rna
    drawing._draw_runtime = lambda box: kind._draw_runtime(drawing, box)
    drawing._draw_files = lambda box: kind._draw_files(drawing, box)
    return drawing


def test_the_test_says_what_runs_where_and_a_change_forgets_it(shown, preferences, request):
    assert "Not tested yet" in shown()
    assert bpy.ops.ldr_to_hdri.test_runtime() == {"FINISHED"}
    said = shown()
    assert "The network runs on" in said
    assert "torch 2." in said
    assert str(request.getfixturevalue("runtime")) in said.replace("\n", "")
    preferences.device = "CPU"
    assert "Not tested yet" in shown()


def test_a_python_without_torch_is_named_with_the_repair(shown, preferences):
    preferences.python = sys.executable
    with pytest.raises(RuntimeError, match="cannot import torch"):
        bpy.ops.ldr_to_hdri.test_runtime()
    assert "pip install torch" in shown().replace("\n", " ")
    failed = runtime.TestTask()
    task_queue.add(failed)
    with pytest.raises(HdrError, match="cannot import torch"):
        task_queue.settle(failed)
    assert task_queue.tasks() == (failed,)  # to be seen in the panels
    preferences.device = "CPU"
    assert task_queue.tasks() == ()


def test_a_device_that_is_not_there_is_named(shown, preferences):
    preferences.device = "MPS"
    with pytest.raises(RuntimeError, match="not available"):
        bpy.ops.ldr_to_hdri.test_runtime()
    assert "not available" in shown()


def test_the_budget_reaches_the_worker(preferences):
    preferences.budget = 3072
    client = worker_session.worker()
    assert isinstance(client, WorkerClient)
    assert client._variables == {"LDR_TO_HDRI_GPU_MEMORY": "3.0"}
    assert worker_session.worker() is client
    preferences.budget = 0
    assert worker_session.worker() is not client


def test_what_is_called_by_hand_takes_folder_and_format_from_the_preferences(preferences):
    preferences.destination, preferences.folder, preferences.compression = "FOLDER", "//hdris", "DWAA"
    explicit = SimpleNamespace(
        destination="PACKED", folder="", compression="ZIP", is_property_set=lambda name: name == "destination"
    )
    chosen.fill_in(explicit, ("destination", "folder", "compression"))
    assert (explicit.destination, explicit.folder, explicit.compression) == ("PACKED", "//hdris", "DWAA")
