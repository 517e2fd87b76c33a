// The WebSocket: connects, reconnects, and takes the server's messages apart.
//
// A frame is binary: length of the header (uint32, little endian), the header (JSON), the JPEG. Everything else is JSON
// text. The server has at most two unacknowledged messages under way, so a page that is slow, hidden or paused gets fewer
// frames instead of old ones: acknowledge a message once it is drawn.

const RETRY_MS = [250, 500, 1000, 2000];
const SILENCE_MS = 4000; // the server says something twice a second

export class Link {
  #socket = null;
  #attempt = 0;
  #heard = 0;
  #on;

  /** @param on {frame(header, jpeg), update(message), status(message), open(), closed()} */
  constructor(on) {
    this.#on = on;
    this.#connect();
    setInterval(() => this.#check(), 1000);
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  acknowledge(seq, socket = this.#socket) {
    if (socket === this.#socket) this.#send({ type: "ack", seq });
  }

  point(x, y, captureNs) {
    this.#send({ type: "pointer", x, y, capture_ns: captureNs });
  }

  /** kind: recentre, everything, teach, unteach or find; what: {object_id, text} as it needs. */
  ask(kind, what = {}) {
    this.#send({ type: "ask", kind, ...what });
  }

  #send(message) {
    if (this.open) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    const url = new URL("ws", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heard = performance.now();
    socket.onopen = () => {
      this.#attempt = 0;
      this.#on.open();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#heard = performance.now();
      if (typeof data === "string") {
        const message = JSON.parse(data);
        this.#on[message.type]?.(message);
        return;
      }
      const length = new DataView(data).getUint32(0, true);
      const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      this.#on.frame(header, new Uint8Array(data, 4 + length), socket);
    };
    socket.onclose = () => this.#closed(socket);
  }

  #closed(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#on.closed();
    const wait = RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)];
    setTimeout(() => this.#connect(), wait);
  }

  #check() {
    // A server that vanished without closing (a pulled cable) is noticed by its silence.
    if (this.#socket && performance.now() - this.#heard > SILENCE_MS) {
      const socket = this.#socket;
      socket.close();
      this.#closed(socket);
    }
  }
}
