// Runs pytest on the core's tests in Pyodide: node tests/pyodide/run.mjs REPOSITORY SITE TEST...
import { loadPyodide } from "pyodide";
const [repository, site, ...tests] = process.argv.slice(2);
const python = await loadPyodide();
for (const [inside, outside] of [["/repository", repository], ["/site", site]]) {
  python.FS.mkdirTree(inside);
  python.mountNodeFS(inside, outside);
}
python.globals.set("arguments", python.toPy(tests));
const status = python.runPython(`
import os, sys
sys.path[:0] = ["/site", "/repository"]
sys.dont_write_bytecode = True
os.chdir("/repository")
print("Python", sys.version)
import pytest
int(pytest.main(["-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "-q", *arguments]))
`);
process.exit(status);
