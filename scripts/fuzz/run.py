"""Fuzzes our own decoders and the messages between Blender and the worker, led by coverage: make fuzz

    python scripts/fuzz/run.py [TARGET ...] [--seconds 300] [--corpus build/fuzz]
    python scripts/fuzz/run.py TARGET --input FILE

Each target of targets.py gets its time, in a process of its own. An input that takes over 10 s, more than 2 GiB, or raises what
it should not, ends it, and is kept in CORPUS/TARGET.fault-*; the exit code then is 1. What was interesting is built upon.
Prints a line a target: inputs tried, and what was found. Needs atheris, which there is for Linux.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MEMORY = 2048  # MiB


def fuzz(target: str, arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["hdr_core"]):
        targets = _targets()
    atheris.Setup([sys.argv[0], *arguments], targets[target])
    atheris.Fuzz()


def sow(target: str, corpus: Path) -> None:
    sys.path.insert(0, str(HERE))
    from seeds import seeds

    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):
        (corpus / f"seed_{number}").write_bytes(data)


def run(target: str, corpus: Path, limit: list[str]) -> bool:
    """Fuzz it in another process; whether nothing was found."""
    sow(target, corpus / target)
    limit = [*limit, "-reduce_inputs=0"] if target == "heif" else limit  # its process is not watched: shorter says nothing
    options = [*limit, f"-rss_limit_mb={MEMORY}", "-max_len=65536", "-print_final_stats=1"]
    command = [sys.executable, __file__, target, "--inside", *options, f"-artifact_prefix={corpus}/{target}.fault-"]
    ended = subprocess.run([*command, str(corpus / target)], check=False, capture_output=True, text=True, errors="replace")
    said = ended.stdout + ended.stderr
    fault = re.search(r"Test unit written to (\S+)", said)
    tried = re.search(r"number_of_executed_units:\s*(\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    found = "no fault" if ended.returncode == 0 else f"A FAULT: {fault[1] if fault else said[-3000:]}"
    print(f"{target}: {tried[1] if tried else '?'} inputs, {covered[-1] if covered else '?'} edges, {found}", flush=True)
    if fault:
        subprocess.run([sys.executable, __file__, target, "--input", fault[1]], check=False)
    return ended.returncode == 0


def _targets() -> dict[str, Callable[[bytes], None]]:
    sys.path.insert(0, str(HERE))
    from targets import TARGETS

    return TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--runs", type=int, default=0, help="that many inputs, instead of a time")
    parser.add_argument("--timeout", type=int, default=10, help="seconds of the clock that an input may take")
    parser.add_argument("--corpus", type=Path, default=ROOT / "build" / "fuzz")
    parser.add_argument("--input", type=Path, help="give TARGET this file, and nothing else")
    options = parser.parse_args()
    if options.input:
        _targets()[options.targets[0]](options.input.read_bytes())
        return 0
    limit = [f"-runs={options.runs}" if options.runs else f"-max_total_time={options.seconds}", f"-timeout={options.timeout}"]
    sound = [run(target, options.corpus.resolve(), limit) for target in options.targets or _targets()]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    if "--inside" in sys.argv:
        fuzz(sys.argv[1], sys.argv[3:])
    sys.exit(main())
