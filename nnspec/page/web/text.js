// The field of a text: typed, cut into the tokens of training, and shown as these.

import { make } from "./paint.js";
import { Tokenizer } from "./tokenizer.js";

const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/; // what Python splits at
const SHOWN = 200; // tokens

/** The numbers of a text's tokens, as `nnspec predict` counts them; an error says what is not known. */
export function encoded(text, field) {
  if (field.unit === "tokenizer") return surrounded(text, field);
  const index = (field.index ??= new Map(field.tokens.map((token, number) => [token, number])));
  const tokens = field.unit === "word" ? text.split(BLANKS).filter(Boolean) : Array.from(text);
  const numbers = tokens.map((token) => {
    if (index.has(token)) return index.get(token);
    if (field.rare === null) throw new Error(`${JSON.stringify(token)} is none of the characters that the network was trained on`);
    return field.rare;
  });
  return field.most === null ? numbers : numbers.slice(0, field.most);
}

/** The numbers of a tokenizer's tokens, and those that stand around every text. */
function surrounded(text, field) {
  const tokenizer = (field.steps ??= new Tokenizer(field.tokenizer));
  const numbers = [...field.before, ...tokenizer.encode(text).map((number) => field.numbers[number]), ...field.after];
  return field.most === null ? numbers : numbers.slice(0, field.most);
}

/** What is shown, the tensor of the text, and a way to write on. */
export function textField(field, changed) {
  const area = make("textarea", { "aria-label": field.name, spellcheck: "false" });
  area.value = field.samples?.[0] ?? "";
  const tokens = make("div", { class: "tokens", "aria-label": "The tokens that the network reads", role: "group", tabindex: 0 });
  const told = make("p", { class: "hint" });
  const numbers = () => {
    const all = encoded(area.value, field);
    if (!all.length) throw new Error("type a text");
    if (field.fixed && all.length !== field.window) {
      if (all.length > field.window) return all.slice(-field.window);
      throw new Error(`the network reads ${field.window} tokens, and these are ${all.length}`);
    }
    return field.window && all.length > field.window ? all.slice(-field.window) : all;
  };
  const show = () => {
    tokens.replaceChildren();
    told.textContent = "";
    try {
      const read = numbers(), cut = encoded(area.value, field).length - read.length;
      for (const number of read.slice(-SHOWN)) {
        tokens.append(make("span", { class: number === field.rare ? "rare" : null }, visible(field.tokens[number])));
      }
      told.textContent = cut > 0 ? `The network reads ${read.length} tokens at most: the first ${cut} are not read.` : "";
    } catch { /* what is wrong is told by the answer */ }
  };
  area.addEventListener("input", () => { show(); changed(); });
  const parts = [make("legend", {}, `${field.name}: type a text`), area, tokens, told];
  if (field.samples?.length > 1) {
    let next = 0;
    const another = make("button", { type: "button" }, "Another sample");
    another.addEventListener("click", () => { next = (next + 1) % field.samples.length; put(field.samples[next]); });
    parts.push(make("div", { class: "row" }, another));
  }
  const put = (text) => { area.value = text; show(); changed(); };
  const tensor = () => {
    const read = numbers();
    return { type: "int64", data: BigInt64Array.from(read, BigInt), dims: [1, read.length] };
  };
  const add = (token) => put(area.value + (field.unit === "word" && area.value ? " " : "") + token);
  show();
  return { element: make("fieldset", {}, ...parts), tensor, add };
}

/** A token that can be seen. */
export function visible(token) {
  return token.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "→");
}
