"""Known holes: none in what is pinned, and an old version is found out. `make audit` asks pip-audit about the same."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

import audit  # noqa: E402


def holes(line: str) -> list[str]:
    name, _, version = line.partition("==")
    return [advisory["id"] for advisory in audit.advisories(audit.SNAPSHOT)[name] if audit.affects(advisory, name, version)]


def test_no_known_hole_in_what_is_pinned():
    wanted = audit.packages()
    assert len(wanted) > 30
    assert {"torch", "pillow", "pi-heif", "pyvips-binary", "openexr", "filelock"} <= {
        line.partition("==")[0] for line in wanted
    }
    assert [line for line in wanted if holes(line)] == []


def test_every_package_has_its_licence_told():
    told = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    for target in ("linux-x64-py311-cpu", "linux-x64-py311-cuda"):
        for wheel in audit.read_lock()[target]:
            assert f"| {wheel.name} | {wheel.version.partition('+')[0]}" in told


def test_old_versions_are_found_out():
    assert holes("torch==2.5.1") == ["CVE-2025-32434", "CVE-2026-24747"]
    assert holes("pillow==11.2.1") == ["CVE-2025-48379"]
    assert holes("pillow==11.3.0") == []
    assert holes("pillow==11.1.0") == []
