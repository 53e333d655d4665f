"""Patterns of paths, as people know them from .gitignore and from shells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path below the source, its parts joined by "/", matches one of the patterns. Upper and lower case are alike.

    "*" and "?" stay within a name, "**" goes through folders, "[a-f]" is one of these characters. A pattern without a slash
    is tried on the name alone; one that ends in a slash is all that lies in such a folder.
    """
    name = path.rpartition("/")[2]
    return any(_compiled(pattern).fullmatch(path if "/" in pattern else name) for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern.endswith("/"):
        pattern = f"{'' if pattern.startswith('/') else '**/'}{pattern}**"
    pattern = pattern.lstrip("/")
    out, at = [], 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]")
            at = end + 1
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at])))
            at += 1
    return re.compile("".join(out), re.IGNORECASE | re.DOTALL)
