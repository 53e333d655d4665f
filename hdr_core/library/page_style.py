"""How the report looks, and its one script: a filter."""

from __future__ import annotations

from string import Template

HEAD = Template("""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>$title - LDR to HDRI</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark; --ground: #f4f4f2; --paper: #fff; --ink: #1d1d1f; --soft: #6b6b70; --line: #e2e2e0;
 --sun: #c96a00; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ground: #19191b; --paper: #242427; --ink: #ececee; --soft: #9c9ca3;
 --line: #38383d; --sun: #ffb454; --bad: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif }
header { padding: 2.2rem 2rem 1.2rem; background: var(--paper); border-bottom: 3px solid var(--sun) }
header p, .legend { margin: .2rem 0; color: var(--soft) }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.02em }
h2 { font-size: 1.2rem; margin: .4rem 0 }
.paths { font: 12px ui-monospace, Consolas, monospace; overflow-wrap: anywhere }
main { max-width: 1500px; margin: 0 auto; padding: 1rem 2rem 4rem }
section { margin: 1.6rem 0 }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: .9rem }
.cards div, .photo, table, #filter { background: var(--paper); border: 1px solid var(--line); border-radius: 10px }
.cards div { padding: .8rem 1rem }
.cards h4 { margin: 0; font-size: .75rem; text-transform: uppercase; letter-spacing: .07em; color: var(--soft) }
.cards strong { display: block; font-size: 1.55rem; line-height: 1.3 }
.cards span { color: var(--soft); font-size: .85rem }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(430px, 1fr)); gap: 1rem; margin-top: .9rem }
.photo { overflow: hidden; padding-bottom: .8rem }
.photo img { display: block; width: 100%; background: var(--line) }
.photo h3, .photo p, .photo dl { margin: .5rem 1rem 0 }
.photo h3 { font-size: .95rem; overflow-wrap: anywhere }
.tags span { display: inline-block; padding: 0 .55em; margin-right: .35em; border: 1px solid var(--line); border-radius: 1em;
 font-size: .75rem; color: var(--soft) }
.notes { font-size: .8rem; color: var(--sun) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .9rem; font-size: .82rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .88rem }
th, td { text-align: left; padding: .45rem .9rem; vertical-align: top; overflow-wrap: anywhere }
tr + tr td { border-top: 1px solid var(--line) }
th { color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--line) }
#failures h2, .bad { color: var(--bad) }
summary { cursor: pointer; font-weight: 600; margin: .4rem 0 }
#filter { font: inherit; color: inherit; padding: .45rem .8rem; width: min(26rem, 100%) }
[hidden] { display: none }
</style></head><body>
""")

SCRIPT = """<script>
const filter = document.getElementById("filter");
if (filter) filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\\s+/);
  for (const photo of document.querySelectorAll(".photo"))
    photo.hidden = !words.every(word => photo.dataset.name.includes(word));
});
</script></body></html>
"""
