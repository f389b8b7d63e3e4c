// The worker as the page sees it: views are asked for, and the language server is spoken to as over any other transport.

const worker = new Worker(new URL("worker.js", document.baseURI), { type: "module" });
const listeners = new Set(), waiting = new Map();
let number = 0;

/** Settles once the language server is there. */
export const serving = new Promise((resolve, reject) => {
  worker.addEventListener("message", ({ data }) => {
    if (data.kind === "said") for (const listener of listeners) listener(data.message);
    else if (data.kind === "viewed") {
      waiting.get(data.number)(JSON.parse(data.view));
      waiting.delete(data.number);
    } else if (data.kind === "serving") resolve();
    else if (data.kind === "failed") reject(new Error(data.message));
  });
  worker.addEventListener("error", (event) => reject(new Error(event.message)));
});

/** A view of a text: "summary", "picture" or "source" of a model. */
export function view(text, what, model) {
  number += 1;
  worker.postMessage({ kind: "view", number, text, what, model });
  return new Promise((resolve) => { waiting.set(number, resolve); });
}

/** What a client of the language server sends by. */
export const transport = {
  send: (message) => worker.postMessage({ kind: "said", message }),
  subscribe: (listener) => listeners.add(listener),
  unsubscribe: (listener) => listeners.delete(listener),
};
