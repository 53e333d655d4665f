"""Packs a package of pure Python that is published as source alone into a wheel: the same bytes every time, and nothing of it is run."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)


def fetch_source(name: str, version: str, sha256: str, folder: Path) -> Path:
    """The source archive, through pip, checked. CalledProcessError where it cannot be had, or is another."""
    wanted = folder / "requirement.txt"
    wanted.write_text(f"{name}=={version} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    subprocess.run([*command, "--require-hashes", "-r", wanted, "-d", folder], check=True, stdout=sys.stderr)
    return next(folder.glob("*.tar.gz"))


def pack(source: Path, package: str, folder: Path) -> Path:
    """Pack the folder `package` of the archive `source`, with its metadata and licence, into a wheel in `folder`."""
    with tarfile.open(source) as archive:
        inside = {member.name.partition("/")[2]: member for member in archive if member.isfile()}

        def read(name: str) -> bytes:
            file = archive.extractfile(inside[name])
            assert file is not None
            return file.read()

        metadata = read("PKG-INFO")
        fields = dict(line.split(": ", 1) for line in metadata.decode().split("\n\n")[0].splitlines() if ": " in line)
        stem = f"{fields['Name'].replace('-', '_')}-{fields['Version']}"
        files = {name: read(name) for name in sorted(inside) if name.startswith(f"{package}/") and name.endswith(".py")}
        for name in sorted(inside):
            if name.upper().startswith(("LICENSE", "COPYING", "NOTICE")):
                files[f"{stem}.dist-info/licenses/{name}"] = read(name)
    files[f"{stem}.dist-info/METADATA"] = metadata
    files[f"{stem}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: pure_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join([*(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items()), f"{record},,\n"]).encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED  # deflate's bytes differ between versions of zlib
            out.writestr(entry, data)
    return wheel


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
