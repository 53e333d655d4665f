"""A large download goes on inside the file: against a server on loopback that breaks off, forgets, or changes its mind."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from pip._vendor import requests

from hdr_core.wheel_fetch import Broken, Refused, fetch, partial_of

WHOLE = os.urandom(1_000_000)
SHA256 = hashlib.sha256(WHOLE).hexdigest()


class Server(BaseHTTPRequestHandler):
    """`it`: whole, tag, ranges (whether it knows them), breaks (bytes of each answer, at most), status; sent: bytes."""

    it: SimpleNamespace

    def do_GET(self) -> None:
        it, wanted = self.it, self.headers.get("Range")
        same = self.headers.get("If-Range", it.tag) == it.tag
        begun = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and it.ranges and same else 0
        piece = it.whole[begun : begun + it.breaks]
        it.sent.append(len(piece))  # before anything is sent: the next request may come while this one ends
        self.send_response(it.status or (206 if begun else 200))
        if begun:
            self.send_header("Content-Range", f"bytes {begun}-{len(it.whole) - 1}/{len(it.whole)}")
        if it.tag:
            self.send_header("ETag", it.tag)
        self.send_header("Content-Length", str(len(it.whole) - begun))
        self.end_headers()
        self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    it = SimpleNamespace(whole=WHOLE, tag='"1"', ranges=True, breaks=len(WHOLE), status=0, sent=[])
    listening = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Server,), {"it": it}))
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    it.url = f"http://127.0.0.1:{listening.server_port}/a.whl"
    monkeypatch.setattr("hdr_core.wheel_fetch._RETRIES", 1)
    monkeypatch.setattr("time.sleep", lambda _: None)
    yield it
    listening.shutdown()
    listening.server_close()


def get(server: SimpleNamespace, wheel: Path, size: int = len(WHOLE)) -> None:
    fetch(requests.Session(), server.url, wheel, size, SHA256)


def test_a_connection_that_breaks_goes_on_where_it_was(server: SimpleNamespace, tmp_path: Path) -> None:
    server.breaks = 300_000
    get(server, tmp_path / "a.whl")
    assert (tmp_path / "a.whl").read_bytes() == WHOLE
    assert server.sent == [300_000, 300_000, 300_000, 100_000]
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_the_next_try_goes_on_too(server: SimpleNamespace, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    partial_of(wheel).write_bytes(WHOLE[:900_000])
    server.breaks = 0
    with pytest.raises(Broken):
        get(server, wheel)
    server.breaks = len(WHOLE)
    get(server, wheel)
    assert wheel.read_bytes() == WHOLE
    assert server.sent[-1] == 100_000


def test_a_server_without_ranges_starts_over(server: SimpleNamespace, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    partial_of(wheel).write_bytes(WHOLE[:900_000])
    server.ranges = False
    get(server, wheel)
    assert wheel.read_bytes() == WHOLE
    assert server.sent == [len(WHOLE)]


def test_another_version_is_not_mixed_with_this_one(server: SimpleNamespace, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    server.whole, server.tag, server.breaks = os.urandom(len(WHOLE)), '"0"', 300_000
    with pytest.raises(Broken):
        fetch(_once(), server.url, wheel, len(WHOLE), SHA256)
    assert partial_of(wheel).stat().st_size == 300_000
    server.whole, server.tag, server.breaks = WHOLE, '"1"', len(WHOLE)
    get(server, wheel)
    assert wheel.read_bytes() == WHOLE
    assert server.sent[-1] == len(WHOLE)


def _once() -> requests.Session:
    """A session whose second request finds no network."""
    session, get = requests.Session(), requests.Session.get
    asked: list[str] = []

    def once(url: str, **named: object) -> requests.Response:
        asked.append(url)
        if len(asked) > 1:
            raise requests.ConnectionError("the network is gone")
        return get(session, url, **named)

    session.get = once
    return session


def test_what_is_not_the_wheel_is_thrown_away(server: SimpleNamespace, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    partial_of(wheel).write_bytes(b"x" * 900_000)
    with pytest.raises(Refused, match="hash mismatch"):
        get(server, wheel)
    assert list(tmp_path.iterdir()) == []
    get(server, wheel)
    assert wheel.read_bytes() == WHOLE


def test_a_refusal_is_not_written(server: SimpleNamespace, tmp_path: Path) -> None:
    server.status = 407
    with pytest.raises(Refused, match="407"):
        get(server, tmp_path / "a.whl")
    server.status = 416
    partial_of(tmp_path / "a.whl").write_bytes(WHOLE[:10])
    with pytest.raises(Broken, match="less of the file"):
        get(server, tmp_path / "a.whl")
    assert list(tmp_path.iterdir()) == []
