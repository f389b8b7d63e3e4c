// Pixels as a network takes them, by the arithmetic of `nnspec predict`, which is Pillow's: the same bytes, bit for bit.

const BITS = 22; // of the fractions that weights of pixels are held in
const FILTERS = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
};

/** For each new pixel the first old one that counts, and the weights of it and those behind it. */
function weights(size, wanted, filter) {
  const scale = size / wanted, stretch = Math.max(scale, 1), support = filter.support * stretch;
  return Array.from({ length: wanted }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(size, Math.trunc(centre + support + 0.5));
    const found = [];
    for (let at = first; at < end; at++) found.push(filter.weight((at - centre + 0.5) / stretch));
    const sum = found.reduce((total, each) => total + each, 0);
    return [first, found.map((each) => Math.trunc(0.5 + (sum ? each / sum : each) * (1 << BITS)))];
  });
}

/** Lines of bytes at another length: `step` lies between two pixels of a line. */
function stretched(bytes, size, wanted, lines, step, lineOf, filter, into) {
  const table = weights(size, wanted, filter);
  for (let line = 0; line < lines; line++) {
    const [from, to] = lineOf(line);
    for (let index = 0; index < wanted; index++) {
      const [first, parts] = table[index];
      let sum = 1 << (BITS - 1);
      for (let part = 0; part < parts.length; part++) sum += bytes[from + (first + part) * step] * parts[part];
      into[to + index * step] = Math.max(0, Math.min(255, sum >> BITS));
    }
  }
}

/** Interleaved bytes [height, width, channels] at another size. */
export function resized(image, height, width, filter = "bilinear") {
  const { channels } = image;
  let { data } = image;
  if (width !== image.width) {
    const into = new Uint8Array(image.height * width * channels);
    const lineOf = (line) => {
      const row = Math.floor(line / channels), channel = line % channels;
      return [row * image.width * channels + channel, row * width * channels + channel];
    };
    stretched(data, image.width, width, image.height * channels, channels, lineOf, FILTERS[filter], into);
    data = into;
  }
  if (height !== image.height) {
    const into = new Uint8Array(height * width * channels);
    stretched(data, image.height, height, width * channels, width * channels, (line) => [line, line], FILTERS[filter], into);
    data = into;
  }
  return { data, height, width, channels };
}

const divided = (number) => ((number >> 8) + number) >> 8; // by 255

/** Pixels of a canvas with so many channels: grey levels, colours on white, or colours and opacity. */
export function converted({ data, height, width }, channels) {
  const made = new Uint8Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const opacity = data[pixel * 4 + 3];
    const colours = [0, 1, 2].map((channel) => {
      const value = data[pixel * 4 + channel];
      if (channels === 4) return divided(value * opacity + 128);
      return opacity === 255 ? value : divided(value * opacity * 128 + 255 * (32640 - opacity * 128) + (0x80 << 7)) >> 7;
    });
    if (channels === 1) made[pixel] = (colours[0] * 19595 + colours[1] * 38470 + colours[2] * 7471 + 0x8000) >> 16;
    else made.set(channels === 4 ? [...colours, opacity] : colours, pixel * channels);
  }
  return { data: made, height, width, channels };
}

/** Python's rounding: halves go to the even number. */
function round(number) {
  const below = Math.floor(number);
  if (number - below !== 0.5) return Math.round(number);
  return below % 2 ? below + 1 : below;
}

/** The size that a picture is brought to: the network's, or the nearest to its own that the network takes. */
export function sizeFor(field, height, width) {
  const [down, across] = field.multiples;
  return [field.height || Math.max(1, round(height / down)) * down, field.width || Math.max(1, round(width / across)) * across];
}

/** A picture, as a canvas has it, as the tensor of an input. */
export function tensorOf(image, field) {
  const [height, width] = sizeFor(field, image.height, image.width), { channels } = field;
  const { data } = resized(converted(image, channels), height, width);
  const plane = height * width, values = new Float32Array(channels * plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    const opacity = channels === 4 ? data[pixel * 4 + 3] : 255;
    for (let channel = 0; channel < channels; channel++) {
      let value = data[pixel * channels + channel];
      if (channels === 4 && channel < 3 && opacity) value = Math.min(255, Math.trunc((255 * value) / opacity));
      values[channel * plane + pixel] = value / 255;
    }
  }
  return { type: "float32", data: values, dims: field.flat ? [1, values.length] : [1, channels, height, width] };
}
