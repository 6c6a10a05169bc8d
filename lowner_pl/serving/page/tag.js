// The page where a person types text and sees its entities.

import { percent, show } from "./marks.js";
import { ask, copy } from "./server.js";

const [form, text, status, found, threshold, shown, copying, result] = [
  "form", "text", "status", "found", "threshold", "percent", "copy", "result",
].map((id) => document.getElementById(id));
let answer = null;
let running = null;

function say(message, isProblem = false) {
  status.textContent = message;
  status.className = isProblem ? "problem" : "note";
}

function kept() {
  return answer.entities.filter((one) => 100 * one.confidence >= threshold.valueAsNumber);
}

function render() {
  shown.textContent = percent(threshold.valueAsNumber / 100);
  if (answer === null) return;
  const entities = kept();
  show(result, answer.text, entities);
  const all = answer.entities.length;
  const noun = all === 1 ? "entity" : "entities";
  say(entities.length === all ? `${all} ${noun}` : `${entities.length} of ${all} ${noun}`);
}

async function tag() {
  if (text.value.trim() === "") {
    say("There is no text to tag.", true);
    text.focus();
    return;
  }
  running?.abort();
  const own = (running = new AbortController());
  say("Tagging …");
  try {
    // A lone half of a surrogate pair is no character, and the server refuses it.
    const sent = text.value.replace(/\p{Surrogate}/gu, "\ufffd");
    const received = await ask("tag", { text: sent }, own.signal);
    answer = received;
    found.hidden = false;
    render();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
  } finally {
    if (running === own) running = null;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tag();
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  tag();
});
threshold.addEventListener("input", render);
copying.addEventListener("click", async () => {
  try {
    await copy(JSON.stringify({ ...answer, entities: kept() }, null, 2));
    say("Copied.");
  } catch (error) {
    say(`Nothing was copied. ${error.message}`, true);
  }
});
