"""Style and script of pages."""

STYLE = """
:root { color-scheme: light dark; --text: #1a1a1a; --faint: #595959; --line: #d0d0d0;
  --back: #ffffff; --mark: #eef4fa; --link: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --faint: #a8a8a8; --line: #444444;
  --back: #181a1b; --mark: #22303c; --link: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 75rem; background: var(--back);
  color: var(--text); font: 1rem/1.5 system-ui, "Noto Sans", sans-serif; }
h1 { font-size: 1.1rem; color: var(--faint); margin: 0; font-weight: 600; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; }
.answer { font-size: 1.35rem; line-height: 1.35; margin: 0.5rem 0; font-weight: 600; }
.note { color: var(--faint); margin: 0.5rem 0; max-width: 60rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tfoot td { border-bottom: none; font-weight: 600; }
tbody tr:last-child td { border-bottom: 2px solid var(--faint); }
tbody tr:hover { background: var(--mark); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--link); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
summary h2 { display: inline-block; cursor: pointer; }
img { max-width: 100%; height: auto; background: #ffffff; border-radius: 4px; display: block;
  padding: 0.5rem;
  margin: 1rem 0; }
@media print { body { max-width: none; } img { break-inside: avoid; } }
"""

SENTENCES = """
:root { --right: #e3edf6; --wrong: #fbe0bd; --edge: #b35900; }
@media (prefers-color-scheme: dark) { :root { --right: #24384a; --wrong: #553710;
  --edge: #ffb454; } }
html { scroll-padding-top: 1rem; }
th { white-space: normal; vertical-align: bottom; min-width: 4.5rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 0.25rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
.sentences { padding-inline-start: 0; list-style-position: inside; }
ul.sentences { list-style: none; }
.sentences li { border-top: 1px solid var(--line); padding: 0.6rem 0; }
.sentences li[hidden] { display: none; }
.about { display: inline; margin: 0; color: var(--faint); }
.about bdi:first-child { color: var(--text); font-weight: 600; }
.text { line-height: 1.9; overflow-wrap: anywhere; }
.text > bdi { color: var(--faint); }
mark { color: inherit; background: var(--right); border-radius: 3px; padding: 0.1em 0.3em; }
mark bdi { font-size: 0.75em; font-weight: 600; }
mark.chosen { outline: 2px solid var(--edge); }
@media print { .sentences li { break-inside: avoid; } }
"""
"""Style of lists of sentences with their entities marked, for pages that have them."""

SCRIPT = """
function value(row, column) {
  const text = row.cells[column].textContent.replace(/\\u2212/g, "-").replace(/[,<]/g, "");
  const number = parseFloat(text);
  return Number.isNaN(number) ? text : number;
}
function order(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b);
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, body = head.closest("table").tBodies[0];
    const down = head.getAttribute("aria-sort") !== "descending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((a, b) =>
      order(value(a, head.cellIndex), value(b, head.cellIndex)) * (down ? -1 : 1));
    body.append(...rows);
  });
}
"""
