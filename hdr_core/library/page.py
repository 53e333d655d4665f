"""The report as one HTML page: no server, no other files, nothing from the network."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from string import Template
from typing import Any

from .outcomes import Outcomes
from .pace import in_words
from .page_style import HEAD, SCRIPT
from .places import Places

MOST_PICTURES = 500
"""Photos on the page; report.json has all."""

_WORDS = {"equirectangular": "panorama", "flat": "picture", "tileable": "tileable texture"}
_CARD = Template("""<article class="photo" data-name="$search">
<img loading="lazy" alt="The photo, the photo 4 EV darker, the result 4 EV darker" src="$picture">
<h3>$name</h3><p class="tags">$tags</p>
<dl><dt>Dynamic range</dt><dd>$before to <b>$after</b> stops</dd><dt>Peak</dt><dd>$peak &times; white</dd>
<dt>Light restored</dt><dd>$restored</dd><dt>Files</dt><dd>$files</dd></dl>$notes</article>
""")


def draw_page(facts: Mapping[str, Any], outcomes: Outcomes, places: Places) -> Iterator[str]:
    """The page, part by part, so that it never lies in memory as a whole. `facts` are those of `report.py`."""
    failed, done = facts["statistics"]["failed"], facts["statistics"]["done"]
    title = escape(places.target.name or str(places.target))
    yield HEAD.substitute(title=title)
    yield f"<header><h1>{title}</h1><p>{_verdict(facts)}</p>"
    yield f'<p class="paths">{escape(facts["source"])} &rarr; {escape(facts["target"])}</p></header><main>'
    yield _cards(facts["statistics"])
    if failed:
        yield f'<section id="failures"><h2>{failed:,} could not be converted</h2><table>'
        yield "<tr><th>Photo<th>Why<th>What to do</tr>"
        for photo in outcomes.failed():
            yield _row(photo["source"], photo["problem"], photo["next_step"])
        yield "</table></section>"
    yield from _gallery(done, outcomes, places)
    yield _runs(facts["runs"])
    if facts["left_out"]:
        yield f"<section><details><summary>{len(facts['left_out'])} pictures left out</summary><table>"
        yield from (_row(item["source"], item["why"]) for item in facts["left_out"][: 4 * MOST_PICTURES])
        yield "</table></details></section>"
    yield _settings(facts)
    yield f"</main>{SCRIPT}"


def _verdict(facts: Mapping[str, Any]) -> str:
    numbers = facts["statistics"]
    said = f"{numbers['done']:,} of {numbers['photos']:,} photos converted"
    if numbers["failed"]:
        said += f', <a class="bad" href="#failures">{numbers["failed"]:,} failed</a>'
    if numbers["open"]:
        said += f", {numbers['open']:,} not yet (the last run was {escape(facts['reason'])}; start it again to go on)"
    return f"{said}. LDR to HDRI {escape(facts['software'])}, {escape(facts['written'][:16].replace('T', ' '))} UTC."


def _cards(numbers: Mapping[str, Any]) -> str:
    kinds = ", ".join(
        f"{count:,} {_WORDS.get(kind, kind)}{'s' * (count != 1)}" for kind, count in numbers["projections"].items()
    )
    tags = ", ".join(f"{count:,} {escape(tag)}" for tag, count in sorted(numbers["tags"].items()))
    cards = [("Converted", f"{numbers['done']:,}", kinds or "nothing yet")]
    if numbers["done"]:
        seconds = numbers["seconds"]
        cards += [
            (
                "Dynamic range",
                f"{numbers['range_after']:.1f} stops",
                f"on the mean; the photos had {numbers['range_before']:.1f}",
            ),
            ("Light restored", f"{numbers['restored_share']:.0%}", "of all, on the mean"),
            (
                "Written",
                _size(numbers["bytes_written"]),
                f"{numbers['files']:,} files, from {_size(numbers['bytes_read'])} of photos",
            ),
            ("Work", in_words(seconds), f"{numbers['megapixels']:,.0f} megapixels on {escape(', '.join(numbers['devices']))}"),
        ]
        cards += [("The light", tags.split(", ")[0], ", ".join(tags.split(", ")[1:]))] if tags else []
    cards += [("Failed", f"{numbers['failed']:,}", "see below")] if numbers["failed"] else []
    return (
        '<section class="cards">'
        + "".join(f"<div><h4>{name}</h4><strong>{value}</strong><span>{more}</span></div>" for name, value, more in cards)
        + "</section>"
    )


def _gallery(done: int, outcomes: Outcomes, places: Places) -> Iterator[str]:
    if not done:
        return
    more = f" (the first {MOST_PICTURES} of {done:,}; report.json has all)" if done > MOST_PICTURES else ""
    yield f'<section><h2>Photos{more}</h2><p class="legend">Each strip: the photo, the photo 4 EV darker, the result 4 EV '
    yield "darker. Where the photo clipped, the darker photo is grey paper, and the result shows light.</p>"
    yield '<input id="filter" type="search" placeholder="Filter by name or tag" aria-label="Filter"><div class="photos">'
    for photo in outcomes.done(MOST_PICTURES):
        yield _photo(photo, places)
    yield "</div></section>"


def _photo(photo: Mapping[str, Any], places: Places) -> str:
    product, name = photo["product"], photo["source"]
    made = product["conversion"]
    try:
        picture = base64.b64encode(places.thumbnail(name).read_bytes()).decode("ascii")
    except OSError:  # removed by hand
        picture = ""
    tags = [_WORDS[made["projection"]], *product["tags"]]
    restored = f"{made['restored_share']:.0%} ({100 * made['restored_low']:.0f} to {made['restored_high']:.0%})"
    notes = [f"Not made: {note}." for note in product["left_out"]]
    return _CARD.substitute(
        search=escape(f"{name} {' '.join(tags)}".lower(), quote=True),
        picture=f"data:image/jpeg;base64,{picture}" if picture else "data:,",
        name=escape(name),
        tags="".join(f"<span>{escape(tag)}</span>" for tag in tags),
        before=f"{made['range_before']:.1f}",
        after=f"{made['range_after']:.1f}",
        peak=f"{made['peak']:,.0f}" if made["peak"] >= 100 else f"{made['peak']:.3g}",
        restored=restored if made["restored_high"] > 0 else "none had to be",
        files=", ".join(f"{escape(file['path'].rpartition('/')[2])} ({_size(file['bytes'])})" for file in product["files"]),
        notes=f'<p class="notes">{escape(" ".join(notes))}</p>' if notes else "",
    )


def _runs(runs: list[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(str(run['began'])[:19].replace('T', ' '))}<td>{escape(run['reason'])}"
        f"<td>{run['done']:,}<td>{run['failed']:,}<td>{in_words(run['seconds'])}</tr>"
        for run in runs[-50:]
    )
    head = "<tr><th>Began (UTC)<th>Ended as<th>Converted<th>Failed<th>Work</tr>"
    return f"<section><details><summary>{len(runs)} runs</summary><table>{head}{rows}</table></details></section>"


def _settings(facts: Mapping[str, Any]) -> str:
    settings = {**facts["settings"].pop("convert"), **facts["settings"]}
    rows = "".join(_row(name.replace("_", " "), _plain(value)) for name, value in settings.items())
    return f"<section><details open><summary>Settings</summary><table>{rows}</table></details></section>"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{v['pattern']} = {v['projection']}" if isinstance(v, dict) else str(v) for v in value) or "none"
    return str(value)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
