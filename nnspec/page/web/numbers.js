// The field of a row of numbers: a slider for every column, and a choice where a column holds texts.

import { make } from "./paint.js";

/** What is shown, the values of the row, and a way to set them. */
export function numbersField(field, changed) {
  const row = new Float64Array(field.width), setters = [];
  const element = make("fieldset", {}, make("legend", {}, field.name));
  for (const column of field.columns) {
    element.append(column.options ? choice(column, row, setters, changed) : slider(column, row, setters, changed));
  }
  const set = (values) => {
    values.forEach((value, index) => { row[index] = value; });
    setters.forEach((each) => each());
    changed();
  };
  if (field.rows?.length) {
    let next = 0;
    const another = make("button", { type: "button" }, "Another sample");
    another.addEventListener("click", () => {
      next = (next + 7) % field.rows.length;
      set(field.rows[next]);
    });
    element.append(make("div", { class: "row" }, another));
  }
  const tensorOf = (rows) => ({ type: "float32", data: Float32Array.from(rows.flatMap((each) => [...each])),
    dims: field.rank === 1 ? [rows.length] : [rows.length, field.width] });
  return { element, row, set, tensorOf, tensor: () => tensorOf([row]) };
}

/** The least and greatest number of a slider: those of the data with some room. */
export function range(column) {
  const low = column.low ?? -3, high = column.high ?? 3, room = (high - low || 2) * 0.15;
  return [low - room, high + room];
}

function slider(column, row, setters, changed) {
  const [low, high] = range(column);
  row[column.index] = column.middle ?? 0;
  const slide = make("input", { type: "range", min: low, max: high, step: (high - low) / 400, "aria-label": column.name });
  const exact = make("input", { type: "number", step: "any", "aria-label": `${column.name}, exactly` });
  const show = () => {
    slide.value = row[column.index];
    exact.value = Number(row[column.index].toPrecision(5));
  };
  slide.addEventListener("input", () => { row[column.index] = Number(slide.value); exact.value = Number(row[column.index].toPrecision(5)); changed(); });
  exact.addEventListener("input", () => {
    if (!Number.isFinite(exact.valueAsNumber)) return;
    row[column.index] = exact.valueAsNumber;
    slide.value = row[column.index];
    changed();
  });
  setters.push(show);
  show();
  return make("div", { class: "column" }, make("span", {}, column.name), slide, exact);
}

/** A column of texts: 1 for the one that it holds, 0 for all others. */
function choice(column, row, setters, changed) {
  const select = make("select", { "aria-label": column.name }, ...column.options.map((each) => make("option", {}, each)));
  const take = () => column.indices.forEach((index, place) => { row[index] = place === select.selectedIndex ? 1 : 0; });
  select.addEventListener("change", () => { take(); changed(); });
  setters.push(() => { select.selectedIndex = Math.max(0, column.indices.findIndex((index) => row[index] === 1)); });
  take();
  return make("div", { class: "column" }, make("span", {}, column.name), select);
}

/** The field of one class of a table, which is a number of its own. */
export function choiceField(field, changed) {
  const select = make("select", { "aria-label": field.name }, ...field.options.map((each) => make("option", {}, each)));
  select.addEventListener("change", changed);
  const tensor = () => ({ type: "int64", data: BigInt64Array.of(BigInt(select.selectedIndex)), dims: [1] });
  return { element: make("fieldset", {}, make("div", { class: "column" }, make("span", {}, field.name), select)), tensor };
}
