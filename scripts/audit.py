"""Looks for known holes in every package that users get, and that the tests run: make audit

    python scripts/audit.py [--snapshot FILE] [--online]

pip-audit asks a database over the network; here it asks this script, which answers from a snapshot, over loopback. FILE is
requirements/advisories.jsonl, each line an advisory in the OSV format, or the zip that OSV offers of all that it has for PyPI.
--online: ask PyPI itself. Exit code 1 where a hole is found, or a package could not be looked up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hdr_core.runtime_wheels import read_lock  # noqa: E402

SNAPSHOT = ROOT / "requirements" / "advisories.jsonl"
PINS = ("runtime.txt", "dev.txt", "blender.txt", "audit.txt")


def packages(root: Path = ROOT) -> list[str]:
    """name==version of the runtime's wheels, and of what is pinned in requirements/."""
    found = {f"{wheel.name}=={wheel.version.partition('+')[0]}" for wheels in read_lock().values() for wheel in wheels}
    for file in PINS:
        lines = [line.partition(";")[0].strip() for line in (root / "requirements" / file).read_text().splitlines()]
        found |= {line.lower() for line in lines if "==" in line and not line.startswith(("#", "-"))}
    return sorted(found)


def advisories(snapshot: Path) -> dict[str, list[dict[str, Any]]]:
    """By package."""
    known = defaultdict(list)
    for advisory in _records(snapshot):
        for name in {canonicalize_name(each["package"]["name"]) for each in advisory.get("affected", ())}:
            known[name].append(advisory)
    return known


def _records(snapshot: Path) -> Iterator[dict[str, Any]]:
    if snapshot.suffix == ".zip":
        with zipfile.ZipFile(snapshot) as archive:
            yield from (json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json"))
    else:
        yield from (json.loads(line) for line in snapshot.read_text(encoding="utf-8").splitlines() if line.strip())


def affects(advisory: dict[str, Any], name: str, version: str) -> bool:
    """As OSV says that versions are to be compared."""
    mine = [each for each in advisory["affected"] if canonicalize_name(each["package"]["name"]) == name]
    if any(version in each.get("versions", ()) for each in mine):
        return True
    for span in (span for each in mine for span in each.get("ranges", ()) if span["type"] == "ECOSYSTEM"):
        inside = False
        for event in sorted(span["events"], key=lambda event: _version(next(iter(event.values())))):
            (what, when), *_ = event.items()
            if what == "last_affected":
                inside = inside and Version(version) <= _version(when)
            elif Version(version) >= _version(when):
                inside = what == "introduced"
        if inside:
            return True
    return False


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


class Answers(BaseHTTPRequestHandler):
    """OSV's query."""

    known: dict[str, list[dict[str, Any]]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = canonicalize_name(asked["package"]["name"])
        found = [advisory for advisory in self.known.get(name, ()) if affects(advisory, name, asked["version"])]
        body = json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def audit(wanted: list[str], options: list[str]) -> int:
    """pip-audit takes one version of a package at a time; the targets of the runtime differ in some."""
    versions = defaultdict(list)
    for line in wanted:
        versions[line.partition("==")[0]].append(line)
    rounds = range(max(map(len, versions.values())))
    codes = [_audit([each[turn] for each in versions.values() if turn < len(each)], options) for turn in rounds]
    return max(codes)


def _audit(wanted: list[str], options: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in wanted))
        command = [sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        command += ["--cache-dir", folder, "-r", str(listed), *options]
        return subprocess.run(command, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snapshot", type=Path, default=SNAPSHOT)
    parser.add_argument("--online", action="store_true")
    parser.add_argument("packages", nargs="*", metavar="NAME==VERSION", help="these instead")
    options = parser.parse_args()
    wanted = options.packages or packages()
    if options.online:
        return audit(wanted, ["-s", "pypi"])
    known = advisories(options.snapshot)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Answers,), {"known": known}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    total = len({advisory["id"] for each in known.values() for advisory in each})
    print(f"{len(wanted)} packages against {total} advisories of {options.snapshot.name}", flush=True)
    try:
        return audit(wanted, ["-s", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"])
    finally:
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
