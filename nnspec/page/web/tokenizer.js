// Tokens of a text by the steps of a tokenizer file, in the order of the package `tokenizers`: added tokens are cut out,
// the rest is normalised, split into words, and each word becomes tokens.

import { normalised } from "./normal.js";
import { split } from "./words.js";

/** The tokenizer of a file: `encode` gives the numbers of the tokens of a text, without those around it. */
export class Tokenizer {
  constructor({ normalizers, splitters, model, added, truncation }) {
    Object.assign(this, { normalizers, splitters, truncation });
    this.word = MODELS[model.type](model);
    this.raw = cutter(added.filter((each) => !each.normalized), (text) => text);
    this.normal = cutter(added.filter((each) => each.normalized), (text) => normalised(text, normalizers));
  }

  encode(text) {
    const found = [];
    for (const [piece, number, first] of this.raw(text, true)) {
      if (number !== null) found.push(number);
      else {
        for (const [part, known, start] of this.normal(normalised(piece, this.normalizers), first)) {
          if (known !== null) found.push(known);
          else for (const word of split(part, this.splitters, start)) this.word(word, found);
        }
      }
    }
    if (!this.truncation) return found;
    const { most, left } = this.truncation;
    return left ? found.slice(Math.max(0, found.length - most)) : found.slice(0, most);
  }
}

/** Cuts added tokens out of a text: pieces with their number, or null, and whether they begin the text. */
function cutter(added, change) {
  if (!added.length) return (text, first) => (text ? [[text, null, first]] : []);
  const known = new Map(added.map((each) => [change(each.content), each]));
  const longest = [...known.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longest.map((each) => each.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "gu");
  return (text, first) => {
    const pieces = [];
    let at = 0;
    const rest = (end) => { if (end > at) pieces.push([text.slice(at, end), null, first && at === 0]); };
    for (const found of text.matchAll(pattern)) {
      const token = known.get(found[0]);
      let start = found.index, end = start + found[0].length;
      if (start < at) continue;
      if (token.lstrip) start = Math.max(at, text.slice(0, start).replace(/\p{White_Space}+$/u, "").length);
      if (token.rstrip) end += /^\p{White_Space}*/u.exec(text.slice(end))[0].length;
      rest(start);
      pieces.push([null, token.id, false]);
      at = end;
    }
    rest(text.length);
    return pieces;
  };
}

const MODELS = { BPE: byPairs, WordPiece: byPieces, WordLevel: byWords };

function byWords({ vocab, unk_token: rare }) {
  const known = new Map(Object.entries(vocab));
  return (word, into) => {
    const number = known.get(word) ?? known.get(rare);
    if (number === undefined) throw new Error(`the tokenizer knows no ${JSON.stringify(word)}`);
    into.push(number);
  };
}

/** The longest piece first; a word that does not come out even is one unknown token. */
function byPieces({ vocab, unk_token: rare, continuing_subword_prefix: prefix, max_input_chars_per_word: most }) {
  const known = new Map(Object.entries(vocab));
  return (word, into) => {
    const letters = Array.from(word), found = [];
    let start = letters.length > most ? -1 : 0;
    while (start >= 0 && start < letters.length) {
      let end = letters.length, number;
      for (; end > start; end--) {
        number = known.get((start ? prefix : "") + letters.slice(start, end).join(""));
        if (number !== undefined) break;
      }
      if (number === undefined) start = -1;
      else { found.push(number); start = end; }
    }
    if (start >= 0) into.push(...found);
    else if (known.has(rare)) into.push(known.get(rare));
    else throw new Error(`the tokenizer knows no ${JSON.stringify(word)}`);
  };
}

/** Letters, of which the pair that comes first in the list of merges becomes one, until none is left. */
function byPairs(model) {
  const known = new Map(Object.entries(model.vocab)), prefix = model.continuing_subword_prefix ?? "";
  const suffix = model.end_of_word_suffix ?? "", merges = new Map();
  model.merges.forEach((pair, rank) => {
    const [left, right] = typeof pair === "string" ? pair.split(" ") : pair;
    const key = `${known.get(left)} ${known.get(right)}`;
    merges.set(key, { rank, number: known.get(left + right.slice(prefix.length)) });
  });
  const letters = (word) => {
    const all = Array.from(word), found = [];
    let unknown = false;
    all.forEach((letter, index) => {
      const token = (index ? prefix : "") + letter + (index === all.length - 1 ? suffix : "");
      const number = known.get(token);
      if (number !== undefined) { found.push(number); unknown = false; return; }
      const bytes = model.byte_fallback ? Array.from(new TextEncoder().encode(token), byteToken) : null;
      if (bytes && bytes.every((each) => known.has(each))) {
        found.push(...bytes.map((each) => known.get(each)));
        unknown = false;
      } else if (model.unk_token !== null && model.unk_token !== undefined) {
        if (!known.has(model.unk_token)) throw new Error(`the tokenizer knows no ${JSON.stringify(letter)}`);
        if (!(unknown && model.fuse_unk)) found.push(known.get(model.unk_token));
        unknown = true;
      }
    });
    return found;
  };
  const memory = new Map();
  return (word, into) => {
    if (model.ignore_merges && known.has(word)) { into.push(known.get(word)); return; }
    let found = memory.get(word);
    if (!found) {
      found = letters(word);
      for (;;) {
        let best = null, at = -1;
        for (let index = 0; index + 1 < found.length; index++) {
          const merge = merges.get(`${found[index]} ${found[index + 1]}`);
          if (merge && (!best || merge.rank < best.rank)) [best, at] = [merge, index];
        }
        if (!best) break;
        found.splice(at, 2, best.number);
      }
      if (memory.size < 10_000) memory.set(word, found);
    }
    for (const number of found) into.push(number);
  };
}

function byteToken(byte) {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}
