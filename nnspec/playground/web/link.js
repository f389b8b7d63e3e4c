// A link that holds the text: packed into the part of an address that no server is sent.

const FORM = "deflate-raw";

async function through(bytes, stream) {
  const answer = new Response(new Blob([bytes]).stream().pipeThrough(stream));
  return new Uint8Array(await answer.arrayBuffer());
}

/** The part of an address behind `#` for a text and a model of it. */
export async function packed(text, model) {
  const bytes = await through(new TextEncoder().encode(JSON.stringify([text, model])), new CompressionStream(FORM));
  const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `text=${letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** The text and the model of an address; null where it holds none, or is damaged. */
export async function unpacked(hash) {
  const found = /^#text=([\w-]+)$/.exec(hash);
  if (!found) return null;
  try {
    const letters = atob(found[1].replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = await through(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)), new DecompressionStream(FORM));
    const [text, model] = JSON.parse(new TextDecoder().decode(bytes));
    return typeof text === "string" ? { text, model: String(model ?? "") } : null;
  } catch {
    return null;
  }
}
