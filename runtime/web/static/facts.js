// What the card says of an object: a few short facts, kept steady, so that a figure that wavers does not flicker.

const GUESSED = { vergence: "told by how far the eyes converge", plane: "told by what it stands on", default: "its distance is only assumed" };

const centimetres = (metres) => (metres * 100).toFixed(0);

export class Facts {
  #shown = new Map(); // what -> value that is shown

  /** A value in steps; it changes when it is three quarters of a step away from what is shown. */
  #steady(what, value, step) {
    const before = this.#shown.get(what);
    if (before === undefined || Math.abs(value - before) > 0.75 * step) this.#shown.set(what, Math.round(value / step) * step);
    return this.#shown.get(what);
  }

  /** The title: a name, or that there is none. */
  title(object) {
    return object.name ?? "Unknown";
  }

  /** How far and how large: [[kind, text, title], …] */
  place(object) {
    const facts = [];
    if (object.depth_m != null) facts.push(["distance", `${this.#distance(object.depth_m)} m`, "distance"]);
    if (object.size_m) facts.push(["size", this.#size(object), GUESSED[object.size_source] ?? "width × height"]);
    return facts;
  }

  /** Which one, how sure, and how it was looked at: [[kind, text, title], …] */
  looks(object) {
    const facts = [];
    facts.push(["id", `#${object.id}`, "its lasting number"]);
    if (object.name && object.name_score != null) facts.push(["sure", `${Math.round(this.#steady("sure", object.name_score * 100, 5))} %`, "how sure the name is"]);
    const seconds = Math.floor(object.dwell_ms / 1000);
    if (seconds >= 1) facts.push(["dwell", `${seconds} s`, "this look"]);
    if (object.looks > 1) facts.push(["looks", `${object.looks} looks`, "times looked at"]);
    return facts;
  }

  #distance(metres) {
    const step = metres < 2 ? 0.05 : metres < 10 ? 0.1 : 1;
    return this.#steady("depth", metres, step).toFixed(metres < 2 ? 2 : metres < 10 ? 1 : 0);
  }

  #size({ size_m: [wide, high], size_error_m, size_source }) {
    const large = Math.max(wide, high) >= 1;
    const step = large ? 0.1 : Math.max(wide, high) < 0.3 ? 0.01 : 0.05;
    const text = (what, metres) => {
      const steady = Math.max(this.#steady(what, metres, step), step);
      return large ? steady.toFixed(1) : centimetres(steady);
    };
    const error = size_error_m ? Math.max(...size_error_m) : 0;
    const spread = large ? Math.max(this.#steady("error", error, 0.1), 0.1).toFixed(1) : centimetres(Math.max(this.#steady("error", error, 0.01), 0.01));
    return `${GUESSED[size_source] ? "≈ " : ""}${text("wide", wide)} × ${text("high", high)} ± ${spread} ${large ? "m" : "cm"}`;
  }
}
