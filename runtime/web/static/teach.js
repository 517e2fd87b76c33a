// Teaching in three steps: click the thing (or "Name" on its card), type, Enter. "Not that" takes a name back.

const SENT_MS = 1500; // for so long the card says what was taught, until the runtime does
const byId = (id) => document.getElementById(id);

export class Teaching {
  #card;
  #ask;
  #object = null; // what is being named
  #form = byId("naming");
  #name = byId("name");
  #said = byId("taught");
  #timer = null;

  /** @param ask is called with (kind, {object_id, text}) */
  constructor(card, ask) {
    this.#card = card;
    this.#ask = ask;
    byId("teach").addEventListener("click", () => this.open(this.#card.object));
    byId("not-that").addEventListener("click", () => this.#takeBack(this.#card.object));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#teach();
    });
    this.#name.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    this.#form.addEventListener("focusout", (event) => !this.#form.contains(event.relatedTarget) && this.close());
  }

  get active() {
    return this.#object !== null;
  }

  /** Ask for the object's name; the card stays with it until that is done. */
  open(object) {
    if (!object) return;
    this.#object = object;
    this.#card.hold(object);
    this.#form.hidden = false;
    this.#name.value = "";
    this.#name.placeholder = object.name ? `Instead of “${object.name}”` : "What is it?";
    this.#card.place();
    this.#name.focus({ preventScroll: true });
  }

  close() {
    if (!this.#object) return;
    this.#object = null;
    this.#form.hidden = true;
    this.#card.release();
  }

  #teach() {
    const text = this.#name.value.trim();
    const object = this.#object;
    if (!text || !object) return this.close();
    this.#ask("teach", { object_id: object.id, text });
    this.#say(`#${object.id} is “${text}” from now on`);
    this.close();
  }

  #takeBack(object) {
    if (!object?.name) return;
    this.#ask("unteach", { object_id: object.id, text: object.name });
    this.#say(`#${object.id} is not “${object.name}”`);
  }

  #say(text) {
    this.#said.textContent = text;
    this.#said.classList.add("shown");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#said.classList.remove("shown"), SENT_MS);
  }
}
