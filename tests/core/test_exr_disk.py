"""Whatever goes wrong with the disk: an OutputError that says what to do, and nothing left or lost."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hdr_core.atomic import replacing, temporary_path
from hdr_core.errors import OutputError
from hdr_core.exr import is_ours, read_exr, write_exr

ROOT = Path(__file__).parents[2]
HEADER = {"software": "LDR to HDRI 1.2.3"}
RADIANCE = np.random.default_rng(0).random((64, 128, 3), dtype=np.float32)


def assert_refused(path: Path, problem: str, next_step: str) -> None:
    with pytest.raises(OutputError) as raised:
        write_exr(path, RADIANCE, header=HEADER, overwrite=True)
    assert problem in raised.value.problem
    assert next_step in raised.value.next_step
    assert "\n" not in str(raised.value)


def run(program: str, *arguments: str | Path) -> str:
    """Run a program that has write_exr, RADIANCE, HEADER, OutputError and sys at hand; what it prints."""
    prelude = (
        "import os, sys, numpy as np; from pathlib import Path\n"
        "import OpenEXR; from hdr_core.errors import OutputError; from hdr_core.exr import write_exr\n"
        "RADIANCE = np.random.default_rng(0).random((64, 128, 3), dtype=np.float32)\n"
        "HEADER = {'software': 'LDR to HDRI 1.2.3'}\n"
    )
    command = [sys.executable, "-c", prelude + program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def test_missing_folder_folder_as_target_and_file_as_folder(tmp_path: Path) -> None:
    assert_refused(tmp_path / "no" / "a.exr", "does not exist", "Create it")
    assert_refused(tmp_path, "is a folder", "name of a file")
    (tmp_path / "file").touch()
    assert_refused(tmp_path / "file" / "a.exr", "does not exist", "Create it")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_name_too_long(tmp_path: Path) -> None:
    assert_refused(tmp_path / ("a" * 300 + ".exr"), "is too long", "shorter name")
    assert_refused(tmp_path / ("a" * 248 + ".exr"), "is too long", "shorter name")  # only the temporary name is
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_unwritable_folder(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    program = (
        "os.chdir(sys.argv[1])\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try: write_exr(Path('a.exr'), RADIANCE, header=HEADER)\n"
        "except OutputError as error: print(error)"
    )
    said = run(program, folder)
    assert "cannot be written: Permission denied. Choose a folder that you may write to" in said
    assert not list(folder.iterdir())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resource limits as Linux has them")
def test_size_limit_anywhere_leaves_the_old_file(tmp_path: Path) -> None:
    """A limit on file sizes, as a stand-in for every way in which a write can stop half-way: at each place in the file."""
    program = (
        "import resource, signal\n"
        "target = Path(sys.argv[1]); whole = target.stat().st_size; before = target.read_bytes(); refused = 0\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "limits = [0, 1, 7, 8, *range(100, 700, 29), *range(700, whole, 4999), whole - 1]\n"
        "for limit in limits:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try: write_exr(target, RADIANCE, header=HEADER, overwrite=True)\n"
        "    except OutputError as error: refused += 1; said = str(error)\n"
        "    assert target.read_bytes() == before and os.listdir(target.parent) == [target.name], limit\n"
        "assert refused == len(limits), refused\n"
        "print(said)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "target.unlink(); write_exr(target, RADIANCE, header=HEADER); assert target.read_bytes() == before"
    )
    write_exr(tmp_path / "a.exr", RADIANCE, header=HEADER)
    assert "files of this size are not allowed there. Choose a folder on another disk" in run(program, tmp_path / "a.exr")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(small_disk: Path) -> None:
    target = small_disk / "a.exr"
    target.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"the disk is full\. Free some space"):
        write_exr(target, RADIANCE, header=HEADER, overwrite=True)
    assert target.read_bytes() == b"old"
    assert [path.name for path in small_disk.iterdir()] == ["a.exr"]
    write_exr(target, RADIANCE[:8, :8], header=HEADER, overwrite=True)
    assert is_ours(target)


def test_read_only_disk(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert_refused(small_disk / "a.exr", "Read-only file system", "Choose a folder that you may write to")


class FailingFile(io.BytesIO):
    """A disk that is full at the n-th write, and has room again afterwards."""

    def __init__(self, failing: int) -> None:
        super().__init__()
        self.writes = 0
        self._failing = failing

    def write(self, data: bytes) -> int:
        self.writes += 1
        if self.writes == self._failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.mark.parametrize("compression", ["zip", "dwaa"])
def test_no_failed_write_goes_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    """OpenEXR drops the errors of its last writes (the table of chunks): ours must not."""
    target = tmp_path / "a.exr"
    real_open = Path.open
    files: list[FailingFile] = []

    def counting(failing: int) -> None:
        def fake_open(path: Path, mode: str = "r", *arguments: object) -> object:
            if mode != "xb":
                return real_open(path, mode, *arguments)
            files.append(FailingFile(failing))
            files[-1].fileno = lambda: descriptor
            return files[-1]

        monkeypatch.setattr(Path, "open", fake_open)

    with (tmp_path / "any").open("wb") as other:
        descriptor = other.fileno()
        counting(0)
        with pytest.raises(OutputError):  # nothing lies on the disk to be renamed
            write_exr(target, RADIANCE, compression=compression, header=HEADER)
        total = files[0].writes
        assert total > 20
        for failing in range(1, total + 1):
            counting(failing)
            with pytest.raises(OutputError, match="the disk is full"):
                write_exr(target, RADIANCE, compression=compression, header=HEADER)
    assert not target.exists()


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ValueError(), OSError(errno.EIO, "Input/output error")])
def test_any_failure_in_the_block_leaves_nothing(tmp_path: Path, failure: BaseException) -> None:
    target = tmp_path / "a.exr"

    def fail_half_way() -> None:
        with replacing(target, overwrite=False) as file:
            file.write(b"half of it")
            assert [path.name for path in tmp_path.iterdir()] == [temporary_path(target, os.getpid()).name]
            raise failure

    with pytest.raises(OutputError if isinstance(failure, OSError) else type(failure)):
        fail_half_way()
    assert not list(tmp_path.iterdir())


def test_the_temporary_file_is_found_by_name(tmp_path: Path) -> None:
    assert temporary_path(tmp_path / "my.photo.exr", 42) == tmp_path / ".my.photo.exr.42.tmp.exr"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no symbolic links")
def test_a_leftover_or_planted_temporary_file_is_replaced_not_followed(tmp_path: Path) -> None:
    target, victim = tmp_path / "a.exr", tmp_path / "victim"
    victim.write_text("precious")
    temporary_path(target, os.getpid()).symlink_to(victim)
    write_exr(target, RADIANCE, header=HEADER)
    assert victim.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.exr", "victim"]
    assert not target.is_symlink()


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no symbolic links")
def test_a_link_as_target_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("precious")
    (tmp_path / "a.exr").symlink_to(tmp_path / "photo.jpg")
    write_exr(tmp_path / "a.exr", RADIANCE, header=HEADER, overwrite=True)
    assert (tmp_path / "photo.jpg").read_text() == "precious"
    np.testing.assert_allclose(read_exr(tmp_path / "a.exr")[0], RADIANCE, rtol=1e-3)


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.exr"

    def write_while_somebody_else_does() -> None:
        with replacing(target, overwrite=False) as file:
            file.write(b"new")
            target.write_text("somebody else's")

    with pytest.raises(OutputError, match="exists already"):
        write_while_somebody_else_does()
    assert target.read_text() == "somebody else's"
    assert [path.name for path in tmp_path.iterdir()] == ["a.exr"]


def test_relative_paths_and_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.exr", "pläne 日本.exr", "-x [1] %d.exr"):
        write_exr(Path(name), RADIANCE, header=HEADER)
        assert is_ours(tmp_path / name)
