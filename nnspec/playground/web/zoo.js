// Files of the zoo that a definition lies in: shown read-only in the place of the text, with a way back.
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { look, spec } from "./language.js";

const find = (id) => document.getElementById(id);

export class Zoo {
  /** `home` is the editor of the text, and `uri` what the language server calls it. */
  constructor(client, home, uri) {
    Object.assign(this, { client, home, uri });
    this.way = []; // the files that led to the one that is shown, and where the cursor was in them
    this.view = null;
    find("back").addEventListener("click", () => this.back());
  }

  /** The editor that shows a file; null where the page does not have it. */
  async show(uri) {
    if (uri === this.uri) {
      this.close();
      this.home.focus();
      return this.home;
    }
    if (this.view && this.file === uri) return this.view;
    const name = /\/specs\/((?:[\w.]+\/)*[\w.]+\.nn)$/.exec(uri)?.[1];
    const found = name ? await fetch(`texts/${name}`) : null;
    if (!found?.ok) return null;
    const text = await found.text();
    if (this.view) this.way.push([this.file, this.view.state.selection.main.head]);
    this.open(uri, name, text);
    return this.view;
  }

  open(uri, name, text) {
    this.view?.destroy();
    this.file = uri;
    find("other").hidden = false;
    find("editor").hidden = true;
    find("other-name").textContent = `${name} of the zoo, read only`;
    this.view = new EditorView({ doc: text, parent: find("other-text"), extensions: [basicSetup, spec, ...look,
      EditorState.readOnly.of(true), EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": `${name} of the zoo, read only; Escape leads back` }),
      keymap.of([{ key: "Escape", run: () => { this.back(); return true; } }]),
      this.client.plugin(uri, "nnspec")] });
    this.view.focus();
  }

  /** Back to where the definition was asked for. */
  async back() {
    const last = this.way.pop();
    if (!last) {
      this.close();
      this.home.focus();
      return;
    }
    const [uri, place] = last;
    this.view.destroy();
    this.view = null;
    await this.show(uri);
    this.view.dispatch({ selection: { anchor: place }, scrollIntoView: true });
  }

  close() {
    this.view?.destroy();
    this.view = null;
    this.way = [];
    find("other").hidden = true;
    find("editor").hidden = false;
  }
}
