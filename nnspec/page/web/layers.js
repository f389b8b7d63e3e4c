// The layers: each opens to what it makes of the input, as maps, units or rows in colours; the arrows tell the numbers.

import { around, make, painted, shown } from "./paint.js";

const OPEN = 14; // layers that are open at first, if there are no more
const MOST = 64; // maps of a layer that are shown
const TILE = 84; // pixels that a map is brought to, about

/** The list of layers; `wanted` are the tensors of those that are open. */
export class Layers {
  constructor(place, layers, changed) {
    this.parts = layers.map((layer, index) => {
      const title = make("summary", {}, layer.words.join(", "), make("span", { class: "shape" }, `[${layer.shape.join(", ")}]`));
      const body = make("div", { class: "map" });
      const element = make("details", { open: layers.length <= OPEN || index < 3 }, title, body);
      element.addEventListener("toggle", () => { if (element.open) changed(); });
      place.append(element);
      return { layer, element, body };
    });
  }

  get wanted() {
    return this.parts.filter(({ element }) => element.open).map(({ layer }) => layer.value);
  }

  openAll(open) {
    for (const { element } of this.parts) element.open = open;
  }

  /** Show the results of one sample; or, where `side` is given, those of all points of a square, as maps of units. */
  show(results, side = 0) {
    for (const { layer, element, body } of this.parts) {
      const result = results[layer.value];
      if (element.open && result) showTensor(body, layer.words.at(-1), result, side);
    }
  }
}

/** The maps [count, rows, columns] of a tensor, and what a place in them is called; null where it has no picture. */
function maps({ data, dims }, side) {
  const at = (index) => Number(data[index]);
  if (side && dims.length === 2 && dims[0] === side * side) {
    const units = dims[1];
    return { count: units, rows: side, columns: side, what: "unit", at: (map, row, column) => at((row * side + column) * units + map) };
  }
  if (side) return null;
  const inner = dims[0] === 1 && dims.length > 1 ? dims.slice(1) : dims; // positions have no dimension of samples
  const size = inner.reduce((product, each) => product * each, 1);
  if (inner.length === 3 && inner[1] * inner[2] > 1) {
    const [count, rows, columns] = inner;
    return { count, rows, columns, what: "map", at: (map, row, column) => at((map * rows + row) * columns + column) };
  }
  if (inner.length === 2 && inner[0] > 1 && inner[1] > 1) {
    return { count: 1, rows: inner[0], columns: inner[1], what: "", at: (map, row, column) => at(row * inner[1] + column) };
  }
  if (size < 1 || size > 8192 || inner.length > 3) return null;
  const columns = Math.min(size, 32), rows = Math.ceil(size / columns);
  return { count: 1, rows, columns, what: "", units: size, at: (map, row, column) => at(row * columns + column) };
}

function showTensor(body, name, result, side) {
  const found = maps(result, side);
  if (!found) {
    body.replaceChildren(make("p", { class: "hint" }, `[${result.dims.join(", ")}] has no picture here.`));
    return;
  }
  let low = Infinity, high = -Infinity;
  for (const each of result.data) { low = Math.min(low, Number(each)); high = Math.max(high, Number(each)); }
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const count = Math.min(found.count, MOST), { rows, columns } = found;
  const scale = Math.max(1, Math.round((found.what ? TILE : 16 * Math.min(columns, 32)) / columns));
  const wide = columns * scale + 6, across = Math.max(1, Math.min(count, Math.floor((body.clientWidth || 320) / wide)));
  const width = Math.min(count, across) * wide, height = Math.ceil(count / across) * (rows * scale + 6);
  let canvas = body.querySelector("canvas"), told = body.querySelector("output");
  if (!canvas) {
    canvas = make("canvas", { role: "img", tabindex: 0 });
    told = make("output", { "aria-live": "polite" });
    body.replaceChildren(canvas, told);
    probe(canvas, told);
  }
  const cut = found.count > count ? `, the first ${count} of them` : "";
  const words = found.what ? `${found.count} ${found.what}s of ${rows} by ${columns}${cut}` : `${found.units ?? `${rows} by ${columns}`} numbers`;
  canvas.setAttribute("aria-label", `${name}: ${words}, from ${shown(low)} to ${shown(high)}. The arrow keys tell each number.`);
  canvas.title = `from ${shown(low)} to ${shown(high)}`;
  painted(canvas, width, height, (into) => {
    for (let map = 0; map < count; map++) {
      const left = (map % across) * wide, top = Math.floor(map / across) * (rows * scale + 6);
      for (let y = 0; y < rows * scale; y++) {
        for (let x = 0; x < columns * scale; x++) {
          const row = Math.floor(y / scale), column = Math.floor(x / scale);
          if (found.units !== undefined && row * columns + column >= found.units) continue;
          around(found.at(map, row, column) / most, into, ((top + y) * width + left + x) * 4);
        }
      }
    }
  });
  canvas.probed = { ...found, count, scale, wide, across, high: rows * scale + 6 };
}

/** The number at a place: that under the pointer, or that which the arrow keys have come to. */
function probe(canvas, told) {
  let map = 0, row = 0, column = 0;
  const tell = () => {
    const found = canvas.probed;
    if (map >= found.count || row >= found.rows || column >= found.columns) return;
    if (found.units !== undefined && row * found.columns + column >= found.units) return;
    const place = found.units !== undefined ? `unit ${row * found.columns + column}` : `${found.what ? `${found.what} ${map}, ` : ""}row ${row}, column ${column}`;
    told.textContent = `${place}: ${shown(found.at(map, row, column))}`;
  };
  canvas.addEventListener("pointermove", (event) => {
    const { scale, wide, across, high } = canvas.probed, box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) * canvas.width) / box.width, y = ((event.clientY - box.top) * canvas.height) / box.height;
    map = Math.floor(y / high) * across + Math.floor(x / wide);
    [row, column] = [Math.floor((y % high) / scale), Math.floor((x % wide) / scale)];
    tell();
  });
  canvas.addEventListener("keydown", (event) => {
    const { rows, columns, count } = canvas.probed;
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (way) [row, column] = [Math.max(0, Math.min(rows - 1, row + way[0])), Math.max(0, Math.min(columns - 1, column + way[1]))];
    else if (event.key === "PageDown") map = Math.min(count - 1, map + 1);
    else if (event.key === "PageUp") map = Math.max(0, map - 1);
    else return;
    event.preventDefault();
    tell();
  });
}
