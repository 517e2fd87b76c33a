// A camera calibration that goes on: where the board was already, where it is, and what to show next.

const NS = "http://www.w3.org/2000/svg";
const ROWS = 12;
const COLUMNS = 16;
const SOFT_PX = 4;
const byId = (id) => document.getElementById(id);

/** @param board {corners, edge_px, views, wanted, heat, advice, done} or null; @param frame the picture's header */
export function drawBoard(board, frame) {
  const svg = byId("board");
  svg.toggleAttribute("hidden", !board);
  byId("board-panel").toggleAttribute("hidden", !board);
  if (!board) return;
  svg.setAttribute("viewBox", `-0.5 -0.5 ${frame.width} ${frame.height}`);
  const most = Math.max(8, ...board.heat);
  const cell = (count, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const [w, h] = [frame.width / COLUMNS, frame.height / ROWS];
    return element("rect", { x: column * w - 0.5, y: row * h - 0.5, width: w, height: h, opacity: 0.4 * Math.sqrt(count / most) });
  };
  svg.querySelector(".heat").replaceChildren(...board.heat.map(cell).filter((_, i) => board.heat[i]));
  const dots = [];
  for (let i = 0; i < board.corners.length; i += 2) {
    dots.push(element("circle", { cx: board.corners[i], cy: board.corners[i + 1], r: frame.width / 200 }));
  }
  svg.querySelector(".corners").replaceChildren(...dots);
  byId("board-count").textContent = `${board.views} of ${board.wanted} views`;
  byId("board-progress").style.width = `${Math.min(100, (100 * board.views) / Math.max(1, board.wanted))}%`;
  const edge = byId("board-edge");
  const soft = board.edge_px !== null && board.edge_px > SOFT_PX;
  edge.textContent = board.edge_px === null ? "no board in view" : soft ? "blurred: hold still" : "sharp";
  edge.classList.toggle("soft", soft);
  byId("board-advice").textContent = board.done ? "That is enough: solving …" : (board.advice[0] ?? "");
}

function element(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
