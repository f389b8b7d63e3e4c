// The commands of nnspec that run in the terminal: summary, draw, train, export.
import * as path from "node:path";
import * as vscode from "vscode";
import { python } from "./python";

type Form = { label: string; description: string; option: string; ending: string };

const FORMS: Form[] = [
  { label: "PyTorch", description: "a module that needs no nnspec", option: "--torch", ending: ".py" },
  { label: "ONNX", description: "the model for inference", option: "--onnx", ending: ".onnx" },
];
const PICTURES = { "Picture or page": ["svg", "html", "png", "dot", "mmd"] };

export function commands(): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand("nnspec.summary", () => run("summary", async () => [])),
    vscode.commands.registerCommand("nnspec.train", () => run("train", async () => [])),
    vscode.commands.registerCommand("nnspec.draw", () =>
      run("draw", async (file) => {
        const target = await place(file, ".svg", PICTURES);
        return target ? ["-o", target] : undefined;
      }),
    ),
    vscode.commands.registerCommand("nnspec.export", () =>
      run("export", async (file) => {
        const form = await vscode.window.showQuickPick(FORMS, { title: "Export as" });
        const target = form && (await place(file, form.ending, { [form.label]: [form.ending.slice(1)] }));
        return form && target ? [form.option, target] : undefined;
      }),
    ),
  ];
}

/** Run a command of nnspec on the text that is edited, once it is saved and its further arguments are known. */
async function run(command: string, further: (file: string) => Promise<string[] | undefined>): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== "nnspec") return;
  if (document.isUntitled || document.isDirty) {
    if (!(await document.save())) return;
  }
  const file = document.uri.fsPath;
  const others = await further(file);
  if (others === undefined) return;
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const execution = new vscode.ProcessExecution(
    await python(document.uri),
    ["-m", "nnspec", command, file, ...others],
    { cwd: folder?.uri.fsPath ?? path.dirname(file) },
  );
  const scope = folder ?? vscode.TaskScope.Workspace;
  const task = new vscode.Task({ type: "nnspec", command }, scope, `${command} ${path.basename(file)}`, "nnspec", execution);
  task.presentationOptions = { clear: true, showReuseMessage: false };
  await vscode.tasks.executeTask(task);
}

/** The file that is written to, which the person chooses. */
async function place(file: string, ending: string, filters: Record<string, string[]>): Promise<string | undefined> {
  const given = vscode.Uri.file(path.join(path.dirname(file), path.basename(file, ".nn") + ending));
  return (await vscode.window.showSaveDialog({ defaultUri: given, filters }))?.fsPath;
}
