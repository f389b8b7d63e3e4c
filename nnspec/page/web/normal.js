// The normalizers of tokenizer files: each takes a text and gives another one.

const CHINESE = [[0x4e00, 0x9fff], [0x3400, 0x4dbf], [0x20000, 0x2a6df], [0x2a700, 0x2b73f], [0x2b740, 0x2b81f], [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff], [0x2f800, 0x2fa1f]];

const each = (text, change) => Array.from(text, change).join("");
const lower = (text) => each(text, (letter) => letter.toLowerCase()); // letter by letter, as the package does

const STEPS = {
  NFC: (text) => text.normalize("NFC"),
  NFD: (text) => text.normalize("NFD"),
  NFKC: (text) => text.normalize("NFKC"),
  NFKD: (text) => text.normalize("NFKD"),
  Lowercase: lower,
  Strip(text, { strip_left: left, strip_right: right }) {
    const begun = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? begun.replace(/\p{White_Space}+$/u, "") : begun;
  },
  StripAccents: (text) => text.replace(/\p{M}/gu, ""),
  Prepend: (text, { prepend }) => (text ? prepend + text : text),
  Replace: (text, { pattern, content }) => text.replace(new RegExp(pattern, "gu"), () => content),
  BertNormalizer(text, { clean_text: clean, handle_chinese_chars: chinese, strip_accents: accents, lowercase }) {
    if (clean) text = each(text.replace(/[\0\ufffd]|(?![\t\n\r])\p{C}/gu, ""), (letter) => (/\p{White_Space}/u.test(letter) ? " " : letter));
    if (chinese) text = each(text, (letter) => (isChinese(letter.codePointAt(0)) ? ` ${letter} ` : letter));
    if (accents ?? lowercase) text = text.normalize("NFD").replace(/\p{Mn}/gu, "");
    return lowercase ? lower(text) : text;
  },
};

function isChinese(code) {
  return CHINESE.some(([first, last]) => first <= code && code <= last);
}

/** A text after all the steps. */
export function normalised(text, steps) {
  return steps.reduce((found, step) => STEPS[step.type](found, step), text);
}
