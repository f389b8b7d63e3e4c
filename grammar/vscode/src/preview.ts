// The network beside its text: the page of `nnspec draw`, in which the box under the cursor is marked, and a click on a
// box leads to its text. The server makes the page; here only messages between the two are passed on.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

/** What the server answers: a page, the model in it, those of the file, and the files that its places are in. */
interface Page {
  html: string;
  model: string;
  models: { name: string; range: [number, number] }[];
  files: Record<string, string>;
}

/** A file, and the characters from one to another, counted as code points. */
type Place = [string, number, number];

const SOON = 300; // milliseconds without a change before the page is made again

export class Preview implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private uri: vscode.Uri | undefined;
  private page: Page | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly watching: vscode.Disposable[];

  constructor(private readonly client: () => LanguageClient | undefined) {
    this.watching = [
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.isShown(document) && this.soon()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor?.document.languageId === "nnspec" && !this.isShown(editor.document)) this.soon(editor.document.uri);
      }),
    ];
  }

  /** Show the network of the text that is edited. */
  async show(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.languageId !== "nnspec") return;
    this.uri = editor.document.uri;
    if (!this.panel) {
      const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.panel = vscode.window.createWebviewPanel("nnspec.preview", "Network", where, {
        enableScripts: true,
        retainContextWhenHidden: true,
        localResourceRoots: [],
      });
      this.panel.onDidDispose(() => (this.panel = this.page = undefined));
      this.panel.webview.onDidReceiveMessage((place: Place) => this.lead(place));
    }
    await this.refresh();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
    for (const each of this.watching) each.dispose();
  }

  private isShown(document: vscode.TextDocument): boolean {
    return document.uri.toString() === this.uri?.toString();
  }

  private soon(uri = this.uri): void {
    if (!this.panel) return;
    this.uri = uri;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), SOON);
  }

  private editor(): vscode.TextEditor | undefined {
    return vscode.window.visibleTextEditors.find((each) => this.isShown(each.document));
  }

  private async refresh(): Promise<void> {
    const client = this.client(), panel = this.panel, uri = this.uri;
    if (!panel || !uri) return;
    if (!client) {
      panel.webview.html = "<p>The language server does not run: see the command “nnspec: Restart the Language Server”.</p>";
      return;
    }
    const at = this.editor()?.selection.active ?? new vscode.Position(0, 0);
    const version = this.editor()?.document.version;
    try {
      const given = [client.code2ProtocolConverter.asUri(uri), at.line, at.character];
      const page = await client.sendRequest<Page>("workspace/executeCommand", { command: "nnspec.page", arguments: given });
      if (version !== this.editor()?.document.version) return; // a later change asks again
      this.page = page;
      panel.title = page.model;
      panel.webview.html = page.html;
    } catch (problem) { // no model of the text is sound: the page of the last one that was stays
      if (!this.page) panel.webview.html = `<p>${problem instanceof Error ? escaped(problem.message) : "no picture"}</p>`;
      panel.title = `${this.page?.model ?? "Network"} (as it was)`;
    }
    const editor = this.editor();
    if (editor) this.follow(editor);
  }

  /** Mark the box of the step under the cursor; in another model, show that one. */
  private follow(editor: vscode.TextEditor): void {
    if (!this.panel || !this.page || !this.isShown(editor.document)) return;
    const offset = points(editor.document, editor.selection.active);
    const model = this.page.models.find(({ range: [start, end] }) => start <= offset && offset < end)?.name;
    if (model !== undefined && model !== this.page.model && !this.panel.title.endsWith("(as it was)")) return this.soon();
    const file = Object.entries(this.page.files).find(([, uri]) => uri === "")?.[0];
    const { range } = editor.document.lineAt(editor.selection.active);
    const line = [range.start, range.end].map((end) => points(editor.document, end));
    void this.panel.webview.postMessage({ follow: [file, offset, ...line] });
  }

  /** Go to the text of a box. */
  private async lead([file, start, end]: Place): Promise<void> {
    const uri = this.page?.files[file];
    if (uri === undefined || !this.uri) return;
    const document = await vscode.workspace.openTextDocument(uri ? vscode.Uri.parse(uri) : this.uri);
    const selection = new vscode.Range(position(document, start), position(document, end));
    const column = this.editor()?.viewColumn ?? vscode.ViewColumn.One;
    await vscode.window.showTextDocument(document, { selection, viewColumn: column });
  }
}

/** The number of code points before a position; an editor counts halves of some of them. */
function points(document: vscode.TextDocument, position: vscode.Position): number {
  return [...document.getText().slice(0, document.offsetAt(position))].length;
}

function position(document: vscode.TextDocument, offset: number): vscode.Position {
  return document.positionAt([...document.getText()].slice(0, offset).join("").length);
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] ?? sign);
}
