"""Drags files over a window and drops them there, as a file manager does (XDND 5): window_drag.py X Y FILE...

X, Y: a point of the screen, in pixels. Says what the window answers; the exit code is 1 where it does not take them. Needs
python-xlib and xdotool.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.protocol import event

VERSION, WAIT = 5, 10.0  # of the protocol; seconds


class Drag:
    def __init__(self, files: list[str]) -> None:
        self._uris = "".join(f"{Path(file).absolute().as_uri()}\r\n" for file in files).encode()
        self._display = Display()
        root = self._display.screen().root
        self._target = self._aware(root)
        self._source = root.create_window(0, 0, 8, 8, 0, self._display.screen().root_depth)
        self._source.set_selection_owner(self._atom("XdndSelection"), X.CurrentTime)

    def over(self, x: int, y: int) -> None:
        """From the left to the point, as a hand moves."""
        self._send("XdndEnter", VERSION << 24, self._atom("text/uri-list"))
        for step in range(-5, 1):
            at = (x + 12 * step, y)
            subprocess.run(["xdotool", "mousemove", *map(str, at)], check=True)
            self._send("XdndPosition", 0, at[0] << 16 | at[1], X.CurrentTime, self._atom("XdndActionCopy"))
            if not self._answered("XdndStatus") & 1:
                sys.exit("The window does not take them.")
            time.sleep(0.2)

    def drop(self) -> None:
        self._send("XdndDrop", 0, X.CurrentTime)
        self._answered("XdndFinished")

    def _atom(self, name: str) -> int:
        return self._display.intern_atom(name)

    def _aware(self, window: Any) -> Any:
        """The first window that takes drops."""
        if window.get_full_property(self._atom("XdndAware"), X.AnyPropertyType):
            return window
        return next(filter(None, map(self._aware, window.query_tree().children)), None)

    def _send(self, kind: str, *data: int) -> None:
        content = [self._source.id, *data]
        content += [0] * (5 - len(content))
        self._target.send_event(event.ClientMessage(window=self._target, client_type=self._atom(kind), data=(32, content)))
        self._display.flush()

    def _answered(self, kind: str) -> int:
        """Until the window says so; what it says. Meanwhile it may ask for the files' names."""
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            while self._display.pending_events():
                came = self._display.next_event()
                if came.type == X.SelectionRequest:
                    self._name_the_files(came)
                elif came.type == X.ClientMessage and came.client_type == self._atom(kind):
                    print(kind, flush=True)
                    return int(came.data[1][1])
            time.sleep(0.02)
        sys.exit(f"The window does not answer by {kind}.")

    def _name_the_files(self, asked: Any) -> None:
        asked.requestor.change_property(asked.property, asked.target, 8, self._uris)
        asked.requestor.send_event(
            event.SelectionNotify(
                time=asked.time,
                requestor=asked.requestor,
                selection=asked.selection,
                target=asked.target,
                property=asked.property,
            )
        )
        self._display.flush()


if __name__ == "__main__":
    drag = Drag(sys.argv[3:])
    drag.over(int(sys.argv[1]), int(sys.argv[2]))
    drag.drop()
