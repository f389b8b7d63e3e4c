// The field of a picture: drawn, chosen from samples of the data, or read from a file.

import { make, painted } from "./paint.js";
import { Pad } from "./pad.js";
import { tensorOf } from "./pixels.js";

const FREE = 224; // the side of a drawing where neither network nor data say one

/** What is shown, and the tensor of what is given. */
export function pictureField(field, changed) {
  const [height, width] = field.own ?? [field.height || FREE, field.width || FREE];
  let file = null; // the pixels of a file, which are given as they are, and not as the pad shows them
  const pad = new Pad(height, width, { bright: field.bright ?? false, changed: () => { file = null; show(); changed(); } });
  const seen = make("canvas", { class: "seen", role: "img", "aria-label": "The picture as the network sees it" });
  const tensor = () => tensorOf(file ?? pad.pixels(), field);

  const show = () => {
    const { data, dims } = tensor();
    const [down, across] = field.flat ? [field.height, field.width] : dims.slice(2);
    painted(seen, across, down, (into) => {
      for (let pixel = 0; pixel < down * across; pixel++) {
        const of = (channel) => 255 * data[(field.channels === 1 ? 0 : channel) * down * across + pixel];
        into.set([of(0), of(1), of(2), 255], pixel * 4);
      }
    });
  };

  const take = async (blob, name = "") => {
    const picture = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const canvas = make("canvas", { width: picture.width, height: picture.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    pad.put(picture);
    file = context.getImageData(0, 0, picture.width, picture.height);
    show();
    document.body.dataset.given = name; // who drives the page waits for it
    changed();
  };

  const clear = make("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => { file = null; pad.clear(); show(); changed(); });
  const thick = make("input", { type: "range", min: 4, max: 60, value: pad.thick, "aria-label": "Thickness of the pen" });
  thick.addEventListener("input", () => { pad.thick = Number(thick.value); });
  const parts = [clear, make("label", { class: "row" }, "Pen", thick)];
  if (field.channels > 1) {
    const colour = make("input", { type: "color", value: pad.colour, "aria-label": "Colour of the pen" });
    colour.addEventListener("input", () => { pad.colour = colour.value; });
    parts.push(colour);
  }
  const chosen = make("input", { type: "file", accept: "image/*", "aria-label": "Picture from a file" });
  const told = make("p", { class: "hint", role: "status" });
  chosen.addEventListener("change", async () => {
    try {
      if (chosen.files.length) await take(chosen.files[0], chosen.files[0].name);
      told.textContent = "";
    } catch {
      told.textContent = "This file is no picture that the browser can read.";
    }
  });
  const samples = make("div", { class: "samples", role: "group", "aria-label": "Samples of the data" });
  (field.samples ?? []).forEach(({ png, label }, index) => {
    const button = make("button", { type: "button", "aria-label": label === null ? `Sample ${index + 1}` : `Sample: ${label}` },
      make("img", { src: png, alt: "" }));
    button.addEventListener("click", async () => take(blobOf(png)));
    samples.append(button);
  });
  show();
  const element = make("fieldset", {}, make("legend", {}, `${field.name}: draw, choose a sample or a file`), pad.canvas,
    make("div", { class: "row" }, ...parts), make("div", { class: "row" }, chosen), told, samples,
    make("div", { class: "row" }, seen, make("span", { class: "hint" }, "as the network sees it"), pad.told));
  return { element, tensor };
}

/** The bytes of a data address, without asking the network for them. */
function blobOf(address) {
  const bytes = Uint8Array.from(atob(address.slice(address.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
