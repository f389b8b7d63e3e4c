// Mistakes: underlined in the text, and listed below it with their quick fixes, which the language server has tried.
import { setDiagnostics } from "@codemirror/lint";
import { LSPPlugin } from "@codemirror/lsp-client";

const SEVERITY = ["", "error", "warning", "info", "hint"];

/** Handles what the server says of the text whose URI is `own`; `list` shows it, too. */
export function mistakesIn(list, own) {
  return {
    clientCapabilities: { textDocument: { publishDiagnostics: { versionSupport: true },
      codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } } } },
    notificationHandlers: {
      "textDocument/publishDiagnostics": (client, { uri, version, diagnostics }) => {
        if (uri !== own) return true; // a file of the zoo
        const file = client.workspace.getFile(uri), view = file?.getView(), plugin = view && LSPPlugin.get(view);
        if (!plugin || (version !== undefined && version !== null && version !== file.version)) return true;
        show(client, view, plugin, diagnostics, list);
        return true;
      },
    },
  };
}

async function show(client, view, plugin, diagnostics, list) {
  const doc = plugin.syncedDoc;
  const put = (fixes) => {
    if (plugin.syncedDoc !== doc || view.state.doc !== doc) return;
    const found = diagnostics.map((each, index) => ({
      from: plugin.fromPosition(each.range.start, doc), to: plugin.fromPosition(each.range.end, doc),
      severity: SEVERITY[each.severity ?? 1], message: each.message,
      code: each.code, line: each.range.start.line + 1,
      actions: fixes[index].map((fix) => ({ name: fix.title, apply: () => mend(view, plugin, fix) })),
    }));
    view.dispatch(setDiagnostics(view.state, found.map(({ code, line, ...each }) => ({ ...each, source: code }))));
    listed(view, found, list);
  };
  put(diagnostics.map(() => []));
  const asked = diagnostics.map((each) => client.request("textDocument/codeAction", { textDocument: { uri: plugin.uri },
    range: each.range, context: { diagnostics: [each] } }).catch(() => []));
  const fixes = (await Promise.all(asked)).map((each, index) => (each ?? []).filter((fix) =>
    fix.edit && (!fix.diagnostics || fix.diagnostics.some(({ code }) => code === diagnostics[index].code))));
  if (fixes.some((each) => each.length)) put(fixes);
}

/** Change the text as a quick fix says. */
function mend(view, plugin, fix) {
  const edits = fix.edit.changes?.[plugin.uri] ?? (fix.edit.documentChanges ?? []).flatMap(({ edits: each }) => each ?? []);
  const { doc } = view.state;
  view.dispatch({ userEvent: "mend", changes: edits.map(({ range, newText }) => ({
    from: plugin.fromPosition(range.start, doc), to: plugin.fromPosition(range.end, doc), insert: newText })) });
  view.focus();
}

function listed(view, found, list) {
  if (!found.length) {
    list.replaceChildren(Object.assign(document.createElement("p"), { textContent: "No mistakes." }));
    return;
  }
  const items = document.createElement("ul");
  for (const { code, line, message, severity, from, actions } of found) {
    const item = document.createElement("li");
    item.className = severity;
    item.append(button("place", `line ${line}`, () => {
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.focus();
    }), text("code", code ?? ""), text("message", message));
    const fixes = actions.map((each) => button("fix", each.name, each.apply));
    if (fixes.length) item.append(document.createElement("br"), ...fixes);
    items.append(item);
  }
  list.replaceChildren(items);
}

function text(kind, words) {
  return Object.assign(document.createElement("span"), { className: kind, textContent: words });
}

function button(kind, words, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: kind, textContent: words });
  made.addEventListener("click", act);
  return made;
}
