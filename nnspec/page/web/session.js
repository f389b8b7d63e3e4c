// The network, opened by onnxruntime-web: with WebGPU where there is an adapter, else with WebAssembly.

const HERE = new URL("./onnxruntime-web/", import.meta.url).href;
const FILES = { webgpu: "ort.webgpu.min.mjs", wasm: "ort.wasm.min.mjs" };
const WORDS = { webgpu: "WebGPU", wasm: "WebAssembly" };

/** The network at an address. `wanted` is "webgpu", "wasm" or "auto"; what it became stands in `words`. */
export async function open(address, wanted) {
  const gpu = wanted !== "wasm" && (await hasAdapter());
  if (wanted === "webgpu" && !gpu) throw new Error("this browser has no WebGPU; choose WebAssembly below");
  const model = new Uint8Array(await (await fetched(address)).arrayBuffer());
  try {
    return await opened(model, gpu ? "webgpu" : "wasm");
  } catch (problem) {
    if (!gpu || wanted === "webgpu") throw problem;
    return opened(model, "wasm");
  }
}

/** A file of the page. */
export async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  return answer;
}

async function hasAdapter() {
  try {
    return Boolean(navigator.gpu && (await navigator.gpu.requestAdapter()));
  } catch {
    return false;
  }
}

async function opened(model, provider) {
  const ort = await import(HERE + FILES[provider]);
  ort.env.logLevel = "error";
  ort.env.wasm.wasmPaths = HERE;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  // Wider optimisations fuse layers whose results are asked for, and then do not give them.
  const options = { executionProviders: [provider], graphOptimizationLevel: "basic", logSeverityLevel: 3 };
  const session = await ort.InferenceSession.create(model, options);
  const run = async (feeds, names) => {
    const given = Object.fromEntries(Object.entries(feeds).map(([name, { type, data, dims }]) =>
      [name, new ort.Tensor(type, data, dims)]));
    const results = await session.run(given, names);
    return Object.fromEntries(names.map((name) => [name, { data: results[name].data, dims: [...results[name].dims] }]));
  };
  return { run, words: WORDS[provider] };
}
