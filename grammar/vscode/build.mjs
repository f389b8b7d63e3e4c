// Bundles the extension into out/, with the grammar of nnspec and the licences of what is in the bundle.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

mkdirSync("syntaxes", { recursive: true });
copyFileSync("../nnspec.tmLanguage.json", "syntaxes/nnspec.tmLanguage.json");
copyFileSync("../../LICENSE", "LICENSE");

const made = await build({
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.js",
  bundle: true,
  minify: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  metafile: true,
});
const inputs = Object.keys(made.metafile.inputs).map((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
const texts = [...new Set(inputs.filter(Boolean))].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} comes without its licence`);
  return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
});
writeFileSync("out/LICENSES.txt", texts.join("\n---\n\n"));
