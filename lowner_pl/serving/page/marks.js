// Texts with their entities marked, as lowner_pl/tagging/markup.py writes them.

/** Write a confidence in percent. Only certainty is 100 %. */
export function percent(confidence) {
  const rounded = Math.round(100 * confidence);
  return `${confidence < 1 ? Math.min(rounded, 99) : 100} %`;
}

/**
 * Show a text with its entities marked.
 *
 * @param element Where to show it.
 * @param text The text.
 * @param entities Its entities in their order. Their offsets count code points, but strings of
 *   JavaScript count UTF-16 units.
 */
export function show(element, text, entities) {
  const letters = Array.from(text);
  const part = (start, end) => letters.slice(start, end).join("");
  const nodes = [];
  let at = 0;
  for (const entity of entities) {
    const label = `${entity.type} ${percent(entity.confidence)}`;
    const mark = document.createElement("mark");
    mark.dataset.type = entity.type;
    mark.title = label;
    const inner = document.createElement("bdi");
    inner.textContent = part(entity.start, entity.end);
    const shown = document.createElement("span");
    shown.dir = "ltr";
    shown.textContent = label;
    mark.append(inner, shown);
    nodes.push(part(at, entity.start), mark);
    at = entity.end;
  }
  nodes.push(part(at));
  element.replaceChildren(...nodes);
}
