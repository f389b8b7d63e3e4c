// What npm's onnx-proto finds in ONNX files, as JSON: `node onnx_proto.cjs FILE.onnx...`.

const { readFileSync } = require('node:fs');
const { onnx } = require('onnx-proto');

const graphs = process.argv.slice(2).map((file) => onnx.ModelProto.decode(readFileSync(file)).graph);
console.log(JSON.stringify(graphs.map((graph) => [
    graph.node.map((node) => node.name),
    graph.initializer.map((tensor) => [tensor.name, tensor.rawData.length]),
])));
