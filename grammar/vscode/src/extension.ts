// The extension: it starts `python -m nnspec lsp`, which knows all about specs, and offers the preview and the commands.
import { execFile } from "node:child_process";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { commands } from "./commands";
import { Preview } from "./preview";
import { python } from "./python";

let client: LanguageClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const preview = new Preview(() => client);
  context.subscriptions.push(
    preview,
    ...commands(),
    vscode.commands.registerCommand("nnspec.preview", () => preview.show()),
    vscode.commands.registerCommand("nnspec.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("nnspec.python") && restart()),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  void restart();
}

export function deactivate(): Promise<void> | undefined {
  return client?.dispose();
}

async function restart(): Promise<void> {
  await client?.dispose();
  client = undefined;
  const command = await python(vscode.workspace.workspaceFolders?.[0]?.uri);
  if (!(await has(command, "import nnspec, pygls"))) {
    const told = `nnspec's language server is not installed here: ${command} -m pip install "nnspec[lsp]"`;
    const act = await vscode.window.showErrorMessage(told, "Choose a Python");
    if (act) await vscode.commands.executeCommand("workbench.action.openSettings", "nnspec.python");
    return;
  }
  const server = { command, args: ["-m", "nnspec", "lsp"] };
  client = new LanguageClient("nnspec", "nnspec", server, { documentSelector: [{ language: "nnspec" }] });
  await client.start();
}

/** Whether a Python can run a line, such as one that imports what is needed. */
function has(command: string, line: string): Promise<boolean> {
  return new Promise((resolve) => execFile(command, ["-c", line], (problem) => resolve(problem === null)));
}
