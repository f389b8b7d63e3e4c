// The plane of two columns: what the network says at every point of it, the samples, and the point that is given.

import { answerOf, key } from "./answer.js";
import { CLASSES, around, css, ground, make, ofClass } from "./paint.js";
import { range } from "./numbers.js";

export const SIDE = 64; // points along each axis
const PIXELS = 360;

/** A plane over two of the columns of a field of numbers. */
export class Plane {
  constructor(place, field, numbers, output, moved) {
    this.field = field;
    this.numbers = numbers;
    this.output = output;
    this.columns = field.columns.filter((column) => column.index !== undefined);
    this.axes = [0, 1];
    this.canvas = make("canvas", { width: PIXELS, height: PIXELS, role: "img", "aria-label": "The plane" });
    this.key = make("div");
    place.append(make("div", { class: "field" }, this.canvas), this.key);
    if (this.columns.length > 2) place.append(this.choices(moved));
    const point = (event) => {
      const box = this.canvas.getBoundingClientRect(), row = [...numbers.row];
      const shares = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
      shares.forEach((share, axis) => { row[this.column(axis).index] = this.number(axis, Math.max(0, Math.min(1, share))); });
      numbers.set(row);
    };
    this.canvas.addEventListener("pointerdown", (event) => { this.canvas.setPointerCapture(event.pointerId); point(event); });
    this.canvas.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  }

  choices(moved) {
    return make("div", { class: "row" }, ...["Across", "Up"].map((words, axis) => {
      const select = make("select", { "aria-label": words }, ...this.columns.map(({ name }) => make("option", {}, name)));
      select.selectedIndex = this.axes[axis];
      select.addEventListener("change", () => { this.axes[axis] = select.selectedIndex; this.image = null; moved(); });
      return make("label", {}, `${words} `, select);
    }));
  }

  column(axis) {
    return this.columns[this.axes[axis]];
  }

  number(axis, share) {
    const [low, high] = range(this.column(axis));
    return low + share * (high - low);
  }

  /** What the plane depends on, besides the network: it is computed again when this changes. */
  get state() {
    const row = [...this.numbers.row];
    row[this.column(0).index] = row[this.column(1).index] = 0;
    return JSON.stringify([row, this.axes]);
  }

  /** All points, from above left to below right. */
  points() {
    const rows = [];
    for (let down = 0; down < SIDE; down++) {
      for (let right = 0; right < SIDE; right++) {
        const row = Float64Array.from(this.numbers.row);
        row[this.column(0).index] = this.number(0, (right + 0.5) / SIDE);
        row[this.column(1).index] = this.number(1, 1 - (down + 0.5) / SIDE);
        rows.push(row);
      }
    }
    return this.numbers.tensorOf(rows);
  }

  /** Keep what the network says at all points, as a small picture. */
  take(result) {
    const answers = Array.from({ length: SIDE * SIDE }, (_, index) => answerOf(this.output, result, index)?.found ?? []);
    this.image = new ImageData(SIDE, SIDE);
    this.found = answers[0];
    const several = this.found.length > 1 && this.output.kind !== "numbers";
    let most = 0;
    for (const [{ value } = { value: 0 }] of answers) most = Math.max(most, Math.abs(value));
    answers.forEach((found, index) => {
      if (!found.length) return;
      const best = found.reduce((greater, each) => (each.value > greater.value ? each : greater));
      if (several) {
        const even = 1 / found.length;
        ofClass(best.number, 0.12 + 0.6 * Math.max(0, (best.value - even) / (1 - even)), this.image.data, index * 4);
      } else {
        around(this.output.kind === "labels" ? 2 * found[0].value - 1 : found[0].value / (most || 1), this.image.data, index * 4);
      }
    });
    this.key.replaceChildren(several ? key(this.found) : "");
  }

  /** Paint the picture, the samples and the point. */
  show() {
    const context = this.canvas.getContext("2d");
    const names = [this.column(0).name, this.column(1).name];
    if (this.image) {
      const small = make("canvas", { width: SIDE, height: SIDE });
      small.getContext("2d").putImageData(this.image, 0, 0);
      context.imageSmoothingEnabled = true;
      context.drawImage(small, 0, 0, PIXELS, PIXELS);
    }
    const at = (axis, value) => {
      const [low, high] = range(this.column(axis)), share = (value - low) / (high - low);
      return PIXELS * (axis ? 1 - share : share);
    };
    const place = (row) => [0, 1].map((axis) => at(axis, row[this.column(axis).index]));
    (this.field.rows ?? []).forEach((row, index) => {
      context.beginPath();
      context.arc(...place(row), 3, 0, 7);
      context.fillStyle = css(CLASSES[(this.field.labels[index] ?? 7) % CLASSES.length]);
      context.fill();
      context.lineWidth = 1;
      context.strokeStyle = css(ground());
      context.stroke();
    });
    const [x, y] = place(this.numbers.row);
    for (const [width, colour] of [[5, css(ground())], [2, getComputedStyle(document.body).color]]) {
      context.beginPath();
      context.arc(x, y, 7, 0, 7);
      context.moveTo(x - 13, y); context.lineTo(x + 13, y);
      context.moveTo(x, y - 13); context.lineTo(x, y + 13);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
    const numbers = names.map((name, axis) => `${name} ${Number(this.numbers.row[this.column(axis).index].toPrecision(3))}`);
    this.canvas.setAttribute("aria-label", `What the network says over ${names[0]} (across) and ${names[1]} (up), with the samples; the point is at ${numbers.join(", ")}. The sliders move it.`);
  }
}
