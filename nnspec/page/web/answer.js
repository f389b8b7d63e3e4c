// The answer: classes with their probabilities, labels, numbers; read from the outputs as `nnspec predict` reads them.

import { CLASSES, css, make, ofClass, painted, shown } from "./paint.js";
import { visible } from "./text.js";

const ROWS = 10; // classes that are shown

function softmax(numbers) {
  const most = Math.max(...numbers), powers = numbers.map((each) => Math.exp(each - most));
  const sum = powers.reduce((total, each) => total + each, 0);
  return powers.map((each) => each / sum);
}

/** Scores as probabilities: as they are where they lie within 0 and 1, else by softmax. */
function probabilities(scores) {
  return Math.min(...scores) >= 0 && Math.max(...scores) <= 1 ? scores : softmax(scores);
}

function shares(scores, kind) {
  if (kind === "probabilities") return scores;
  if (kind === "log-probabilities") return scores.map(Math.exp);
  return kind === "logits" ? softmax(scores) : probabilities(scores);
}

function named(names, values) {
  return values.map((value, number) => ({ number, name: names[number] ?? String(number), value }));
}

/** What an output says of the sample at an index: its kind and values with their names; null where it has no meaning. */
export function answerOf(output, { data, dims }, index = 0) {
  const size = dims.slice(1).reduce((product, each) => product * each, 1);
  const row = Array.from(data.slice(index * size, (index + 1) * size), Number);
  const guessed = output.kind === null || dims.length > 2;
  if (guessed) {
    const last = dims.at(-1), known = output.classes.length === last;
    if ((output.kind ?? "classes") !== "classes" || ![2, 3].includes(dims.length) || last < 2) return null;
    if (!known && !(dims.length === 2 && output.called)) return null;
    return { kind: "classes", next: dims.length === 3, found: named(output.classes, probabilities(row.slice(-last))) };
  }
  if (output.kind === "classes") return { kind: "classes", found: named(output.names, shares(row, output.scores)) };
  const names = row.length > 1 ? output.names : [output.field];
  if (output.kind === "numbers") return { kind: "numbers", found: named(names, row) };
  const values = output.scores === "logits" ? row.map((each) => 1 / (1 + Math.exp(-each))) : row;
  return { kind: "labels", found: named(names, values) };
}

/** Show what all outputs say. `write`, where there is one, writes a token behind the text. */
export function showAnswer(place, outputs, results, write) {
  const parts = [], words = [];
  for (const output of outputs) {
    const result = results[output.name], answer = answerOf(output, result);
    if (answer) parts.push(...told(output, answer, outputs.length > 1, write, words));
    else parts.push(...seen(output, result));
  }
  const focused = document.activeElement?.dataset?.token;
  place.replaceChildren(...parts);
  if (focused !== undefined) (place.querySelector(`[data-token="${CSS.escape(focused)}"]`) ?? place.querySelector("button"))?.focus();
  return words.join("; ");
}

function told(output, { kind, found, next }, several, write, words) {
  const parts = [];
  const best = found.reduce((most, each) => (each.value > most.value ? each : most));
  const asShare = kind !== "numbers";
  if (kind === "classes") {
    const share = `${(100 * best.value).toFixed(1)} %`;
    words.push(`${visible(best.name)}, ${share}`);
    parts.push(make("p", { class: "verdict" }, next ? visible(best.name) : best.name, " ", make("small", {}, `${next ? "comes next, " : ""}${share}`)));
  }
  const few = found.length <= 12 && !next;
  const rows = few ? found : [...found].sort((a, b) => b.value - a.value).slice(0, ROWS);
  const table = make("table", {}, make("caption", {}, several || kind === "numbers" ? output.name : `${kind === "labels" ? "Labels" : "Classes"}`));
  for (const { number, name, value } of rows) {
    const head = next && write && !name.includes("\ufffd") ? button(name, write) : name;
    const bar = make("span", {});
    bar.style.width = `${asShare ? 100 * Math.min(1, Math.max(0, value)) : 0}%`;
    const exact = make("data", { value }, asShare ? `${(100 * value).toFixed(2)} %` : shown(value));
    table.append(make("tr", { "data-class": number }, make("th", { scope: "row", class: number === best.number && asShare ? "best" : null }, head),
      make("td", { class: "number" }, exact), asShare ? make("td", { class: "bar" }, bar) : ""));
    if (kind !== "classes" && rows.length <= 4) words.push(`${name} ${asShare ? `${(100 * value).toFixed(1)} %` : shown(value)}`);
  }
  return [...parts, table];
}

function button(name, write) {
  const made = make("button", { type: "button", "data-token": name, "aria-label": `Write ${visible(name)}` }, visible(name));
  made.addEventListener("click", () => write(name));
  return made;
}

/** An output that is a picture, or classes of pixels; of all others their few numbers. */
function seen(output, { data, dims }) {
  const title = make("p", { class: "hint" }, `${output.name} [${dims.join(", ")}]`);
  if (dims.length !== 4 || dims[2] * dims[3] < 4) {
    return data.length <= 8 ? [title, make("p", {}, Array.from(data, (each) => shown(Number(each))).join("  "))] : [title];
  }
  const [, channels, height, width] = dims, plane = height * width;
  const canvas = make("canvas", { class: "picture", role: "img", "aria-label": `${output.name}, as a picture` });
  const classes = output.kind === "classes" && channels > 1;
  let low = 0, high = 1;
  if (!classes) for (const each of data) { low = Math.min(low, each); high = Math.max(high, each); }
  painted(canvas, width, height, (into) => {
    for (let pixel = 0; pixel < plane; pixel++) {
      const at = (channel) => data[channel * plane + pixel];
      if (classes) {
        let best = 0;
        for (let channel = 1; channel < channels; channel++) if (at(channel) > at(best)) best = channel;
        ofClass(best, 1, into, pixel * 4);
      } else {
        const level = (channel) => (255 * (at(channels >= 3 ? channel : 0) - low)) / (high - low);
        into.set([level(0), level(1), level(2), 255], pixel * 4);
      }
    }
  });
  return [title, canvas, ...(classes ? [key(named(output.names, new Array(channels).fill(0)))] : [])];
}

/** The colours of classes in words. */
export function key(found) {
  return make("div", { class: "key" }, ...found.map(({ number, name }) => {
    const swatch = make("span", { class: "swatch" });
    swatch.style.background = css(CLASSES[number % CLASSES.length]);
    return make("span", {}, swatch, name);
  }));
}
