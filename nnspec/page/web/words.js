// The pre-tokenizers of tokenizer files: each splits pieces of a text further.

const GPT2 = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const BLANK = /\p{White_Space}/gu, PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

/** The parts of a text that match a pattern, and those between. */
function matched(text, pattern, invert = false) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    if (!found[0]) continue;
    if (found.index > at) parts.push([text.slice(at, found.index), invert]);
    parts.push([found[0], !invert]);
    at = found.index + found[0].length;
  }
  if (at < text.length) parts.push([text.slice(at), invert]);
  return parts;
}

const BEHAVIOURS = {
  Removed: (parts) => parts.map(([text, match]) => (match ? "" : text)),
  Isolated: (parts) => parts.map(([text]) => text),
  Contiguous(parts) {
    const found = [];
    parts.forEach(([text, match], index) => {
      if (index && parts[index - 1][1] === match) found[found.length - 1] += text;
      else found.push(text);
    });
    return found;
  },
  MergedWithPrevious: (parts) => merged(parts, (last, text) => last + text),
  MergedWithNext: (parts) => merged([...parts].reverse(), (last, text) => text + last).reverse(),
};

function merged(parts, joined) {
  const found = [];
  let before = false;
  for (const [text, match] of parts) {
    if (match && !before && found.length) found[found.length - 1] = joined(found.at(-1), text);
    else found.push(text);
    before = match;
  }
  return found;
}

const cut = (text, pattern, behaviour, invert) => BEHAVIOURS[behaviour](matched(text, pattern, invert));

const STEPS = {
  ByteLevel(text, { add_prefix_space: blank, use_regex: words = true }) {
    const whole = blank && !text.startsWith(" ") ? ` ${text}` : text;
    return (words ? cut(whole, GPT2, "Isolated") : [whole]).map(asBytes);
  },
  BertPreTokenizer: (text) => cut(text, BLANK, "Removed").flatMap((each) => cut(each, PUNCTUATION, "Isolated")),
  CharDelimiterSplit: (text, { delimiter }) => text.split(delimiter),
  Digits: (text, { individual_digits: single }) => cut(text, /\p{N}/gu, single ? "Isolated" : "Contiguous"),
  Punctuation: (text, { behavior }) => cut(text, PUNCTUATION, behavior),
  Split: (text, { pattern, behavior, invert }) => cut(text, new RegExp(pattern, "gu"), behavior, invert),
  Whitespace: (text) => cut(text, WORD, "Removed", true),
  WhitespaceSplit: (text) => cut(text, BLANK, "Removed"),
  Metaspace(text, { replacement, prepend_scheme: scheme, split: apart }, first) {
    let whole = text.replaceAll(" ", replacement);
    const wanted = scheme === "always" || (scheme === "first" && first);
    if (wanted && !whole.startsWith(replacement)) whole = replacement + whole;
    const mark = new RegExp(replacement.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
    return apart ? cut(whole, mark, "MergedWithNext") : [whole];
  },
};

/** The bytes of a text, each as the letter that stands for it in vocabularies of bytes. */
function asBytes(text) {
  return Array.from(new TextEncoder().encode(text), (byte) => LETTERS[byte]).join("");
}

const LETTERS = (() => {
  let next = 256;
  const seen = (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(seen(byte) ? byte : next++));
})();

/** The words of a text after all the steps; `first` says whether it is where the whole text begins. */
export function split(text, steps, first) {
  let pieces = [[text, first]];
  for (const step of steps) {
    pieces = pieces.flatMap(([piece, start]) =>
      STEPS[step.type](piece, step, start).map((each, index) => [each, start && index === 0]).filter(([each]) => each));
  }
  return pieces.map(([piece]) => piece);
}
