// A pad to draw on, with the pointer or with the keys: the arrows move a pen, the space bar lowers and lifts it.

import { make } from "./paint.js";
import { resized } from "./pixels.js";

const SIDE = 280; // pixels of its longer side

/** A pad whose drawing is a picture of `height` x `width`, on a ground that is black or `bright`. */
export class Pad {
  constructor(height, width, { bright, colour, changed }) {
    const scale = SIDE / Math.max(height, width);
    this.size = [height, width];
    this.ground = bright ? "#ffffff" : "#000000";
    this.colour = bright ? "#000000" : "#ffffff";
    this.changed = changed;
    this.thick = SIDE / 10;
    this.canvas = make("canvas", { class: "pad", tabindex: 0, role: "application", width: Math.round(width * scale),
      height: Math.round(height * scale), "aria-roledescription": "drawing pad",
      "aria-label": "Pad to draw on. The arrow keys move the pen, the space bar lowers and lifts it, Delete clears." });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.told = make("span", { class: "hint", "aria-live": "polite" });
    this.pen = [this.canvas.width / 2, this.canvas.height / 2];
    this.down = false;
    this.colours = colour;
    this.clear();
    this.listen();
  }

  clear() {
    this.context.fillStyle = this.ground;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.empty = true;
  }

  /** Show a picture on the pad, so that one can draw on. */
  put(picture) {
    this.clear();
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    this.empty = false;
  }

  stroke(from, to) {
    const { context } = this;
    context.strokeStyle = this.colour;
    context.lineWidth = this.thick;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + (from[0] === to[0] && from[1] === to[1] ? 0.01 : 0), to[1]);
    context.stroke();
    this.empty = false;
    this.changed();
  }

  /** The drawing as pixels, averaged to the size of the data's pictures. */
  pixels() {
    const { data, height, width } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    return resized({ data, height, width, channels: 4 }, ...this.size, "box");
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.canvas.width, ((event.clientY - box.top) / box.height) * this.canvas.height];
  }

  listen() {
    const { canvas } = this;
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = this.pen = this.place(event);
      this.stroke(last, last);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      const next = this.place(event);
      this.stroke(last, next);
      last = this.pen = next;
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { last = null; });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const step = Math.max(4, this.canvas.width / 28);
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      const before = this.pen, limits = [this.canvas.width, this.canvas.height];
      this.pen = before.map((at, axis) => Math.max(0, Math.min(limits[axis], at + way[axis] * step)));
      if (this.down) this.stroke(before, this.pen);
    } else if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.stroke(this.pen, this.pen);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
      this.changed();
    } else {
      return;
    }
    event.preventDefault();
    const [x, y] = this.pen.map((at, axis) => Math.round((100 * at) / (axis ? this.canvas.height : this.canvas.width)));
    this.told.textContent = `Pen ${this.down ? "down" : "up"}, ${x} % from the left, ${y} % from the top.`;
  }
}
