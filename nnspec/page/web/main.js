// The page of a network: reads what it is, opens it, and computes anew whenever what it is given changes.

import { showAnswer } from "./answer.js";
import { feeds, form } from "./form.js";
import { Layers } from "./layers.js";
import { make, onColours } from "./paint.js";
import { Plane, SIDE } from "./plane.js";
import { fetched, open } from "./session.js";

const by = document.getElementById("by"), status = document.getElementById("status"), answer = document.getElementById("answer");
const spoken = document.getElementById("spoken"), where = document.getElementById("where");
const tell = (words, wrong = false) => { status.textContent = words; status.className = wrong ? "wrong" : ""; };

document.getElementById("serve").hidden = true;
by.value = new URLSearchParams(location.search).get("by") ?? "auto";
by.addEventListener("change", () => { location.search = by.value === "auto" ? "" : `?by=${by.value}`; });
start().catch((problem) => tell(problem.message, true));

async function start() {
  const network = await (await fetched("network.json")).json();
  document.querySelector("main").hidden = false;
  let session = null, waiting = false, busy = false, speaking = 0;
  const changed = () => { waiting = true; document.body.dataset.busy = "true"; if (session && !busy) work(); };
  const fields = form(network.inputs, document.getElementById("form"), changed);
  const layers = new Layers(document.getElementById("layers"), network.layers, () => { planeState = ""; changed(); });
  const plane = planeOf(network, fields, changed);
  const text = network.inputs.filter(({ kind }) => kind === "text").length === 1 ? network.inputs.find(({ kind }) => kind === "text") : null;
  if (text?.unit === "tokenizer" && !text.after.length) { // what comes next is one of its tokens
    for (const output of network.outputs) if (!output.classes.length) output.classes = text.tokens;
  }
  const write = text ? fields.get(text.name).add : null;
  const names = network.outputs.map(({ name }) => name);
  let planeState = "";
  document.getElementById("legend").textContent = "Orange is above zero, blue below; the strongest colour of a layer is its greatest number.";
  document.querySelector("[data-do=open]").addEventListener("click", () => layers.openAll(true));
  document.querySelector("[data-do=close]").addEventListener("click", () => layers.openAll(false));
  where.hidden = !plane;
  where.querySelector("input").addEventListener("change", () => { planeState = ""; changed(); });
  onColours(() => { planeState = ""; changed(); });

  async function compute() {
    const given = feeds(network.inputs, fields), begun = performance.now();
    const wide = plane && where.querySelector("input").checked;
    const wanted = [...new Set([...names, ...(wide ? [] : layers.wanted)])];
    const results = await session.run(given, wanted);
    const took = performance.now() - begun;
    const words = showAnswer(answer, network.outputs, results, write);
    if (!wide) layers.show(results);
    if (plane) await computePlane(wide);
    tell(`${session.words}, ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
    clearTimeout(speaking);
    speaking = setTimeout(() => { spoken.textContent = words; }, 600);
  }

  async function computePlane(wide) {
    if (plane.state !== planeState) {
      const numbers = network.inputs.find(({ kind }) => kind === "numbers").name;
      const results = await session.run({ [numbers]: plane.points() }, [...new Set([plane.output.name, ...(wide ? layers.wanted : [])])]);
      plane.take(results[plane.output.name]);
      if (wide) layers.show(results, SIDE);
      planeState = plane.state;
    }
    plane.show();
  }

  async function work() {
    busy = true;
    while (waiting) {
      waiting = false;
      try {
        await compute();
      } catch (problem) {
        answer.replaceChildren(make("p", { class: "wrong" }, problem.message));
      }
    }
    busy = false;
    document.body.dataset.busy = "false";
  }

  session = await open("network.onnx", by.value);
  tell(session.words);
  changed();
}

/** The plane, where the network takes numbers only, in batches, and says classes or numbers of them. */
function planeOf(network, fields, changed) {
  const [field] = network.inputs, output = network.outputs[0];
  const fits = network.inputs.length === 1 && field.kind === "numbers" && network.batch && output
    && field.columns.filter((column) => column.index !== undefined).length > 1;
  if (!fits) return null;
  document.getElementById("over").hidden = false;
  return new Plane(document.getElementById("plane"), field, fields.get(field.name), output, changed);
}
