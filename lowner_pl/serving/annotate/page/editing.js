// A sentence whose entities are being marked: a cursor, a selection, and entities that count words.

export class Editing {
  /** @param current The sentence, as the server describes it. */
  constructor(current) {
    this.words = current.words;
    this.guess = current.guess;
    this.entities = current.entities.map((one) => ({ ...one }));
    this.cursor = 0;
    this.anchor = 0;
  }

  /** The selected words, as positions of the first and after the last. */
  get selection() {
    return [Math.min(this.cursor, this.anchor), Math.max(this.cursor, this.anchor) + 1];
  }

  /** Move the cursor to a word; extend the selection, or begin a new one. */
  move(to, extend) {
    this.cursor = Math.max(0, Math.min(this.words.length - 1, to));
    if (!extend) this.anchor = this.cursor;
  }

  /** Return the entity of a word, if it has one. */
  entityAt(at) {
    return this.entities.find((one) => one.start <= at && at < one.end);
  }

  /** Mark the selected words. A single word inside an entity stands for the whole entity. */
  mark(type) {
    let [start, end] = this.selection;
    const inside = end - start === 1 && this.entityAt(start);
    if (inside) [start, end] = [inside.start, inside.end];
    this.#clear(start, end);
    this.entities.push({ start, end, type, confidence: null });
    this.entities.sort((one, other) => one.start - other.start);
  }

  /** Remove the entities of the selected words. */
  remove() {
    this.#clear(...this.selection);
  }

  /** Return to what the tagger guesses. */
  reset() {
    this.entities = this.guess.map((one) => ({ ...one }));
  }

  #clear(start, end) {
    this.entities = this.entities.filter((one) => one.end <= start || end <= one.start);
  }
}
