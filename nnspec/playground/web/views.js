// The views beside the text: of them the one that is open is kept as the text is, and one answer at a time is waited for.
import { python } from "@codemirror/lang-python";
import { EditorState } from "@codemirror/state";
import { EditorView, basicSetup } from "codemirror";
import { look } from "./language.js";
import { view as asked } from "./python.js";

const NAMES = ["summary", "picture", "source"];
const PATIENCE = 400; // milliseconds without a change before a picture is drawn again

/** The tabs and their contents. `text` gives the text as it is; `told` hears of every view with the time that it took,
 * and `led` of the place in a file that a part of the picture leads to. */
export class Views {
  constructor(text, models, told, led) {
    this.text = text;
    this.models = models;
    this.told = told;
    this.name = "summary";
    this.stale = document.getElementById("stale");
    this.tabs = NAMES.map((name) => document.getElementById(`tab-${name}`));
    this.source = new EditorView({ parent: document.getElementById("view-source"), extensions: [basicSetup, python(), ...look,
      EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-label": "PyTorch source" })] });
    this.frame = document.querySelector("#view-picture iframe");
    this.tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => this.choose(NAMES[index]));
      tab.addEventListener("keydown", ({ key }) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
        if (step) this.choose(NAMES[(index + step + NAMES.length) % NAMES.length], true);
      });
    });
    models.addEventListener("change", () => this.changed());
    addEventListener("message", ({ source, data }) => {
      if (source !== this.frame.contentWindow) return;
      if (data.ready && this.page) source.postMessage({ page: this.page, state: this.state }, "*");
      if (data.state) this.state = data.state; // which blocks are open: kept for the next picture
      if (data.place) led(this.files[data.place[0]] ?? "", data.place[1]);
    });
  }

  choose(name, focus = false) {
    this.name = name;
    NAMES.forEach((each, index) => {
      this.tabs[index].setAttribute("aria-selected", String(each === name));
      this.tabs[index].tabIndex = each === name ? 0 : -1;
      document.getElementById(`view-${each}`).hidden = each !== name;
    });
    if (focus) this.tabs[NAMES.indexOf(name)].focus();
    this.changed();
  }

  /** The text, the model or the view is another one. */
  changed() {
    clearTimeout(this.later);
    this.begun ??= performance.now();
    this.later = this.name === "picture" && this.page ? setTimeout(() => this.ask(), PATIENCE) : undefined;
    if (!this.later) this.ask();
  }

  async ask() {
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    while (this.again) {
      this.again = false;
      const { begun } = this;
      this.begun = undefined;
      this.show(await asked(this.text(), this.name, this.models.value));
      this.told(this.name, performance.now() - (begun ?? performance.now()));
    }
    this.busy = false;
  }

  show(found) {
    this.stale.hidden = !found.refused;
    this.stale.textContent = found.refused ? `${found.refused} This is the view before.` : "";
    if (JSON.stringify(found.models) !== this.known) {
      this.known = JSON.stringify(found.models);
      this.models.replaceChildren(...found.models.map((name) => new Option(name)));
    }
    if (found.model) this.models.value = found.model;
    if (found.table !== undefined) document.getElementById("view-summary").innerHTML = found.table; // every word in it is escaped
    if (found.text !== undefined) this.source.dispatch({ changes: { from: 0, to: this.source.state.doc.length, insert: found.text } });
    if (found.page !== undefined) {
      this.page = found.page;
      this.files = found.files;
      this.frame.src = "picture.html"; // it says when it is ready to take the page
    }
  }
}
