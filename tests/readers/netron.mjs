// What Netron's own loader finds in ONNX files, as JSON: `node netron.mjs NETRON_FOLDER FILE.onnx...`.
// Netron is a page; its loader asks the page only for scripts, assets and the files beside a model, which come from the disk here.

import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, ...files] = process.argv.slice(2).map((path) => resolve(path));
const load = (id) => import(pathToFileURL(join(folder, `${id}.js`)));
const view = await load('view');
const { FileStream } = await load('node');

const stream = (path) => new FileStream(path, 0, statSync(path).size, statSync(path).mtimeMs);
const host = { environment: () => null, event: () => {}, exception: (error) => { throw error; }, require: load };

class Context {
    constructor(path) {
        this.identifier = basename(path);
        this.folder = dirname(path);
        this.stream = stream(path);
    }
    async require(id) { return load(id); }
    async asset(name) { return readFile(join(folder, name), 'utf-8'); }
    async fetch(name) {
        const path = join(this.folder, name);
        if (!existsSync(path)) { throw new Error(`there is no ${name}`); }
        return stream(path);
    }
    error(error) { throw error; }
}

const values = (given) => given.flatMap((argument) => argument.value.map((value) => value.name));
const shown = async (node) => ({
    name: node.name,
    type: node.type.name,
    inputs: values(node.inputs),
    outputs: values(node.outputs),
    attributes: node.attributes.map((attribute) => attribute.name).sort(),
    weights: await Promise.all(node.inputs.flatMap((input) => input.value).filter((value) => value.initializer).map(weight)),
});
const weight = async ({ name, initializer }) => {
    await initializer.read(); // from the file beside the model, if it is there
    return { name, shape: initializer.type.shape.dimensions.map(Number), bytes: initializer.values.length };
};
const all = (nodes) => Promise.all(nodes.map(shown));

const found = [];
for (const file of files) {
    const model = await new view.ModelFactoryService(host).open(new Context(file));
    const [graph] = model.modules;
    found.push({
        inputs: graph.inputs.map((input) => input.name),
        outputs: graph.outputs.map((output) => output.name),
        nodes: await all(graph.nodes),
        functions: Object.fromEntries(
            await Promise.all(model.functions.map(async (each) => [each.name, await all(each.nodes)])),
        ),
    });
}
console.log(JSON.stringify(found));
