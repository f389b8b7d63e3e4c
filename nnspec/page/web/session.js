// The network, opened by onnxruntime-web: with WebGPU where there is an adapter, else with WebAssembly.

const HERE = new URL("./onnxruntime-web/", import.meta.url).href;
const FILES = { webgpu: "ort.webgpu.min.mjs", wasm: "ort.wasm.min.mjs" };
const WORDS = { webgpu: "WebGPU", wasm: "WebAssembly" };

const CLOSE = 1e-4; // how far WebGPU may be from WebAssembly, relative to the greatest number

/** The network at an address. `wanted` is "webgpu", "wasm" or "auto"; what it became stands in `words`. */
export async function open(address, wanted) {
  const gpu = wanted !== "wasm" && (await hasAdapter());
  if (wanted === "webgpu" && !gpu) throw new Error("this browser has no WebGPU; choose WebAssembly below");
  const model = new Uint8Array(await (await fetched(address)).arrayBuffer());
  if (!gpu) return opened(model, "wasm", "wasm");
  try {
    return compared(await opened(model, "webgpu", "webgpu"), await opened(model, "webgpu", "wasm"), wanted);
  } catch (problem) {
    if (wanted === "webgpu") throw problem;
    return opened(model, "wasm", "wasm");
  }
}

/** Both compute what is given first. WebGPU goes on alone if it is close; if not, it is taken only where it is wanted. */
function compared(fast, sure, wanted) {
  let chosen = null;
  const session = { words: fast.words, async run(feeds, names) {
    if (!chosen) {
      const away = difference(await fast.run(feeds, names), await sure.run(feeds, names));
      chosen = away <= CLOSE || wanted === "webgpu" ? fast : sure;
      if (!(away <= CLOSE)) session.words = `${chosen.words} (WebGPU is up to ${away.toExponential(1)} away from WebAssembly here)`;
    }
    return chosen.run(feeds, names);
  } };
  return session;
}

/** The greatest difference of an element, relative to the greatest magnitude of its tensor. */
function difference(found, wanted) {
  let worst = 0;
  for (const [name, { data }] of Object.entries(wanted)) {
    let most = 0, away = 0;
    data.forEach((value, index) => {
      most = Math.max(most, Math.abs(Number(value)));
      away = Math.max(away, Math.abs(Number(found[name].data[index]) - Number(value)));
    });
    worst = Math.max(worst, away / (most || 1));
  }
  return worst;
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

async function opened(model, build, provider) {
  const ort = await import(HERE + FILES[build]);
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
