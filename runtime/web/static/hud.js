// The page: what the link brings is drawn, the pointer goes back as gaze, and the bars say how it goes.

import { drawBoard } from "./board.js";
import { Card } from "./card.js";
import { drawDetails } from "./details.js";
import { Finding } from "./find.js";
import { Link } from "./link.js";
import { Scene } from "./scene.js";
import { Teaching } from "./teach.js";

const POINTER_MS = 1000 / 60; // at most this often while it moves
const REST_MS = 33; // and this often while it rests: the head goes on moving under it
const NO_FRAMES_MS = 2000;
const byId = (id) => document.getElementById(id);

const scene = new Scene(() => {
  card.snap();
  finding.place();
});
const card = new Card(scene);
const ask = (kind, what) => link.ask(kind, what);
const teaching = new Teaching(card, ask);
const finding = new Finding(scene, ask);
const view = byId("view");

const page = {
  state: "connecting", // connecting, waiting, live, paused, stalled, lost
  paused: false,
  mouse: true,
  outlines: true,
  details: false,
  frame: null, // header of the picture that is shown
  overlay: null,
  status: null,
  fps: 0,
  ageMs: null,
};
let everConnected = false;
let lastFrameAt = -Infinity;
let pointer = null; // {x, y, at} of the pointer over the picture, in client pixels
let pending = null; // the newest frame that waits to be drawn: [header, jpeg, socket]
let drawing = false;
const heldBack = []; // messages not acknowledged while nobody looks: the server sends no more then
const idle = () => page.paused || document.hidden;

// ---- what the link brings ----

const link = new Link({
  open() {
    everConnected = true;
    refreshState();
  },
  closed() {
    pending = null;
    heldBack.length = 0;
    page.status = null;
    refreshState();
  },
  frame(header, jpeg, socket) {
    header.heardAt = performance.now();
    if (idle()) return heldBack.push([header.seq, socket]);
    if (pending) link.acknowledge(pending[0].seq, pending[2]);
    pending = [header, jpeg, socket];
    drawNext();
  },
  update(message) {
    if (idle()) return heldBack.push([message.seq]);
    // It was made for the frame sent before it: with that one still waiting, it waits as part of it.
    const target = pending?.[0].capture_ns === message.capture_ns ? pending[0] : page.frame;
    if (target?.capture_ns === message.capture_ns) {
      if (message.overlay) target.overlay = message.overlay;
      target.gaze = message.gaze;
      target.target = message.target;
      target.board = message.board;
      if (target === page.frame) drawOverlay();
    }
    link.acknowledge(message.seq);
  },
  status(message) {
    page.status = message;
    byId("notice").hidden = !message.notices.length;
    byId("notice-text").textContent = message.notices.join(" ");
    refreshState();
  },
});

async function drawNext() {
  if (drawing) return;
  drawing = true;
  while (pending && !page.paused) {
    const [header, jpeg, socket] = pending;
    const current = pending;
    try {
      const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
      await new Promise(requestAnimationFrame);
      if (page.paused) heldBack.push([header.seq, socket]);
      else {
        scene.drawPicture(bitmap);
        page.frame = header;
        lastFrameAt = performance.now();
        page.ageMs = header.age_ms + lastFrameAt - header.heardAt;
        countFrame(lastFrameAt);
        drawOverlay();
        link.acknowledge(header.seq, socket);
      }
      bitmap.close();
    } catch {
      link.acknowledge(header.seq, socket); // not a picture: the next one will be
    }
    if (pending === current) pending = null;
  }
  if (pending) heldBack.push([pending[0].seq, pending[2]]);
  pending = null;
  drawing = false;
  refreshState();
}

/** Outlines, card and gaze of the frame that is shown: all of one instant. */
function drawOverlay() {
  const { overlay, gaze } = page.frame;
  page.overlay = overlay;
  const objects = overlay?.objects ?? [];
  scene.drawObjects(objects);
  const gazed = objects.find((object) => object.gazed) ?? null;
  card.show(page.outlines ? gazed : null);
  finding.show(overlay?.search ?? null, objects.filter(({ found }) => found).length);
  announce(gazed);
  drawGaze(gaze);
  scene.drawTarget(page.frame.target);
  drawBoard(page.frame.board, page.frame);
  const source = aiming() ? "mouse" : (overlay?.source ?? "eye");
  if (document.body.dataset.source !== source) document.body.dataset.source = source;
}

function drawGaze(gaze) {
  if (aiming()) {
    // One's own pointer is shown where it is now, not where the server last heard it.
    const [x, y] = scene.toPicture(pointer.x, pointer.y);
    scene.drawGaze({ x, y, state: "user" });
  } else scene.drawGaze(gaze);
}

// ---- the pointer as gaze ----

const aiming = () => page.mouse && pointer !== null && !page.paused && link.open && page.frame !== null;

function sendPointer() {
  if (!aiming()) return;
  const [x, y] = scene.toPicture(pointer.x, pointer.y);
  link.point(x, y, page.frame.capture_ns);
  pointer.sentAt = performance.now();
}

function onPointer(event) {
  if (event.pointerType === "touch" && event.type === "pointermove" && !event.buttons) return;
  const { left, top, right, bottom } = view.getBoundingClientRect();
  const inside = event.clientX >= left && event.clientX < right && event.clientY >= top && event.clientY < bottom;
  if (!inside) return leave(); // a touch is captured: it may leave without an event of its own
  const sentAt = pointer?.sentAt ?? -Infinity;
  pointer = { x: event.clientX, y: event.clientY, sentAt };
  view.classList.toggle("aiming", aiming());
  if (aiming()) {
    byId("hint").classList.remove("shown");
    hinted = true;
    drawGaze(null);
    if (performance.now() - sentAt >= POINTER_MS) sendPointer();
  }
}

function leave() {
  pointer = null;
  view.classList.remove("aiming");
  if (page.frame) drawGaze(page.frame.gaze);
}

/** A click on a thing asks for its name; the smallest one under it is meant, as nothing else could be clicked. */
view.addEventListener("click", (event) => {
  if (event.pointerType === "touch" || !page.outlines) return; // a touch is the gaze, and the card has a button
  teaching.open(scene.objectAt(event.clientX, event.clientY));
});
for (const kind of ["pointerenter", "pointerdown"]) card.element.addEventListener(kind, () => teaching.active || card.hold());
card.element.addEventListener("pointerleave", () => teaching.active || card.release());
for (const kind of ["pointerdown", "pointermove", "pointerenter"]) view.addEventListener(kind, onPointer);
view.addEventListener("pointerleave", leave);
view.addEventListener("pointercancel", leave);
view.addEventListener("pointerup", (event) => event.pointerType === "touch" && leave());
setInterval(() => pointer && performance.now() - pointer.sentAt >= REST_MS - 4 && sendPointer(), REST_MS);

// ---- controls ----

function setPaused(paused) {
  page.paused = paused;
  view.classList.toggle("aiming", aiming());
  catchUp();
}

function catchUp() {
  if (!idle()) {
    for (const [seq, socket] of heldBack.splice(0)) link.acknowledge(seq, socket);
    lastFrameAt = performance.now();
  }
  refreshState();
}
document.addEventListener("visibilitychange", catchUp);

const toggles = {
  pause: ["paused", " ", setPaused],
  mouse: ["mouse", "m", (on) => {
    page.mouse = on;
    view.classList.toggle("aiming", aiming());
    if (page.frame) drawOverlay();
  }],
  "outlines-on": ["outlines", "o", (on) => {
    page.outlines = on;
    document.body.classList.toggle("plain", !on);
    if (page.frame) drawOverlay();
  }],
  details: ["details", "d", (on) => {
    page.details = on;
    byId("panel").hidden = !on;
    showDetails();
    if (page.frame) drawOverlay();
  }],
};

function toggle(id) {
  const [key, , set] = toggles[id];
  set(!page[key]);
  byId(id).setAttribute("aria-pressed", page[key]);
}

for (const id of Object.keys(toggles)) {
  byId(id).addEventListener("click", () => toggle(id));
}
const recentre = () => ask("recentre"); // the eyes are on the middle of the outlined thing
const everything = () => ask("everything");
byId("recentre").addEventListener("click", recentre);
byId("everything").addEventListener("click", everything);
const keys = { c: recentre, e: everything, n: () => teaching.open(card.object), "/": () => finding.focus() };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.closest?.("input")) return;
  const does = keys[event.key.toLowerCase()];
  if (does) {
    event.preventDefault();
    return does();
  }
  if (event.key === " " && event.target.closest?.("button")) return; // the button's own space
  const id = Object.keys(toggles).find((name) => toggles[name][1] === event.key.toLowerCase());
  if (!id) return;
  event.preventDefault();
  toggle(id);
});

// ---- state and figures ----

const CURTAINS = {
  connecting: ["Connecting …", ""],
  waiting: ["Waiting for a headset …", "Pictures appear here as soon as one sends them. To try without: `gazeline sim` or `gazeline replay FILE`"],
  stalled: ["Waiting for the headset …", "No picture for some seconds."],
  lost: ["Connection lost", "Reconnecting …"],
};
const CHIPS = { connecting: "Connecting …", waiting: "Waiting", stalled: "No picture", lost: "Reconnecting …", paused: "Paused", live: "Live" };
let hinted = false;

function currentState() {
  if (!link.open) return everConnected ? "lost" : "connecting";
  if (page.paused && page.frame) return "paused";
  if (!page.frame) return "waiting";
  if (performance.now() - lastFrameAt > NO_FRAMES_MS && !document.hidden) return "stalled";
  return "live";
}

function refreshState() {
  const state = currentState();
  document.body.classList.toggle("empty", !page.frame);
  const chip = state === "live" && page.status && !page.status.runtime ? "Live, no runtime" : CHIPS[state];
  if (byId("state").textContent !== chip) byId("state").textContent = chip;
  if (state === page.state) return;
  page.state = state;
  document.body.dataset.state = state;
  const curtain = CURTAINS[state];
  if (curtain) {
    byId("curtain-title").textContent = curtain[0];
    const parts = curtain[1].split("`").map((text, index) => {
      return index % 2 ? Object.assign(document.createElement("code"), { textContent: text }) : text;
    });
    byId("curtain-text").replaceChildren(...parts);
  }
  if (state === "live" && !hinted) byId("hint").classList.add("shown");
  view.classList.toggle("aiming", aiming());
}

let frameTimes = [];
function countFrame(now) {
  frameTimes = [...frameTimes.filter((time) => now - time < 2000), now];
  const span = now - frameTimes[0];
  page.fps = span > 0 ? ((frameTimes.length - 1) * 1000) / span : 0;
}

function figure(id, value, unit, digits = 0) {
  const element = byId(id);
  if (value == null) return element.replaceChildren("–");
  const text = typeof value === "number" ? value.toFixed(digits) : value;
  element.replaceChildren(text, ...(unit ? [Object.assign(document.createElement("small"), { textContent: unit })] : []));
}

function showFigures() {
  const { status, overlay, state } = page;
  const moving = state === "live";
  const latency = (stage) => link.open && (status?.stages?.[stage]?.p50_ms ?? overlay?.latency_ms?.[stage]) || null;
  figure("f-fps", moving ? page.fps : null, "fps");
  figure("f-age", moving ? page.ageMs : null, "ms");
  figure("f-encode", latency("encode"), "ms");
  figure("f-decode", latency("decode"), "ms");
  figure("f-gaze", latency("gaze_to_overlay"), "ms");
  figure("f-dropped", status?.runtime ? status.frames_dropped : null, "");
  figure("f-model", status?.runtime ? status.model : link.open ? "no runtime" : null, "");
  byId("f-model").classList.toggle("warn", link.open && status != null && !status.runtime);
  refreshState();
  showDetails();
}
setInterval(showFigures, 250);

const showDetails = () => page.details && drawDetails(page);

// ---- for those who listen instead of looking ----

let announced = null;
let announceTimer = null;
function announce(gazed) {
  const text = gazed ? `Looking at ${gazed.name ?? `object ${gazed.id}`}` : "";
  if (text === announced) return;
  announced = text;
  clearTimeout(announceTimer);
  announceTimer = setTimeout(() => (byId("announce").textContent = text), 700); // what is glanced at only is not said
}

if (matchMedia("(pointer: coarse)").matches) byId("hint").textContent = "Touch the picture: your finger is the gaze";
window.gazeline = { page, scene, link }; // to look at from the console and from tests
refreshState();
