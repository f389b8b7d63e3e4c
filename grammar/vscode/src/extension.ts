// The extension: it starts `python -m nnspec lsp`, which knows all about specs, and offers the preview and the commands.
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { commands } from "./commands";
import { Preview } from "./preview";
import { python } from "./python";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const preview = new Preview(() => client);
  context.subscriptions.push(
    preview,
    ...commands(),
    vscode.commands.registerCommand("nnspec.preview", () => preview.show()),
    vscode.commands.registerCommand("nnspec.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("nnspec.python") && restart()),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await restart();
}

export function deactivate(): Promise<void> | undefined {
  return client?.dispose();
}

async function restart(): Promise<void> {
  await client?.dispose();
  const command = await python(vscode.workspace.workspaceFolders?.[0]?.uri);
  const server = { command, args: ["-m", "nnspec", "lsp"] };
  client = new LanguageClient("nnspec", "nnspec", server, { documentSelector: [{ language: "nnspec" }] });
  try {
    await client.start();
  } catch (problem) {
    const why = problem instanceof Error ? problem.message : String(problem);
    const install = `${command} -m pip install "nnspec[lsp]"`;
    const act = await vscode.window.showErrorMessage(
      `nnspec's language server did not start with ${command} (${why}). Is it installed? ${install}`, "Choose a Python",
    );
    if (act) await vscode.commands.executeCommand("workbench.action.openSettings", "nnspec.python");
  }
}
