// Colours: of numbers around zero, of classes, and of pictures; and small canvases with them.

export const CLASSES = [[230, 120, 20], [20, 110, 190], [40, 150, 110], [190, 80, 150], [150, 120, 0], [90, 170, 220],
  [120, 80, 40], [110, 110, 110], [160, 20, 40], [70, 60, 160]];
const BELOW = [0, 105, 190], ABOVE = [214, 84, 0];
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The colour of nothing: that of the paper. */
export function ground() {
  return dark.matches ? [18, 23, 29] : [255, 255, 255];
}

/** When the colours of the page change, what is painted must be painted again. */
export function onColours(again) {
  dark.addEventListener("change", again);
}

/** A number from -1 to 1: blue below zero, orange above, and nothing at zero. */
export function around(share, into, at) {
  const paper = ground(), end = share < 0 ? BELOW : ABOVE, part = Math.min(1, Math.abs(share)) || 0;
  for (let channel = 0; channel < 3; channel++) into[at + channel] = paper[channel] + (end[channel] - paper[channel]) * part;
  into[at + 3] = 255;
}

/** The colour of a class, as pale as it is unsure. */
export function ofClass(number, sure, into, at) {
  const paper = ground(), colour = CLASSES[number % CLASSES.length];
  for (let channel = 0; channel < 3; channel++) into[at + channel] = paper[channel] + (colour[channel] - paper[channel]) * sure;
  into[at + 3] = 255;
}

/** A canvas of so many pixels, which `fill` paints into an array of red, green, blue, opacity. */
export function painted(canvas, width, height, fill) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  fill(image.data);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A colour for CSS. */
export function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** An element with attributes and content. */
export function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...content);
  return element;
}

/** A number as a person reads it. */
export function shown(number) {
  return Number.isInteger(number) && Math.abs(number) < 1e6 ? String(number) : Number(number).toPrecision(4);
}
