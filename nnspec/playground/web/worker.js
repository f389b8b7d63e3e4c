// Python in a worker. It begins with a memory in which the compiler is loaded, answers the first view, and only then gets
// its files and the language server.
import create from "./pyodide/pyodide.asm.mjs";
import { loadPyodide } from "./pyodide/pyodide.mjs";

const IMPORTS = /^\s*import\b/m; // a text that imports needs the files of the zoo
const waiting = [];
let bench = null, complete = false;

self.onmessage = ({ data }) => {
  waiting.push(data);
  if (bench) work();
};
start().catch(failed);

async function fetched(name) {
  const found = await fetch(new URL(name, import.meta.url));
  if (!found.ok) throw new Error(`${name}: ${found.status} ${found.statusText}`);
  return found;
}

async function start() {
  const files = fetched("python.zip").then((found) => found.arrayBuffer());
  const stream = (await fetched("memory.bin")).body.pipeThrough(new DecompressionStream("gzip"));
  const memory = new Uint8Array(await new Response(stream).arrayBuffer());
  const python = await loadPyodide({ _loadSnapshot: memory, createPyodideModule: async (settings) => {
    const made = await create(settings);
    if (made.HEAP8.length < memory.length) made.growMemory(memory.length);
    return made;
  } });
  bench = python.globals.get("bench");
  work();
  await new Promise((resolve) => { setTimeout(resolve, 0); }); // the first view is on its way
  python.unpackArchive(await files, "zip", { extractDir: "/site" });
  bench.serve((message) => postMessage({ kind: "said", message }));
  complete = true;
  postMessage({ kind: "serving" });
  work();
}

/** Answer what can be answered yet; the rest waits. */
function work() {
  for (const each of waiting.splice(0)) {
    if (!complete && (each.kind === "said" || IMPORTS.test(each.text))) waiting.push(each);
    else if (each.kind === "said") bench.receive(each.message);
    else postMessage({ kind: "viewed", number: each.number, view: bench.view(each.text, each.what, each.model) });
  }
}

function failed(problem) {
  postMessage({ kind: "failed", message: String(problem?.message ?? problem) });
}
