// The picture and what is drawn on it: outlines as SVG paths in picture pixels, gaze and corners in screen pixels.

const SVG = "http://www.w3.org/2000/svg";
const LEAVE_MS = 150;
const byId = (id) => document.getElementById(id);

const svg = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** [[x0, y0, x1, y1, …], …] to path data: closed rings, holes by the even-odd rule. */
const pathData = (rings) => {
  let data = "";
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) data += `${i ? "L" : "M"}${ring[i]} ${ring[i + 1]}`;
    data += "Z";
  }
  return data;
};

/** Which label goes first: of what was sought, then what has one, then what has a name. */
const rank = ({ object, label }) => 4 * object.found + 2 * Boolean(label) + Boolean(object.name);

export class Scene {
  objects = [];
  gaze = null; // {x, y, state} in picture pixels
  rect = { x: 0, y: 0, width: 1, height: 1, scale: 1 }; // of the picture, in the stage
  #stage = byId("stage");
  #view = byId("view");
  #picture = byId("picture");
  #context = this.#picture.getContext("2d", { alpha: false });
  #outlines = byId("outlines");
  #defs = this.#outlines.querySelector("defs");
  #gaze = byId("gaze");
  #labels = byId("labels");
  #shown = new Map(); // id -> {group, clip, paths, label}

  /** @param onLayout is called when the picture has another place or size */
  constructor(onLayout) {
    this.onLayout = onLayout;
    new ResizeObserver(() => this.layout()).observe(this.#stage);
  }

  /** The picture as large as the stage allows, centred. */
  layout() {
    const { clientWidth, clientHeight } = this.#stage;
    const { width, height } = this.#picture;
    const margin = clientWidth > 760 ? 16 : 0;
    const scale = Math.max(1e-3, Math.min((clientWidth - 2 * margin) / width, (clientHeight - (margin ? 8 : 0)) / height));
    const rect = { width: width * scale, height: height * scale, scale };
    rect.x = Math.round((clientWidth - rect.width) / 2);
    rect.y = Math.round((clientHeight - rect.height) / 2);
    this.rect = rect;
    Object.assign(this.#view.style, {
      left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px`,
    });
    const [w, h, arm] = [rect.width, rect.height, Math.min(18, rect.width / 8)];
    byId("corners").setAttribute(
      "d",
      `M-4 ${arm - 4}V-4H${arm - 4}M${w - arm + 4}-4H${w + 4}V${arm - 4}M${w + 4} ${h - arm + 4}V${h + 4}H${w - arm + 4}M${arm - 4} ${h + 4}H-4V${h - arm + 4}`,
    );
    this.#placeLabels();
    this.placeGaze();
    this.onLayout();
  }

  /** Picture pixels to screen pixels in the stage; pixel (0, 0) is the centre of the first one. */
  toStage(x, y) {
    return [this.rect.x + (x + 0.5) * this.rect.scale, this.rect.y + (y + 0.5) * this.rect.scale];
  }

  /** The visible part of a box, in screen pixels. */
  boxOnStage([x0, y0, x1, y1]) {
    const { x, y, width, height } = this.rect;
    const [left, top] = this.toStage(x0, y0);
    const [right, bottom] = this.toStage(x1, y1);
    const inX = (value) => Math.min(Math.max(value, x), x + width);
    const inY = (value) => Math.min(Math.max(value, y), y + height);
    return [inX(left), inY(top), inX(right), inY(bottom)];
  }

  /** A pointer's place in picture pixels. */
  toPicture(clientX, clientY) {
    const { left, top } = this.#view.getBoundingClientRect();
    return [(clientX - left) / this.rect.scale - 0.5, (clientY - top) / this.rect.scale - 0.5];
  }

  /** The smallest object there, or null. */
  objectAt(clientX, clientY) {
    const [x, y] = this.toPicture(clientX, clientY);
    let least = null;
    for (const { object, paths, leaving } of this.#shown.values()) {
      const at = Object.assign(this.#outlines.createSVGPoint(), { x, y });
      if (leaving || object.surface || !paths[0].isPointInFill(at)) continue;
      const [x0, y0, x1, y1] = object.box;
      const area = (x1 - x0) * (y1 - y0);
      if (!least || area < least.area) least = { area, object };
    }
    return least?.object ?? null;
  }

  drawPicture(bitmap) {
    if (bitmap.width !== this.#picture.width || bitmap.height !== this.#picture.height) {
      this.#picture.width = bitmap.width;
      this.#picture.height = bitmap.height;
      this.#outlines.setAttribute("viewBox", `-0.5 -0.5 ${bitmap.width} ${bitmap.height}`);
      this.layout();
    }
    this.#context.drawImage(bitmap, 0, 0);
  }

  /** Objects come, change and go by their id; none pops. */
  drawObjects(objects) {
    this.objects = objects;
    const present = new Set();
    for (const object of objects) {
      present.add(object.id);
      const data = pathData(object.rings);
      const shown = this.#shown.get(object.id) ?? this.#enter(object.id);
      shown.group.classList.remove("leaving");
      clearTimeout(shown.leaving);
      shown.leaving = null;
      for (const kind of ["gazed", "found", "surface"]) shown.group.classList.toggle(kind, object[kind]);
      for (const path of shown.paths) path.setAttribute("d", data);
      if (object.gazed && shown.group.nextElementSibling) this.#outlines.append(shown.group); // on top
      shown.object = object;
    }
    for (const [id, shown] of this.#shown) {
      if (present.has(id) || shown.leaving) continue;
      shown.group.classList.add("leaving");
      shown.leaving = setTimeout(() => this.#leave(id), LEAVE_MS);
    }
    this.#drawLabels();
  }

  #enter(id) {
    const group = svg("g", { class: "object", "data-id": id, "data-testid": "object" });
    const clip = svg("clipPath", { id: `inside-${id}` });
    const inside = svg("path", { "clip-rule": "evenodd" });
    const glow = svg("g", { class: "glow", "clip-path": `url(#inside-${id})` });
    const glows = [1, 2, 3, 4].map(() => svg("path", {})); // ever narrower: brightest along the edge
    const halo = svg("path", { class: "halo" });
    const line = svg("path", { class: "line", "data-testid": "outline" });
    clip.append(inside);
    glow.append(...glows);
    group.append(glow, halo, line);
    this.#defs.append(clip);
    this.#outlines.append(group);
    const shown = { group, clip, paths: [inside, ...glows, halo, line], label: null, leaving: null };
    this.#shown.set(id, shown);
    return shown;
  }

  #leave(id) {
    const { group, clip, label } = this.#shown.get(id);
    group.remove();
    clip.remove();
    label?.remove();
    this.#shown.delete(id);
  }

  /** Names, or numbers, on the others: in their middles, as many as find room; what has one keeps it. */
  #drawLabels() {
    const taken = [];
    const wanted = [...this.#shown.values()].filter(({ object, leaving }) => !leaving && !object.gazed && !object.surface);
    wanted.sort((a, b) => rank(b) - rank(a) || a.object.id - b.object.id);
    for (const shown of wanted) {
      const [x, y] = this.#middle(shown.object);
      const { id, name } = shown.object;
      const text = name ?? `${id}`;
      const [halfWide, halfHigh] = [4 + text.length * 3.4, 9];
      const free = taken.every((other) => Math.abs(other.x - x) > other.halfWide + halfWide || Math.abs(other.y - y) > other.halfHigh + halfHigh);
      if (!free) {
        this.#unlabel(shown);
        continue;
      }
      taken.push({ x, y, halfWide, halfHigh });
      if (!shown.label) {
        shown.label = document.createElement("span");
        this.#labels.append(shown.label);
      }
      if (shown.label.textContent !== text) shown.label.textContent = text;
      shown.label.classList.toggle("found", shown.object.found);
    }
    for (const shown of this.#shown.values()) if (!wanted.includes(shown)) this.#unlabel(shown);
    this.#placeLabels();
  }

  #unlabel(shown) {
    shown.label?.remove();
    shown.label = null;
  }

  /** The middle of what the picture shows of a thing, in screen pixels: what is carried on may reach out of it. */
  #middle({ box: [x0, y0, x1, y1] }) {
    const { width, height } = this.#picture;
    const [left, right] = [Math.max(x0, 0), Math.min(x1, width - 1)];
    const [top, bottom] = [Math.max(y0, 0), Math.min(y1, height - 1)];
    return [((left + right) / 2 + 0.5) * this.rect.scale, ((top + bottom) / 2 + 0.5) * this.rect.scale];
  }

  #placeLabels() {
    for (const { label, object } of this.#shown.values()) {
      if (!label) continue;
      const [x, y] = this.#middle(object);
      label.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
  }

  /** A calibration target: {x, y, radius, progress} in picture pixels, or null. */
  drawTarget(target) {
    const element = byId("target");
    element.toggleAttribute("hidden", !target);
    if (!target) return;
    const [x, y] = [(target.x + 0.5) * this.rect.scale, (target.y + 0.5) * this.rect.scale];
    const [disc, ring, dot] = element.children;
    for (const circle of [disc, ring, dot]) circle.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(-90)`);
    disc.setAttribute("r", Math.max(target.radius * this.rect.scale, 3).toFixed(1));
    ring.setAttribute("stroke-dasharray", `${target.progress.toFixed(3)} 1`);
  }

  /** gaze: {x, y, state} in picture pixels, or null. */
  drawGaze(gaze) {
    this.gaze = gaze;
    const state = gaze?.state ?? "lost";
    if (!this.#gaze.classList.contains(state)) this.#gaze.setAttribute("class", state);
    this.placeGaze();
  }

  placeGaze() {
    if (!this.gaze) return; // it fades where it was
    const x = (this.gaze.x + 0.5) * this.rect.scale;
    const y = (this.gaze.y + 0.5) * this.rect.scale;
    this.#gaze.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
  }
}
