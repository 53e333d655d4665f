"""While the user still looks for a photo, the worker loads what the conversion needs."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import bpy
import checkout
import pytest

operators = sys.modules[f"{checkout.MODULE}.operators"]


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the same in every version")
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
