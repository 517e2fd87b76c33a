// The find box, what the runtime understood of it, and arrows at the edge towards what is out of view.

const INSET = 26; // screen px of an arrow from the picture's edge
const byId = (id) => document.getElementById(id);

export class Finding {
  #scene;
  #form = byId("find");
  #text = byId("find-text");
  #understood = byId("understood");
  #arrows = byId("pointers");
  #shown = new Map(); // id -> element
  #pointers = [];

  /** @param ask is called with (kind, {text}) */
  constructor(scene, ask) {
    this.#scene = scene;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask("find", { text: this.#text.value.trim() });
      this.#text.blur();
    });
    this.#text.addEventListener("search", () => this.#text.value || ask("find", { text: "" })); // cleared by its cross
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#text.value = "";
      ask("find", { text: "" });
      this.#text.blur();
    });
  }

  focus() {
    this.#text.focus();
    this.#text.select();
  }

  /** search: {text, understood, pointers} or null; found: how many of it are marked in view. */
  show(search, found) {
    const away = search?.pointers.length ?? 0;
    const count = search ? [found && `${found} in view`, away && `${away} out of view`].filter(Boolean).join(", ") || "nothing known fits" : "";
    const text = search ? `${search.understood}: ${count}` : "";
    if (this.#understood.textContent !== text) this.#understood.textContent = text;
    this.#understood.classList.toggle("shown", search !== null);
    this.#pointers = search?.pointers ?? [];
    const present = new Set(this.#pointers.map(({ id }) => id));
    for (const [id, element] of this.#shown) {
      if (present.has(id)) continue;
      this.#shown.delete(id);
      element.classList.add("leaving");
      setTimeout(() => element.remove(), 150);
    }
    this.place();
  }

  /** Where the way out of the middle of the picture meets its edge. */
  place() {
    const { width, height } = this.#scene.rect;
    for (const { id, name, right, down, depth_m } of this.#pointers) {
      const element = this.#shown.get(id) ?? this.#enter(id);
      const [halfWide, halfHigh] = [Math.max(width / 2 - INSET, 1), Math.max(height / 2 - INSET, 1)];
      const reach = Math.min(halfWide / Math.max(Math.abs(right), 1e-6), halfHigh / Math.max(Math.abs(down), 1e-6));
      const [x, y] = [width / 2 + reach * right, height / 2 + reach * down];
      element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      element.firstChild.style.transform = `rotate(${Math.atan2(down, right).toFixed(3)}rad)`;
      const label = [name ?? `#${id}`, depth_m != null && `${depth_m.toFixed(depth_m < 2 ? 2 : 1)} m`].filter(Boolean).join("  ");
      const span = element.lastChild;
      if (span.textContent !== label) span.textContent = label;
      // The label stands on the side that is towards the middle.
      span.style.transform = `translate(${-50 - 50 * right}%, ${-50 - 50 * down}%) translate(${(-18 * right).toFixed(1)}px, ${(-18 * down).toFixed(1)}px)`;
    }
  }

  #enter(id) {
    const element = document.createElement("div");
    element.dataset.testid = "pointer";
    element.dataset.id = id;
    element.innerHTML = '<svg viewBox="-12 -12 24 24" aria-hidden="true"><path class="halo" d="M-3-7L5 0L-3 7"/><path d="M-3-7L5 0L-3 7"/></svg><span></span>';
    this.#shown.set(id, element);
    this.#arrows.append(element);
    return element;
  }
}
