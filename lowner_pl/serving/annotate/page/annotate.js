// The page on which a person annotates. The server holds the state; this page shows it.

import { draw, percent as points } from "./curve.js";
import { Editing } from "./editing.js";
import { percent } from "./marks.js";
import { ask } from "./server.js";

const LETTERS = "123456789abcdefghijklmnopqtvwxyz"; // without r, s and u
const DRAFT = "lowner_pl annotate";
const EVERY = 2000; // milliseconds between two questions for the state
const element = (id) => document.getElementById(id);
const sentence = element("sentence");
let state = null;
let editing = null;
let busy = false;
let dragging = false;
let refused = ""; // why the last action was refused

/** Show the state; the sentence only if it is another one. */
function show(found) {
  const changed =
    state === null || found.version !== state.version || found.current?.id !== state.current?.id;
  if (state !== null && found.version < state.version) return;
  state = found;
  if (changed) begin();
  summarise();
}

/** Begin with the current sentence, from a draft if there is one. */
function begin() {
  editing = state.current ? new Editing(state.current) : null;
  const draft = saved();
  if (editing && draft?.id === state.current.id && draft.version === state.version)
    editing.entities = draft.entities;
  element("work").hidden = editing === null;
  element("end").hidden = editing !== null;
  if (editing === null) return;
  const why = state.current.reopened ? "Your decision before; change it or accept it again" : state.current.reason;
  element("reason").textContent = why && `${why[0].toUpperCase()}${why.slice(1)}.`;
  listTypes();
  render();
  sentence.focus({ preventScroll: true });
}

/** Show counts, problems and the tagger's progress. */
function summarise() {
  element("accepted").textContent = state.accepted;
  const counts = [`${state.corrected} corrected`, `${state.skipped} skipped`, `${state.left} left`];
  element("more").textContent = counts.join(" · ");
  element("problem").textContent = [refused, ...state.problems].filter(Boolean).join("\n");
  element("file").textContent = state.file;
  element("undo").disabled = element("undo_end").disabled = !state.can_undo;
  element("ended").textContent = state.state === "wait" ? "Choosing sentences …" : ended();
  element("progress").hidden = state.every === 0;
  if (state.every === 0) return;
  element("training").textContent = training();
  draw(element("curve"), state.scores);
}

function ended() {
  if (state.near_duplicates)
    return `Nothing new is left: the last ${state.left} sentences are near duplicates of others.`;
  return "No text is left: every sentence is annotated or skipped. Start again with more text.";
}

function training() {
  const last = state.scores.at(-1);
  const when =
    state.training === null
      ? `A new tagger is trained after every ${state.every} annotated sentences.`
      : `Training with ${state.training} annotated sentences …`;
  if (state.scores.length < 2) return `Dev F1 ${points(last.f1)}. ${when}`;
  const used = last.used ? "It makes the guesses now." : "It is no better, so the one before still makes the guesses.";
  return `The tagger trained with ${last.sentences} annotated sentences has a dev F1 of ${points(last.f1)}. ${used} ${when}`;
}

/** Show the words, the entities, the cursor and the selection. */
function render() {
  const [first, last] = editing.selection;
  const nodes = [];
  const gap = (at) => (state.current.gaps[at] ? " " : "");
  const word = (at) => {
    const span = document.createElement("span");
    span.className = "word";
    span.dataset.at = at;
    span.textContent = editing.words[at];
    span.classList.toggle("cursor", at === editing.cursor);
    span.classList.toggle("selected", last - first > 1 && first <= at && at < last);
    return span;
  };
  for (let at = 0; at < editing.words.length; ) {
    const entity = editing.entityAt(at);
    if (!entity) {
      nodes.push(word(at), gap(at));
      at += 1;
      continue;
    }
    const mark = document.createElement("mark");
    mark.dataset.type = entity.type;
    for (; at < entity.end; at += 1) mark.append(word(at), at + 1 < entity.end ? gap(at) : "");
    const label = document.createElement("span");
    label.dir = "ltr";
    const sure = entity.confidence === null ? "" : ` ${percent(entity.confidence)}`;
    label.textContent = `${entity.type}${sure}`;
    mark.append(label);
    nodes.push(mark, gap(at - 1));
  }
  sentence.replaceChildren(...nodes);
  const type = editing.entityAt(editing.cursor)?.type ?? "no entity";
  element("spoken").textContent = `${editing.words.slice(first, last).join(" ")}, ${type}`;
}

/** List the types with their keys. */
function listTypes() {
  const buttons = state.types.map((type, at) => {
    const button = document.createElement("button");
    const mark = document.createElement("mark");
    mark.dataset.type = type;
    button.type = "button";
    button.dataset.type = type;
    mark.append(`${type} `, key(LETTERS[at]));
    button.append(mark);
    button.addEventListener("click", () => edit(() => editing.mark(type)));
    return button;
  });
  const none = document.createElement("button");
  none.type = "button";
  none.className = "plain";
  none.append("No entity ", key("0"));
  none.addEventListener("click", () => edit(() => editing.remove()));
  element("types").replaceChildren(...buttons, none);
}

function key(name) {
  const shown = document.createElement("kbd");
  shown.textContent = name ?? "";
  shown.hidden = name === undefined;
  return shown;
}

/** Change the sentence, and remember the change until it is decided. */
function edit(change) {
  if (editing === null || busy) return;
  change();
  const draft = { id: state.current.id, version: state.version, entities: editing.entities };
  try {
    localStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // Without storage, a reload forgets the changes to this one sentence.
  }
  render();
  sentence.focus({ preventScroll: true });
}

function saved() {
  try {
    return JSON.parse(localStorage.getItem(DRAFT));
  } catch {
    return null;
  }
}

/** Send something to the server, and show the state that follows. */
async function send(path, record) {
  if (busy || state === null) return;
  busy = true;
  try {
    const found = await ask(path, record);
    refused = "";
    show(found);
  } catch (error) {
    refused = error.message;
    await refresh();
  } finally {
    busy = false;
  }
}

function decide(action) {
  if (editing === null) return;
  const entities = editing.entities.map(({ start, end, type }) => ({ start, end, type }));
  send("decide", { id: state.current.id, version: state.version, action, entities });
}

function undo() {
  if (state?.can_undo) send("undo", { version: state.version });
}

/** Ask for the state. */
async function refresh() {
  let found = null;
  try {
    const answer = await fetch("state");
    if (answer.ok) found = await answer.json();
  } catch {
    refused = ""; // of no interest once the server is back
    element("problem").textContent =
      "The server can't be reached. Start it again by the same command; every decision is saved.";
  }
  if (found !== null) show(found);
}

function typed(event) {
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo();
  }
  if (command || event.altKey) return;
  if (event.target.closest?.("button") && ["Enter", " "].includes(event.key)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const once = { Enter: () => decide("accept"), s: () => decide("skip"), u: undo };
  if (once[key]) {
    event.preventDefault();
    if (!event.repeat) once[key]();
    return;
  }
  const change = changeOf(key, event.shiftKey);
  if (change === null || editing === null) return;
  event.preventDefault();
  edit(change);
}

/** Return what a key changes, or null. */
function changeOf(key, shift) {
  if (editing === null) return null;
  const forward = getComputedStyle(sentence).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const moves = { [forward]: editing.cursor + 1, [backward]: editing.cursor - 1, Home: 0, End: editing.words.length - 1 };
  if (key in moves) return () => editing.move(moves[key], shift);
  if (["0", "Backspace", "Delete"].includes(key)) return () => editing.remove();
  if (key === "r") return () => editing.reset();
  if (key === "Escape") return () => editing.move(editing.cursor, false);
  const type = key.length === 1 ? state.types[LETTERS.indexOf(key)] : undefined;
  return type === undefined ? null : () => editing.mark(type);
}

function wordAt(event) {
  const word = event.target.closest?.(".word");
  return word ? Number(word.dataset.at) : null;
}

sentence.addEventListener("pointerdown", (event) => {
  const at = wordAt(event);
  if (at === null) return;
  event.target.releasePointerCapture?.(event.pointerId);
  dragging = true;
  edit(() => editing.move(at, event.shiftKey));
});
sentence.addEventListener("pointerover", (event) => {
  const at = wordAt(event);
  if (dragging && at !== null && at !== editing?.cursor) edit(() => editing.move(at, true));
});
document.addEventListener("pointerup", () => (dragging = false));
document.addEventListener("keydown", typed);
element("accept").addEventListener("click", () => decide("accept"));
element("skip").addEventListener("click", () => decide("skip"));
element("reset").addEventListener("click", () => edit(() => editing.reset()));
for (const id of ["undo", "undo_end"]) element(id).addEventListener("click", undo);
setInterval(() => busy || refresh(), EVERY);
refresh();
