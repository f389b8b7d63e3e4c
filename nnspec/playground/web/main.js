// The page: an editor that speaks to the language server in Python, views beside it, a menu, and links that hold the text.
import { LSPClient, findReferencesKeymap, formatDocument, formatKeymap, hoverTooltips, jumpToDefinition, jumpToDefinitionKeymap,
  renameKeymap, serverCompletion } from "@codemirror/lsp-client";
import { indentWithTab } from "@codemirror/commands";
import { lintKeymap } from "@codemirror/lint";
import { StateEffect } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { inlayShapes } from "./inlay.js";
import { look, spec } from "./language.js";
import { packed, unpacked } from "./link.js";
import { mistakesIn } from "./mistakes.js";
import { serving, transport } from "./python.js";
import { Views } from "./views.js";
import { Zoo } from "./zoo.js";

const URI = "playground:/spec.nn", FIRST = "LeNet5";
const find = (id) => document.getElementById(id);
const status = find("status"), menu = find("menu"), models = find("model");
const times = {};

find("serve").hidden = true;
start().catch((problem) => { status.textContent = problem.message; status.className = "wrong"; });

async function start() {
  const entries = await (await fetch("menu.json")).json();
  const first = (await unpacked(location.hash)) ?? (await chosen(named(entries, location.hash) ?? named(entries, `#${FIRST}`)));
  fill(entries);
  if (first.entry) menu.value = String(entries.indexOf(first.entry));
  const client = new LSPClient({ timeout: 60_000, sanitizeHTML: cleaned, extensions: [inlayShapes, mistakesIn(find("mistakes"), URI),
    serverCompletion(), hoverTooltips(),
    keymap.of([...jumpToDefinitionKeymap, ...findReferencesKeymap]), EditorView.domEventHandlers({ mousedown: defined })] });
  const editor = new EditorView({ doc: first.text, parent: find("editor"), extensions: [basicSetup, spec, ...look, keymap.of(lintKeymap),
    EditorView.contentAttributes.of({ "aria-label": "Text of the network; Escape, then Tab leaves it", spellcheck: "false" }),
    keymap.of([indentWithTab, ...formatKeymap, ...renameKeymap]),
    EditorView.lineWrapping,
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      if (document.body.dataset.ready) client.sync(); // the server has the text before a view of it is asked for
      views.changed();
    })] });
  const views = new Views(() => editor.state.doc.toString(), models, (name, took) => {
    times.first ??= performance.now();
    tell({ [name]: took });
  }, (file, start) => lead(editor, zoo, file, start));
  const zoo = new Zoo(client, editor, URI);
  client.workspace.displayFile = (uri) => zoo.show(uri); // the workspace of the client knows one file only
  document.addEventListener("shapes", ({ detail }) => tell({ shapes: detail }));
  models.append(new Option(first.model));
  models.value = first.model;
  views.changed();

  menu.addEventListener("change", async () => {
    if (!menu.value) return;
    const next = await chosen(entries[Number(menu.value)]);
    models.replaceChildren(new Option(next.model));
    views.known = "";
    zoo.close();
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: next.text }, selection: { anchor: 0 }, scrollIntoView: true });
  });
  find("format").addEventListener("click", () => {
    zoo.close();
    formatDocument(editor);
    editor.focus();
  });
  find("share").addEventListener("click", async () => {
    history.replaceState(null, "", `#${await packed(editor.state.doc.toString(), models.value)}`);
    try {
      await navigator.clipboard.writeText(location.href);
      status.textContent = "The link is copied; the text is in it.";
    } catch {
      status.textContent = "The link is in the address line; the text is in it.";
    }
  });

  await serving;
  client.connect(transport);
  await client.initializing;
  editor.dispatch({ effects: appended(client.plugin(URI, "nnspec")) });
  document.body.dataset.ready = "true"; // who drives the page waits for it
}

function appended(extension) {
  return StateEffect.appendConfig.of(extension);
}

/** With Ctrl, or Command, a click leads to the definition of a name. */
function defined(event, view) {
  const place = event.button === 0 && (event.ctrlKey || event.metaKey) ? view.posAtCoords({ x: event.clientX, y: event.clientY }) : null;
  if (place === null) return false;
  view.dispatch({ selection: { anchor: place } });
  return jumpToDefinition(view);
}

/** Lead to a place that the picture tells: of the text, or of a file of the zoo; places count whole characters. */
async function lead(editor, zoo, file, start) {
  const view = await zoo.show(file || URI);
  if (!view) return;
  const anchor = Array.from(view.state.doc.toString()).slice(0, start).join("").length;
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
}

/** The entry of the menu that an address names: `#resnet50`. */
function named(entries, hash) {
  const wanted = decodeURIComponent(hash.slice(1)).toLowerCase();
  return entries.find(({ name }) => name.toLowerCase() === wanted);
}

async function chosen(entry) {
  return { entry, text: await (await fetch(`texts/${entry.file}`)).text(), model: entry.model };
}

function fill(entries) {
  let group = null;
  entries.forEach(({ name, group: title }, index) => {
    if (group?.label !== title) {
      group = Object.assign(document.createElement("optgroup"), { label: title });
      menu.append(group);
    }
    group.append(new Option(name, index));
  });
}

/** Say how long things take: the first summary since the page was opened, and what the last change took. */
function tell(took) {
  Object.assign(times, took);
  const first = `first view after ${(times.first / 1000).toFixed(1)} s`;
  const last = Object.entries(times).filter(([name]) => name !== "first").map(([name, each]) => `${name} ${Math.round(each)} ms`);
  status.textContent = [first, ...last].join(", ");
  status.className = "";
}

/** What the server writes as Markdown may hold words of the text: only plain elements are kept. */
function cleaned(html) {
  const kept = new Set(["P", "PRE", "CODE", "EM", "STRONG", "UL", "OL", "LI", "BR", "HR", "H1", "H2", "H3", "H4", "TABLE", "THEAD",
    "TBODY", "TR", "TH", "TD", "SPAN", "DIV", "BLOCKQUOTE"]);
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const element of [...parsed.body.querySelectorAll("*")]) {
    if (!kept.has(element.tagName)) element.replaceWith(...element.childNodes);
    else for (const { name } of [...element.attributes]) if (name !== "class") element.removeAttribute(name);
  }
  return parsed.body.innerHTML;
}
