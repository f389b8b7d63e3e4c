// Prepares Python for the page, with the Python of Pyodide: node pack.mjs FOLDER MEMORY LOADED
// Compiles the packages of a folder where they lie. Then loads the compiler, makes every view once, and keeps the memory
// of that moment: the page begins with it. LOADED is to hold the files of the modules that are in it.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { loadPyodide } from "pyodide";

const [folder, memory, loaded] = process.argv.slice(2);

async function opened(options) {
  const python = await loadPyodide(options);
  python.FS.mkdirTree("/site");
  python.mountNodeFS("/site", resolve(folder));
  return python;
}

(await opened({})).runPython(`
import compileall, py_compile
compileall.compile_dir("/site", quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
`);
const python = await opened({ _makeSnapshot: true });
const files = python.runPython(`
import sys
sys.path.insert(0, "/site")
from nnspec.playground.browser import warmed
bench = warmed()
assert "pydantic_core" not in sys.modules, "a library that is linked at run time is not part of a memory"
"\\n".join(sorted(each.__file__ for each in sys.modules.values() if getattr(each, "__file__", None)))
`);
writeFileSync(loaded, files);
writeFileSync(memory, gzipSync(python.makeMemorySnapshot(), { level: 9 }));
process.exit(0);
