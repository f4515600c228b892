"""How pages look: system fonts, one light scheme on screen and paper, and colours that all can read."""

from __future__ import annotations

# Name → colour. tests/test_pages.py holds their contrast against WCAG 2.2, AA.
COLOURS = {
    "ink": "#1c2530",
    "soft": "#51606f",
    "paper": "#ffffff",
    "page": "#f5f7f9",
    "line": "#cfd7df",
    "edge": "#7b8a99",  # of boxes and controls: 3:1 at least
    "link": "#0b57a4",
    "focus": "#b3470a",
    "stamp": "#a1121f",
    "stamp-paper": "#fdf0f0",
    "bar": "#dce9f5",
    "band": "#fbf0cf",
    "aim": "#fff6d6",  # what a link led to
}
# Foreground and background as they meet on a page, and the least contrast.
MEETINGS = (
    *((ink, paper, 4.5) for ink in ("ink", "soft", "link", "stamp") for paper in ("paper", "page")),
    ("stamp", "stamp-paper", 4.5),
    ("ink", "bar", 4.5),
    ("ink", "band", 4.5),
    *((ink, "aim", 4.5) for ink in ("ink", "soft", "link")),
    *((edge, paper, 3.0) for edge in ("edge", "focus") for paper in ("paper", "page")),
)

_RULES = """
*, *::before, *::after { box-sizing: border-box; }
html { color-scheme: light; scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif; }
a { color: var(--link); text-underline-offset: .15em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -999rem; top: 0; z-index: 2; background: var(--paper); padding: .6rem 1rem; }
.skip:focus { left: .5rem; top: .5rem; }
header, main, footer, nav.contents { max-width: 74rem; margin-inline: auto; padding-inline: clamp(1rem, 3vw, 2.5rem); }
header { padding-top: 2.2rem; }
footer { padding-block: 1.5rem 3rem; color: var(--soft); font-size: .875rem; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.45rem, 1.1rem + 1.6vw, 2.1rem); margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; margin: 0 0 .8rem; }
h3 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
h4, h5, h6 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p, ul, ol, dl { margin: 0 0 .8rem; }
p, li, dd, td, th { overflow-wrap: anywhere; }
.lead { color: var(--soft); max-width: 48rem; }
.note, .why { color: var(--soft); font-size: .9rem; }
.stamp { color: var(--stamp); background: var(--stamp-paper); border-inline-start: 4px solid var(--stamp);
  padding: .5rem .8rem; font-weight: 600; border-radius: 0 4px 4px 0; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
code { color: var(--soft); }
pre { background: var(--page); border: 1px solid var(--line); border-radius: 4px; padding: .7rem .9rem;
  white-space: pre-wrap; }
nav.contents { margin-block: 1rem; }
nav.contents ol { columns: 17rem; column-gap: 2rem; list-style: none; padding: 0; margin: 0; }
nav.contents li { break-inside: avoid; padding-block: .12rem; }
nav.contents ol ol { columns: auto; padding-inline-start: 1rem; font-size: .93em; }
nav.contents h2 { font-size: .95rem; margin-bottom: .4rem; color: var(--soft); font-weight: 600; }
main > section { background: var(--paper); border: 1px solid var(--line); border-radius: 8px;
  padding: clamp(1rem, 2.4vw, 2rem); margin-block: 1.2rem; }
main > section:target, .inside:target, li:target { background: var(--aim); }
dl { display: grid; grid-template-columns: minmax(8rem, 16rem) 1fr; gap: .3rem 1.2rem; }
dt { font-weight: 600; } dd { margin: 0; }
.wide { overflow-x: auto; margin-block: .4rem 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: start; font-weight: 600; padding-block: .3rem; }
th, td { text-align: start; vertical-align: top; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line);
  min-width: 4rem; }
thead th { border-bottom: 2px solid var(--edge); } tbody th { font-weight: 500; }
tr.heading th { background: var(--bar); font-weight: 600; padding-inline-start: .4rem; }
tr.total td { font-weight: 600; border-top: 1px solid var(--edge); }
th.n, td.n { text-align: end; font-variant-numeric: tabular-nums; }
details { border-top: 1px solid var(--line); }
details:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: .55rem .2rem; font-weight: 500; }
summary:hover { background: var(--page); }
summary .n { font-variant-numeric: tabular-nums; color: var(--soft); font-weight: 400; white-space: nowrap; }
.inside { padding: .2rem .3rem .8rem 1.2rem; border-radius: 4px; }
.inside:focus { outline: none; }
.inside:focus-visible { outline: 3px solid var(--focus); }
ol.rows { padding-inline-start: 3.6em; margin: 0; content-visibility: auto; contain-intrinsic-size: auto 12000px; }
ol.rows > li { padding-block: .25rem; font-size: .93rem; }
ol.rows ul { margin: .1rem 0 0; padding-inline-start: 1.2rem; }
p.refs { content-visibility: auto; contain-intrinsic-size: auto 600px; font-size: .86rem; line-height: 1.9; }
bdi.cited { unicode-bidi: isolate; }
img, svg { max-width: 100%; height: auto; }
.choice { display: flex; gap: .5rem; align-items: baseline; font-size: .9rem; color: var(--soft); }
.choice input { accent-color: var(--link); }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  .inside { padding-inline-start: .3rem; } ol.rows { padding-inline-start: 2.4em; }
}
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  @page lengthwise { size: A4 landscape; margin: 12mm 14mm; }
  html, body { background: var(--paper); font-size: 10pt; }
  .skip, .choice, .back, .picture { display: none; }
  header, main, footer, nav.contents { max-width: none; padding-inline: 0; }
  header { padding-top: 0; } footer { padding-block: 2mm 0; }
  main > section { border: 0; border-radius: 0; padding: 0; margin-block: 0 8mm; }
  main > section:last-child { margin-bottom: 0; }
  main > section.new-page { break-before: page; }
  h1, h2, h3, h4, summary, caption, dt { break-after: avoid; }
  li, tr, .box, .stamp { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
  summary { list-style: none; padding-block: .2rem; }
  ol.rows, p.refs { content-visibility: visible; }
  ol.rows { line-height: 1.35; padding-inline-start: 3em; } ol.rows > li { font-size: 8.5pt; padding-block: .12rem; }
  .inside { padding-block: 0 .4rem; } details { border-top: 1px solid var(--line); }
  main > section:target, .inside:target, li:target { background: none; }
  a { color: inherit; }
  :root:has(#print-lists:checked) details::details-content {
    content-visibility: visible; height: auto; display: block; }
}
"""


_FLOW = """
figure { margin: 0; } figcaption { font-size: .9rem; color: var(--soft); margin-top: .8rem; }
.notes { font-size: .9rem; color: var(--soft); padding-inline-start: 1.2rem; }
.lists h3:first-child { margin-top: 0; }
.back { font-size: .85rem; float: inline-end; margin-inline-start: 1rem; }

.flow { display: grid; gap: 1.7rem 1.7rem; font-size: .9rem; line-height: 1.4; margin: 0 0 1rem; }
.flow .column, .flow .ends { display: contents; }
.flow h3 { margin: 0; padding: .5rem .8rem; background: var(--band); border: 1.5px solid var(--edge);
  border-radius: 6px; font-size: .95rem; text-align: center; align-self: stretch; }
.flow .bar { background: var(--bar); border-radius: 6px; writing-mode: vertical-rl; transform: rotate(180deg);
  text-align: center; font-weight: 600; font-size: .88rem; padding: .5rem .35rem; margin: 0; }
.box { position: relative; background: var(--paper); border: 1.5px solid var(--edge); border-radius: 6px;
  padding: .55rem .8rem; min-width: 0; display: flex; flex-direction: column; justify-content: center; }
.box p { margin: 0; } .box p + p { margin-top: .2rem; }
.box .part { padding-inline-start: 1.1rem; }
.box .box-head { font-weight: 500; }
.box a, .box .closed { white-space: nowrap; font-variant-numeric: tabular-nums; }
.box a { text-decoration-thickness: 1px; padding-block: .1rem; }
.down::after, .right::before, .through::before { content: ""; }
.down::after, .right::after, .right::before, .through::before { position: absolute; background: var(--edge); }
.plain::after { clip-path: polygon(43% 0, 57% 0, 57% 100%, 43% 100%) !important;
  box-sizing: content-box; padding-bottom: 3px; }
.down::after, .right::after { left: calc(50% - 7px); top: calc(100% + 1.5px); width: 14px; height: calc(1.7rem - 3px);
  clip-path: polygon(43% 0, 57% 0, 57% calc(100% - 9px), 100% calc(100% - 9px), 50% 100%, 0 calc(100% - 9px),
  43% calc(100% - 9px)); }
.right::before { right: calc(100% + 1.5px); top: calc(50% - 7px); height: 14px; width: calc(1.7rem - 3px);
  clip-path: polygon(0 43%, calc(100% - 9px) 43%, calc(100% - 9px) 0, 100% 50%, calc(100% - 9px) 100%,
  calc(100% - 9px) 57%, 0 57%); }
.through { position: relative; }
.through::before { left: calc(50% - 1px); top: 0; width: 2px; height: calc(100% + 1.7rem - 11px); }
.through.down::after { top: 100%; height: 1.7rem; }
.through.goes-on::before { height: calc(100% + 1.7rem); }
@media screen and (max-width: 62rem) { .flow:not(.one) { font-size: .8rem; gap: 1.7rem 1.2rem; }
  .flow:not(.one) .right::before { width: calc(1.2rem - 3px); } .flow:not(.one) .box { padding: .45rem .55rem; } }
@media screen and (max-width: 47rem) {
  .flow, .flow:not(.one) { display: block; font-size: .95rem; }
  .flow .column, .flow .ends { display: block; }
  .flow .bar, .through { display: none; }
  .flow h3 { margin-block: 1.6rem .8rem; } .flow .column:first-of-type h3 { margin-top: 0; }
  .flow .box { margin-bottom: 1.7rem; padding: .55rem .8rem; }
  .flow .box.right { margin: -.9rem 0 1.7rem 2.2rem; }
  .flow .right::before, .flow:not(.one) .right::before { right: 100%; width: calc(1.25rem - 3px); }
  .flow .down::after { left: .5rem; }
  .flow .down:has(+ .right)::after { clip-path: none; width: 2px; left: calc(.5rem + 6px); height: .8rem; }
  .flow .right::after { content: ""; left: calc(-1.7rem - 1.5px); top: -1px; width: 14px;
    height: calc(100% + 1.7rem - 1px); }
  .flow .column .box:last-child::after { content: none; }
  .flow .box:last-child { margin-bottom: 1rem; }
}
@media print {
  .flow, .flow:not(.one) { font-size: 8.4pt; gap: 5mm 5mm; break-inside: avoid; }
  .flow.three, .flow.two.dense { page: lengthwise; }
  .flow.three { font-size: 7.6pt; gap: 4mm 5mm; }
  .flow.dense { font-size: 6.4pt; line-height: 1.25; gap: 4mm 5mm; }
  .flow.three h3, .flow.dense h3, .flow.three .bar, .flow.dense .bar { font-size: 1em; padding: 1mm; }
  .flow .box { padding: 1.2mm 1.8mm; } .flow .box p + p { margin-top: .3mm; }
  .flow .bar, .flow h3, .down::after, .right::before, .through::before { print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  .down::after { height: calc(5mm - 3px); } .right::before { width: calc(5mm - 3px); }
  .through::before { height: calc(100% + 5mm - 11px); } .through.down::after { height: 5mm; }
  .through.goes-on::before { height: calc(100% + 5mm); }
  .flow:is(.three, .dense) .down::after { height: calc(4mm - 3px); }
  .flow:is(.three, .dense) .through::before { height: calc(100% + 4mm - 11px); }
  .flow:is(.three, .dense) .through.down::after { height: 4mm; }
  .flow:is(.three, .dense) .through.goes-on::before { height: calc(100% + 4mm); }
  .box a { text-decoration: none; }
}
"""


def style(more: str = "") -> str:
    """The style sheet, with the rules of a kind of page after those of all."""
    named = " ".join(f"--{name}: {colour};" for name, colour in COLOURS.items())
    return f":root {{ {named} }}{_RULES}{_FLOW}{more}"
