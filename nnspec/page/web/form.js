// The form: a field for every input of the network, and the tensors that it is given.

import { choiceField, numbersField } from "./numbers.js";
import { pictureField } from "./picture.js";
import { textField } from "./text.js";

const KINDS = { picture: pictureField, numbers: numbersField, choice: choiceField, text: textField };

/** The fields by the names of their inputs, in `place`. */
export function form(inputs, place, changed) {
  const fields = new Map();
  for (const input of inputs) {
    if (!(input.kind in KINDS)) continue; // it follows from a text
    const made = KINDS[input.kind](input, changed);
    fields.set(input.name, made);
    place.append(made.element);
  }
  return fields;
}

/** What the network is given. Throws an error with what is still missing. */
export function feeds(inputs, fields) {
  const found = {};
  for (const [name, field] of fields) found[name] = field.tensor();
  for (const input of inputs) {
    if (fields.has(input.name)) continue;
    const text = found[input.of] ?? Object.values(found).find((each) => each.type === "int64" && each.dims.length === 2);
    const data = input.kind === "lengths" ? [text.dims[1]] : new Array(text.dims[1]).fill(input.value);
    found[input.name] = { type: "int64", data: BigInt64Array.from(data, BigInt), dims: input.kind === "lengths" ? [1] : text.dims };
  }
  return found;
}
