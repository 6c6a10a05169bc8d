"""Style and script of the page of errors, beside those of every page."""

from lowner_pl.runs.page.looks import SENTENCES

STYLE = (
    SENTENCES
    + """
dl { max-width: 60rem; } dt { font-weight: 600; } dd { margin: 0 0 0.5rem; }
.pair { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: 0.25rem 0.5rem;
  margin-top: 0.35rem; align-items: baseline; }
.who { color: var(--faint); line-height: 1.9; }
mark.wrong { background: var(--wrong); text-decoration: underline 2px var(--edge);
  text-underline-offset: 0.25em; }
mark.wrong bdi { display: inline-block; }
.filter:not(:has(a:not([hidden]))) { display: none; }
@media (max-width: 36rem) { body { padding: 1rem; } .pair { grid-template-columns: 1fr; gap: 0; }
  .who { font-size: 0.85rem; } }
"""
)

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
