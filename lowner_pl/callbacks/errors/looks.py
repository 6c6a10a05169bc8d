"""Style and script of the page of errors, beside those of every page."""

STYLE = """
:root { --right: #e3edf6; --wrong: #fbe0bd; --edge: #b35900; }
@media (prefers-color-scheme: dark) { :root { --right: #24384a; --wrong: #553710;
  --edge: #ffb454; } }
html { scroll-padding-top: 1rem; }
th { white-space: normal; vertical-align: bottom; min-width: 4.5rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 0.25rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
dl { max-width: 60rem; } dt { font-weight: 600; } dd { margin: 0 0 0.5rem; }
.sentences { padding-inline-start: 0; list-style-position: inside; }
ul.sentences { list-style: none; }
.sentences li { border-top: 1px solid var(--line); padding: 0.6rem 0; }
.sentences li[hidden] { display: none; }
.about { display: inline; margin: 0; color: var(--faint); }
.about bdi:first-child { color: var(--text); font-weight: 600; }
.pair { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: 0.25rem 0.5rem;
  margin-top: 0.35rem; align-items: baseline; }
.who { color: var(--faint); line-height: 1.9; }
.text { line-height: 1.9; overflow-wrap: anywhere; }
.text > bdi { color: var(--faint); }
mark { color: inherit; background: var(--right); border-radius: 3px; padding: 0.1em 0.3em; }
mark bdi { font-size: 0.75em; font-weight: 600; }
mark.wrong { background: var(--wrong); text-decoration: underline 2px var(--edge);
  text-underline-offset: 0.25em; }
mark.wrong bdi { display: inline-block; }
mark.chosen { outline: 2px solid var(--edge); }
.filter:not(:has(a:not([hidden]))) { display: none; }
@media (max-width: 36rem) { body { padding: 1rem; } .pair { grid-template-columns: 1fr; gap: 0; }
  .who { font-size: 0.85rem; } }
@media print { .sentences li { break-inside: avoid; } }
"""

SCRIPT = """
function filter() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const found = /^#(\\w+)-(\\w+)-(\\d+)$/.exec(location.hash);
  for (const section of document.querySelectorAll("section.kind")) {
    const here = place && found && found[1] === section.id;
    for (const item of section.querySelectorAll("li")) {
      item.hidden = here && item.dataset[found[2]] !== found[3];
    }
    section.querySelector(".filter span").textContent = here ? place.dataset.label : "";
    section.querySelector(".filter a").hidden = !here;
  }
  if (place && found) place.closest("section").scrollIntoView();
}
addEventListener("hashchange", filter);
filter();
"""
