// The Python that nnspec is installed in: the one of the settings, of the Python extension, or the first on the path.
import * as vscode from "vscode";

interface PythonExtension {
  environments: { getActiveEnvironmentPath(resource?: vscode.Uri): { path: string } };
}

export async function python(resource?: vscode.Uri): Promise<string> {
  const chosen = vscode.workspace.getConfiguration("nnspec", resource).get<string>("python", "").trim();
  if (chosen) return chosen;
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  const offered = await extension?.activate();
  return offered?.environments.getActiveEnvironmentPath(resource).path || "python3";
}
