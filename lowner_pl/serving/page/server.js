// Asking the server, and copying what it said.

/**
 * Send an object to the server, and return its answer.
 *
 * @throws Error with the server's own sentence if it refuses.
 */
export async function ask(path, record, signal) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(record),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server can't be reached. Is it still running?");
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.detail ?? `The server answers with status ${answer.status}.`);
  return found;
}

/** Put a text on the clipboard. Browsers offer the new way to this machine and to HTTPS only. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyOldWay(text);
  }
}

function copyOldWay(text) {
  const area = document.createElement("textarea");
  const before = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  if (!done) throw new Error("The browser does not allow it.");
}
