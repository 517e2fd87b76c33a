// The one card: what is known of the gazed object, beside it and never over it, tied to its outline by a thin line.

import { Facts } from "./facts.js";

const GAP = 22; // screen px between object and card
const EDGE = 8; // and between card and the stage's edge
const SPARE = 12; // a side to change to has this much more room than it needs: no going to and fro
const SWAP_MS = 110;
const EASE_MS = 55; // time constant with which card and line follow
const byId = (id) => document.getElementById(id);

/** Facts as spans; what says the same stays as it is. */
function write(element, facts) {
  const text = facts.map(([, fact]) => fact).join("\n");
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.replaceChildren(...facts.map(([className, textContent, title]) => Object.assign(document.createElement("span"), { className, textContent, title })));
}

export class Card {
  #scene;
  #stage = byId("stage");
  #card = byId("card");
  #lines = [byId("leader-halo"), byId("leader")];
  #end = byId("leader-end");
  #object = null; // what the card shows now
  #facts = null;
  #gazed = null; // what would be shown if it were not held
  #held = null; // what it stays with, whatever is looked at
  #wanted = null; // what it shall show
  #swapping = null;
  #side = null;
  #now = null; // eased: {x, y, endX, endY}
  #goal = null;
  #ticking = false;
  #last = 0;

  constructor(scene) {
    this.#scene = scene;
  }

  get element() {
    return this.#card;
  }

  /** What the card shows now. */
  get object() {
    return this.#card.classList.contains("hidden") ? null : this.#object;
  }

  /** Stay with an object, or with what is shown, until it is released. */
  hold(object = this.object) {
    this.#held = object;
    if (object) this.#pass(object);
  }

  release() {
    this.#held = null;
    this.#pass(this.#gazed);
  }

  /** The gazed object, or null: then the card fades. While it is held, that waits. */
  show(object) {
    this.#gazed = object;
    if (this.#held) {
      this.#held = this.#scene.objects.find(({ id }) => id === this.#held.id) ?? this.#held;
      this.#pass(this.#held);
    } else this.#pass(object);
  }

  #pass(object) {
    this.#wanted = object;
    if (object && object.id === this.#object?.id && !this.#swapping) this.#fill(object);
    else if (object?.id !== this.#object?.id) this.#swap();
    this.place();
  }

  /** The stage has changed: the card goes to its new place at once. */
  snap() {
    this.#now = null;
    if (!this.#swapping) this.#side = null;
    this.place();
  }

  /** Another object or another side: fade, move while unseen, fade in. Sliding would draw the eye to the card. */
  #swap() {
    if (this.#swapping) return;
    this.#hide(true);
    this.#swapping = setTimeout(() => {
      this.#swapping = null;
      this.#object = null;
      if (!this.#wanted) return;
      this.#now = null;
      this.#side = null;
      this.#fill(this.#wanted);
      this.place();
      this.#hide(false);
    }, this.#object ? SWAP_MS : 0);
  }

  #hide(hidden) {
    for (const element of [this.#card, ...this.#lines, this.#end]) element.classList.toggle("hidden", hidden);
  }

  #fill(object) {
    if (object.id !== this.#object?.id) this.#facts = new Facts();
    this.#object = object;
    const name = this.#facts.title(object);
    if (byId("card-name").textContent !== name) byId("card-name").textContent = name;
    this.#card.classList.toggle("unknown", !object.name);
    write(byId("card-facts"), this.#facts.place(object));
    write(byId("card-looks"), this.#facts.looks(object));
  }

  /** Where the card goes: the side it is on while it fits there, else the best one, else into the bar. */
  place() {
    if (!this.#object) return;
    const object = this.#wanted?.id === this.#object.id ? this.#wanted : this.#object;
    const [x0, y0, x1, y1] = this.#scene.boxOnStage(object.box);
    const { clientWidth, clientHeight } = this.#stage;
    if (this.#swapping && this.#side !== null) return; // it fades where it is
    const dockedBefore = this.#card.classList.contains("docked");
    this.#card.classList.remove("docked");
    let { offsetWidth: wide, offsetHeight: high } = this.#card;
    const clamp = (value, size, room) => Math.min(Math.max(value, EDGE), room - size - EDGE);
    const across = clamp((x0 + x1 - wide) / 2, wide, clientWidth);
    const along = clamp((y0 + y1 - high) / 2, high, clientHeight);
    const sides = {
      right: { x: x1 + GAP, y: along, room: clientWidth - EDGE - wide - x1 - GAP },
      left: { x: x0 - GAP - wide, y: along, room: x0 - GAP - wide - EDGE },
      above: { x: across, y: y0 - GAP - high, room: y0 - GAP - high - EDGE },
      below: { x: across, y: y1 + GAP, room: clientHeight - EDGE - high - y1 - GAP },
    };
    const side = sides[this.#side]?.room >= 0 ? this.#side : this.#best(sides, wide, high);
    if (this.#side !== null && side !== this.#side) {
      this.#card.classList.toggle("docked", dockedBefore);
      return this.#swap(); // sliding there, it would cross the object
    }
    this.#side = side;
    const docked = this.#side === "docked";
    if (docked) {
      // The object fills the stage: the card leaves it, for the bar above.
      this.#card.classList.add("docked");
      ({ offsetWidth: wide, offsetHeight: high } = this.#card);
    }
    const { x, y } = docked ? { x: (clientWidth - wide) / 2, y: -(this.#stage.offsetTop + high) / 2 } : sides[this.#side];
    this.#card.dataset.side = this.#side;
    const [endX, endY] = docked ? [x, y] : this.#nearest(object, x, y, wide, high);
    this.#goal = { x, y, endX, endY, wide, high, docked };
    if (!this.#now) this.#now = { ...this.#goal };
    if (!this.#ticking) {
      this.#ticking = true;
      this.#last = performance.now();
      requestAnimationFrame((time) => this.#tick(time));
    }
  }

  /** Of the sides with room, the one where the card covers least of other objects; the earlier one where it is equal. */
  #best(sides, wide, high) {
    let best = "docked";
    let least = Infinity;
    for (const [side, { x, y, room }] of Object.entries(sides)) {
      if (room < SPARE) continue;
      let covered = 0;
      for (const { box } of this.#scene.objects) {
        const [x0, y0, x1, y1] = this.#scene.boxOnStage(box);
        covered += Math.max(0, Math.min(x + wide, x1) - Math.max(x, x0)) * Math.max(0, Math.min(y + high, y1) - Math.max(y, y0));
      }
      if (covered < least - 1) [least, best] = [covered, side];
    }
    return best;
  }

  /** The outline's vertex nearest to the card; what lies off the picture counts from the picture's edge. */
  #nearest(object, x, y, wide, high) {
    let best = [x, y];
    let least = Infinity;
    for (const ring of object.rings) {
      for (let i = 0; i < ring.length; i += 2) {
        const [px, py] = this.#scene.boxOnStage([ring[i], ring[i + 1], ring[i], ring[i + 1]]);
        const dx = px - Math.min(Math.max(px, x), x + wide);
        const dy = py - (y + high / 2);
        const distance = dx * dx + dy * dy;
        if (distance < least) [least, best] = [distance, [px, py]];
      }
    }
    return best;
  }

  #tick(time) {
    const part = 1 - Math.exp(-Math.max(0, time - this.#last) / EASE_MS);
    this.#last = time;
    let moving = false;
    for (const key of ["x", "y", "endX", "endY"]) {
      const way = this.#goal[key] - this.#now[key];
      this.#now[key] += Math.abs(way) < 0.2 ? way : way * part;
      moving ||= Math.abs(way) >= 0.2;
    }
    this.#draw();
    this.#ticking = moving;
    if (moving) requestAnimationFrame((next) => this.#tick(next));
  }

  #draw() {
    const { x, y, endX, endY } = this.#now;
    const { wide, high, docked } = this.#goal;
    this.#card.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    // The line leaves the card level, then runs straight to the outline. Marks are drawn in the picture's own corner.
    const fromX = this.#side === "right" ? x : this.#side === "left" ? x + wide : Math.min(Math.max(endX, x + 14), x + wide - 14);
    const fromY = this.#side === "above" ? y + high : this.#side === "below" ? y : y + high / 2;
    const elbow = { right: -9, left: 9 }[this.#side] ?? 0;
    const [ox, oy] = [this.#scene.rect.x, this.#scene.rect.y];
    const data = docked ? "" : `M${fromX - ox} ${fromY - oy}h${elbow}L${endX - ox} ${endY - oy}`;
    for (const line of this.#lines) line.setAttribute("d", data);
    this.#end.style.visibility = docked ? "hidden" : "";
    this.#end.setAttribute("cx", endX - ox);
    this.#end.setAttribute("cy", endY - oy);
  }
}
