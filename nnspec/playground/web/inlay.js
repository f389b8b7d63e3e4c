// Shapes behind steps: the inlay hints of the language server, which the client of CodeMirror does not know by itself.
import { LSPPlugin } from "@codemirror/lsp-client";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType } from "@codemirror/view";

class Shape extends WidgetType {
  constructor(text, more) {
    super();
    this.text = text;
    this.more = more;
  }

  eq(other) {
    return other.text === this.text && other.more === this.more;
  }

  toDOM() {
    const shown = document.createElement("span");
    shown.className = "cm-shape";
    shown.textContent = this.text;
    if (this.more) shown.title = this.more;
    return shown;
  }
}

const put = StateEffect.define();
const shapes = StateField.define({
  create: () => Decoration.none,
  update(found, transaction) {
    for (const effect of transaction.effects) if (effect.is(put)) return effect.value;
    return found.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Asks after every change, for the text as it is then; an answer that is overtaken is left out. */
const asking = ViewPlugin.fromClass(class {
  constructor(view) {
    this.ask(view);
  }

  update(update) {
    if (update.docChanged) this.ask(update.view);
  }

  async ask(view) {
    await Promise.resolve(); // the update is over: what it changed can be sent
    const plugin = LSPPlugin.get(view);
    if (!plugin) return;
    const { client } = plugin, { doc } = view.state;
    await client.initializing;
    if (view.state.doc !== doc) return;
    client.sync();
    const asked = performance.now();
    const range = { start: { line: 0, character: 0 }, end: plugin.toPosition(doc.length, doc) };
    const hints = await client.request("textDocument/inlayHint", { textDocument: { uri: plugin.uri }, range }).catch(() => null);
    if (!hints || view.state.doc !== doc) return;
    const found = hints.map(({ position, label, tooltip }) => Decoration.widget({ side: 1,
      widget: new Shape(typeof label === "string" ? label : label.map(({ value }) => value).join(""), tooltip) })
      .range(plugin.fromPosition(position, doc)));
    view.dispatch({ effects: put.of(Decoration.set(found, true)) });
    view.dom.dispatchEvent(new CustomEvent("shapes", { bubbles: true, detail: performance.now() - asked }));
  }
});

export const inlayShapes = { clientCapabilities: { textDocument: { inlayHint: {} } }, editorExtension: [shapes, asking] };
