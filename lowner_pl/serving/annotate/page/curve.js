// The dev F1 of the taggers so far, as a picture.

const SPACE = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM] = [45, 455, 25, 135];

/** Write an F1 between 0 and 1 in percent. */
export function percent(f1) {
  return f1 === null ? "unknown" : (100 * f1).toFixed(1);
}

/** Draw the scores against the number of annotated sentences. */
export function draw(svg, scores) {
  const known = scores.filter((one) => one.f1 !== null);
  svg.toggleAttribute("hidden", known.length < 2);
  if (known.length < 2) return;
  const most = Math.max(...known.map((one) => one.sentences), 1);
  const values = known.map((one) => one.f1);
  const low = Math.max(0, Math.floor(10 * Math.min(...values) - 0.5) / 10);
  const high = Math.min(1, Math.ceil(10 * Math.max(...values) + 0.5) / 10);
  const x = (one) => LEFT + ((RIGHT - LEFT) * one.sentences) / most;
  const y = (f1) => BOTTOM - ((BOTTOM - TOP) * (f1 - low)) / (high - low);
  const parts = [];
  for (const value of [low, high]) {
    parts.push(make("line", { class: "axis", x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }));
    parts.push(make("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, String(Math.round(100 * value))));
  }
  const used = known.filter((one) => one.used);
  const points = used.map((one) => `${x(one)},${y(one.f1)}`).join(" ");
  parts.push(make("polyline", { class: "line", points }));
  for (const one of known) {
    const at = { cx: x(one), cy: y(one.f1), r: 4, class: one.used ? "" : "unused" };
    parts.push(make("circle", at));
    const label = { class: "value", x: x(one), y: y(one.f1) + (one.used ? -9 : 18), "text-anchor": "middle" };
    parts.push(make("text", label, percent(one.f1)));
    parts.push(make("text", { x: x(one), y: BOTTOM + 17, "text-anchor": "middle" }, String(one.sentences)));
  }
  const middle = { x: (LEFT + RIGHT) / 2, y: BOTTOM + 33, "text-anchor": "middle" };
  parts.push(make("text", middle, "annotated sentences"));
  parts.push(make("text", { x: 4, y: 12 }, "dev F1"));
  svg.replaceChildren(...parts);
  const said = known.map((one) => `${percent(one.f1)} with ${one.sentences}`).join(", ");
  svg.setAttribute("aria-label", `Dev F1 by annotated sentences: ${said}`);
}

function make(name, attributes, text) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
