// The colours of a spec: keywords, layers, labels, numbers, strings; and how the editor looks.
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const KEYWORDS = new Set(["import", "as", "model", "block", "input", "output", "train", "phase", "for", "in", "if", "else", "scan",
  "each", "carry", "residual", "skip", "concat", "add", "multiply", "training", "and", "or", "not", "x"]);

export const spec = StreamLanguage.define({
  name: "nnspec",
  languageData: { commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
  startState: () => ({}),
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/#.*/)) return "comment";
    if (stream.match(/"(?:[^"\\\n]|\\.)*"?/)) return "string";
    if (stream.match(/\d+\s+(?=x\b)/)) return "number";
    if (stream.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?/i)) return "number";
    if (stream.match(/[A-Za-z_]\w*(?:\.\w+)*(?=[ \t]*:)/)) return "labelName";
    if (stream.match(/true\b|false\b|none\b/)) return "atom";
    const word = stream.match(/[A-Za-z_]\w*/);
    if (word) return KEYWORDS.has(word[0]) ? "keyword" : /^[A-Z]\w*[a-z]/.test(word[0]) ? "typeName" : "variableName";
    if (stream.match(/->|\*\*|\/\/|[=!<>]=|[-+*/%@=<>?]/)) return "operator";
    stream.next();
    return null;
  },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--keyword)" },
  { tag: [tags.typeName, tags.className, tags.function(tags.definition(tags.variableName))], color: "var(--layer)" },
  { tag: tags.labelName, color: "var(--label)" },
  { tag: [tags.number, tags.atom, tags.bool], color: "var(--number)" },
  { tag: tags.string, color: "var(--string)" },
  { tag: tags.comment, color: "var(--comment)" },
]);

export const look = [syntaxHighlighting(colours), EditorView.theme({
  "&": { height: "100%", fontSize: "14px" },
  ".cm-scroller": { overflow: "auto", fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace', lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--soft)", color: "var(--quiet)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection": { backgroundColor: "var(--chosen) !important" },
  ".cm-tooltip": { backgroundColor: "var(--soft)", color: "var(--ink)", border: "1px solid var(--edge)", maxWidth: "560px" },
  ".cm-lsp-documentation": { padding: "4px 10px", overflow: "auto", maxHeight: "320px" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap" },
  ".cm-diagnosticAction": { backgroundColor: "var(--ink)", color: "var(--paper)" },
  ".cm-panels": { backgroundColor: "var(--soft)", color: "var(--ink)" },
})];
