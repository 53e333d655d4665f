"""While the user still looks for a photo, the worker loads what the conversion needs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import bpy
import checkout
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.library import LibrarySettings

pytestmark = pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the same in every version")
operators = sys.modules[f"{checkout.MODULE}.operators"]
file_handlers = sys.modules[f"{checkout.MODULE}.ui.file_handlers"]
convert_library = operators.library.LDR_TO_HDRI_OT_convert_library


def test_the_worker_starts_while_the_dialog_is_open() -> None:
    """There is no window here: what Blender would open its dialog with is given to the operator's own method."""
    session, operator = operators.worker_session, operators.convert.LDR_TO_HDRI_OT_convert
    opened: list[bool] = []
    manager = SimpleNamespace(fileselect_add=lambda _: opened.append(session.worker().running))
    properties = SimpleNamespace(is_property_set=lambda _: True)
    asked = SimpleNamespace(properties=properties, filepath="", image="")
    for dialog in (operators.preview.LDR_TO_HDRI_OT_preview, operator):
        session.close_worker()
        assert dialog.invoke(asked, SimpleNamespace(window_manager=manager), None) == {"RUNNING_MODAL"}
    assert opened == [True, True]
    assert session.worker().busy
    assert session._warming.wait()["device"] in ("cpu", "cuda", "mps")
    assert not session.worker().busy
    pid = session.worker().pid
    operator.invoke(asked, SimpleNamespace(window_manager=manager), None)
    assert session.worker().pid == pid
    assert not session.worker().busy


def test_the_worker_starts_while_a_photo_hovers_over_an_editor() -> None:
    """Blender asks its file handlers, with every move of the mouse, whether it may be dropped there."""
    session, handler = operators.worker_session, file_handlers.VIEW3D_FH_ldr_to_hdri
    session.close_worker()
    session._warmed_at = None
    assert not handler.poll_drop(SimpleNamespace(area=SimpleNamespace(type="OUTLINER")))
    assert not session.worker().running
    assert handler.poll_drop(SimpleNamespace(area=SimpleNamespace(type="VIEW_3D")))
    assert session.worker().running
    session.close_worker()
    assert handler.poll_drop(SimpleNamespace(area=SimpleNamespace(type="VIEW_3D")))
    assert not session.worker().running, "tried again at once"


def opened_dialog() -> SimpleNamespace:
    """The operator, when Blender has opened its dialog."""
    asked = SimpleNamespace(directory="", _running=None, _display=None)
    asked._leave = lambda: convert_library._leave(asked)
    manager = SimpleNamespace(fileselect_add=lambda _: None)
    assert convert_library.invoke(asked, SimpleNamespace(window_manager=manager), None) == {"RUNNING_MODAL"}
    return asked


def test_a_library_takes_the_worker_that_its_dialog_started(photo: Path) -> None:
    job = operators.library_job
    opened_dialog()
    pid = job._warm.client.pid
    assert pid
    batch = job.start(photo.parent, photo.parent.with_name("results"), LibrarySettings(), force=False, overwrite=False)
    try:
        while batch._pool._asked is None:
            assert not batch.poll()
        assert batch._pool._first.client.pid == pid
        assert job._warm is None
        convert_library.cancel(opened_dialog(), bpy.context)
        with pytest.raises(RuntimeError, match="converted already"):
            bpy.ops.ldr_to_hdri.convert_library(directory=str(photo.parent))
        assert job.running() is batch, "another call has ended it"
    finally:
        job.end()


def test_the_worker_of_a_dialog_that_is_closed_ends() -> None:
    asked = opened_dialog()
    client = operators.library_job._warm.client
    assert client.running
    convert_library.cancel(asked, bpy.context)
    assert not client.running
    assert operators.library_job._warm is None
