"use strict";
// The page of a picture: each level is laid out with closed blocks; a block that opens makes room for what is inside.
const DATA = JSON.parse(document.getElementById("data").textContent);
const HEADING = 24, INSET = 14, CARD = 3, STRIP = 22, SIDE = 9, BETWEEN = 5, CIRCLE = 22, CORNER = 5, MARGIN = 24, NEAR = 8;
const view = document.getElementById("view"), about = document.getElementById("about"), tip = document.getElementById("tip");
const BOLD = { name: 1, times: 1 }, SMALL = { count: 1, note: 1, shape: 1, port: 1 };
const open = new Set();
const boxes = new Map(); // what is drawn, by the number of its network and its path or place
let zoom = 1, chosen = null, matches = [], match = -1, size = [1, 1];

DATA.networks.forEach((network, number) => network.open.forEach((path) => open.add(`${number}:${path}`)));

// ---- places

/** How far a coordinate moves when boxes with these centres have grown: those at one centre share the room. */
function stretch(grown) {
  const centres = [];
  for (const [centre, by] of grown.sort((a, b) => a[0] - b[0])) {
    const last = centres[centres.length - 1];
    if (last && Math.abs(last[0] - centre) < 1) last[1] = Math.max(last[1], by);
    else centres.push([centre, by]);
  }
  return (at) => centres.reduce((sum, [centre, by]) =>
    sum + (at > centre + 1 ? by : at < centre - 1 ? 0 : by / 2), at);
}

/** A level in its places, with the levels inside its open blocks; `up` if it flows up. */
function place(network, key, prefix, up, inner) {
  const level = network.levels[key];
  const found = level.boxes.map((box, index) => {
    const path = box.strips[0].path ? prefix + box.strips[0].path : "";
    const id = `${network.number}:${path || `${prefix}#${index}`}`;
    const made = { box, id, path, index, w: box.w, h: box.h, inside: null, up: up || Boolean(box.up) };
    if (box.level && open.has(id)) {
      made.inside = place(network, box.level, prefix + box.prefix, made.up, true);
      made.w = Math.max(made.inside.w + 2 * INSET, box.heading + 14);
      made.h = HEADING + made.inside.h + (box.cards ? 2 * CARD : 0);
    }
    return made;
  });
  const wide = stretch(found.filter((each) => each.inside).map((each) => [each.box.x, each.w - each.box.w]));
  const high = stretch(found.filter((each) => each.inside).map((each) => [each.box.y, each.h - each.box.h]));
  for (const each of found) {
    each.x = wide(each.box.x);
    each.y = high(each.box.y);
  }
  const lines = level.wires.map((wire) => ({ wire, route: bent(wire, found, wide, high) }));
  const made = { key, prefix, inner, up, found, lines, w: wide(level.w), h: high(level.h) };
  for (const each of found) { // an opened block may be wider than the room at the border
    made.w = Math.max(made.w, each.x + each.w / 2 + (each.box.cards ? 2 * CARD : 0));
  }
  if (up && inner) turn(made);
  return made;
}

/** The line of a wire: its inner corners move with the level, its ends with their boxes. */
function bent(wire, found, wide, high) {
  const source = found[wire.from], target = found[wire.to], points = wire.route;
  const last = points.length - 1;
  const first = end(source, points[0], true, wire), final = end(target, points[last], false, wire);
  const moved = points.map(([x, y]) => [wide(x), high(y)]);
  moved[0] = first;
  moved[last] = final;
  const level = (index) => Math.abs(points[index][1] - points[index + 1][1]) < 0.05;
  if (last === 1) {
    if (level(0)) return [first, [final[0], first[1]]];
    if (Math.abs(first[0] - final[0]) < 0.5) return [first, [first[0], final[1]]];
    const at = final[1] - NEAR * Math.sign(final[1] - first[1]);
    return [first, [first[0], at], [final[0], at], final];
  }
  if (level(0)) moved[1][1] = first[1]; else moved[1][0] = first[0];
  if (level(last - 1)) moved[last - 1][1] = final[1]; else moved[last - 1][0] = final[0];
  return moved;
}

/** Where a line meets a box: at the same side as before, at the end of the line inside if the block is open. */
function end(each, point, leaves, wire) {
  const { box } = each, dx = point[0] - box.x, dy = point[1] - box.y;
  if (Math.abs(Math.abs(dx) - box.w / 2) < 0.2 && Math.abs(dy) < box.h / 2 - 1) {
    return [each.x + Math.sign(dx) * each.w / 2, each.y];
  }
  const x = each.inside ? each.x - each.w / 2 + port(each, leaves, wire) : each.x + dx;
  return [x, each.y + Math.sign(dy) * each.h / 2];
}

function port(each, leaves, wire) {
  const kind = leaves ? "output" : "input";
  const ends = each.inside.found.filter((inner) => inner.box.kind === kind);
  const at = leaves ? each.box.gives.indexOf(wire.value) : wire.place;
  if (!ends[at]) return each.w - 16 * (each.box.takes.length - at); // what decides among experts is no input of theirs
  return (each.w - each.inside.w) / 2 + ends[at].x;
}

function turn(made) {
  for (const each of made.found) each.y = made.h - each.y;
  for (const line of made.lines) line.route = line.route.map(([x, y]) => [x, made.h - y]);
}

// ---- drawing

const text = (value) => String(value).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const short = (value) => String(Math.round(value * 10) / 10);

function write(words, x, y, width, style) {
  const looks = [BOLD[style] ? "bold" : "", style === "times" ? "times" : ["name", "about", "times"].includes(style) ? "" : "muted"];
  return `<text class="${looks.join(" ").trim()}" x="${short(x)}" y="${short(y)}" font-size="${SMALL[style] ? 10 : 11.5}" ` +
    `textLength="${short(width)}" lengthAdjust="spacingAndGlyphs">${text(words)}</text> `;
}

function strip(found, x, top, width) {
  const words = found.words, base = top + STRIP / 2 + 4;
  const counted = words.length > 1 && words[words.length - 1][1] === "count";
  const left = counted ? words.slice(0, -1) : words;
  const length = left.reduce((sum, each) => sum + each[2], BETWEEN * (left.length - 1));
  let at = counted ? x + SIDE : x + (width - length) / 2, made = "";
  for (const [word, style, wide] of left) {
    made += write(word, at, base, wide, style);
    at += wide + BETWEEN;
  }
  const last = words[words.length - 1];
  return counted ? made + write(last[0], x + width - SIDE - last[2], base, last[2], "count") : made;
}

function name(each) {
  return each.box.strips.map((found) => found.words.map((word) => word[0]).join(" ")).join(", ");
}

function draw(made, network, left, top) {
  let text_ = "";
  for (const each of made.found) text_ += drawBox(each, network, left, top);
  const said = new Set();
  for (const { wire, route } of made.lines) {
    const points = route.map(([x, y]) => [x + left, y + top]);
    text_ += `<path class="wire" d="${line(points)}"/>`;
    if (!(made.inner && made.found[wire.to].box.kind === "output")) text_ += `<path class="head" d="${head(points)}"/>`;
    const mark = `${wire.from} ${wire.value}`;
    if (said.has(mark)) continue;
    said.add(mark);
    const source = made.found[wire.from], [x, y] = points[0], up = points[1][1] < y;
    if (wire.words && !source.inside) text_ += write(wire.words, x + 5, up ? y - 5 : y + 12, wire.width, "shape");
  }
  return text_;
}

function drawBox(each, network, left, top) {
  const { box } = each;
  if (box.h < 1) return "";
  boxes.set(each.id, { each, network });
  const cards = box.cards ? 2 * CARD : 0, x = left + each.x - each.w / 2, y = top + each.y - each.h / 2;
  const h = each.h - cards, first = box.strips[0];
  const looks = [chosen === each.id ? "chosen" : "", matches.includes(each.id) ? "match" : ""].join(" ").trim();
  const expanded = box.level ? ` aria-expanded="${Boolean(each.inside)}"` : "";
  let made = `<g class="${looks}" data-box="${text(each.id)}" data-kind="${box.kind}" role="button" tabindex="0" ` +
    `aria-description="${text(each.path)}"${expanded}>`;
  for (const step of cards ? [2, 1] : []) {
    made += rect(x + CARD * step, y + CARD * step, each.w, h, 4, `card ${first.family}`);
  }
  if (box.kind === "join" && box.w === CIRCLE) {
    const cx = x + each.w / 2, cy = y + h / 2;
    made += `<circle class="plate ${first.family}" cx="${short(cx)}" cy="${short(cy)}" r="${CIRCLE / 2}"/>` +
      `<text class="bold" x="${short(cx)}" y="${short(cy + 5)}" font-size="15" text-anchor="middle">${text(first.words[0][0])}</text>`;
  } else if (each.inside) {
    made += rect(x, y, each.w, h, 4, `plate ${first.family}`) + strip(first, x, y + 1, each.w);
  } else {
    const round = ["input", "output", "tap"].includes(box.kind) ? STRIP / 2 : 4;
    box.strips.forEach((found, index) => {
      made += rect(x, y + index * STRIP, each.w, STRIP, box.strips.length === 1 ? round : 2, `${box.strips.length === 1 ? "plate" : "strip"} ${found.family}`);
      made += strip(found, x, y + index * STRIP, each.w);
    });
  }
  made += "</g>";
  if (each.inside) {
    made += `<g role="group" aria-label="Inside ${text(each.path)}">` +
      draw(each.inside, network, x + (each.w - each.inside.w) / 2, y + HEADING) + "</g>";
  }
  return made;
}

function rect(x, y, w, h, r, looks) {
  return `<rect class="${looks}" x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}" rx="${r}"/>`;
}

function line(points) {
  const toward = ([x, y], [a, b], by) => {
    const whole = Math.abs(x - a) + Math.abs(y - b) || 1;
    return [x + (a - x) * by / whole, y + (b - y) * by / whole];
  };
  const pair = ([x, y]) => `${short(x)} ${short(y)}`, length = ([x, y], [a, b]) => Math.abs(x - a) + Math.abs(y - b);
  let made = `M${pair(points[0])}`;
  for (let i = 1; i < points.length - 1; i++) {
    const by = Math.min(CORNER, length(points[i - 1], points[i]) / 2, length(points[i], points[i + 1]) / 2);
    made += `L${pair(toward(points[i], points[i - 1], by))}Q${pair(points[i])} ${pair(toward(points[i], points[i + 1], by))}`;
  }
  return `${made}L${pair(points[points.length - 1])}`;
}

function head(points) {
  const [x0, y0] = points[points.length - 2], [x, y] = points[points.length - 1];
  if (Math.abs(x - x0) < 0.05) return `M${short(x)} ${short(y)}l-3.5 ${y > y0 ? -6 : 6}h7z`;
  return `M${short(x)} ${short(y)}l${x > x0 ? -6 : 6} -3.5v7z`;
}

function show(focused) {
  boxes.clear();
  let left = MARGIN, height = 0, made = "";
  DATA.networks.forEach((network, number) => {
    network.number = number;
    const level = place(network, network.root, "", false, false);
    const heading = DATA.networks.length > 1 ? 24 : 0;
    if (heading) made += `<text class="bold" x="${left}" y="${MARGIN + 4}" font-size="15">${text(network.name)}</text>`;
    made += `<g role="group" aria-label="${text(network.name)}">${draw(level, network, left, MARGIN + heading)}</g>`;
    left += level.w + 2 * MARGIN;
    height = Math.max(height, level.h + heading);
  });
  size = [left - MARGIN, height + 2 * MARGIN];
  view.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${short(size[0])} ${short(size[1])}" role="group" ` +
    `aria-label="Network" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="11.5">${made}</svg>`;
  scale(zoom);
  if (focused) element(focused)?.focus({ preventScroll: true });
}

const element = (id) => view.querySelector(`[data-box="${CSS.escape(id)}"]`);

// ---- what people do

function scale(to) {
  zoom = Math.min(6, Math.max(0.05, to));
  const svg = view.firstElementChild;
  svg.setAttribute("width", short(size[0] * zoom));
  svg.setAttribute("height", short(size[1] * zoom));
}

function toggle(id, wanted) {
  const found = boxes.get(id);
  if (!found || !found.each.box.level || open.has(id) === (wanted ?? !open.has(id))) return;
  const before = element(id).getBoundingClientRect();
  if (open.has(id)) open.delete(id); else open.add(id);
  hide();
  show(id);
  const after = element(id)?.getBoundingClientRect();
  if (after) view.scrollBy(after.left - before.left, after.top - before.top);
}

function all(wanted) {
  const under = (network, key, prefix) => network.levels[key].boxes.forEach((box) => {
    if (!box.level || open.size > 400) return;
    open.add(`${network.number}:${prefix}${box.strips[0].path}`);
    under(network, box.level, prefix + box.prefix);
  });
  open.clear();
  if (wanted) DATA.networks.forEach((network) => under(network, network.root, ""));
  show();
}

function choose(id) {
  const found = boxes.get(id);
  if (!found) return;
  view.querySelector(".chosen")?.classList.remove("chosen");
  chosen = id;
  element(id).classList.add("chosen");
  const { each, network } = found;
  const owner = ownerOf(each, network);
  let made = `<h2>${text(each.path || name(each))}</h2>`;
  for (const part of each.box.strips) {
    made += `<h3>${text(part.words.map((word) => word[0]).join(" "))}</h3>`;
    if (part.why) made += `<ul>${part.why.map((reason) => `<li>${text(reason)}</li>`).join("")}</ul>`;
  }
  const places = each.box.strips.map((part) => part.place).filter(Boolean);
  const around = (owner && network.levels[owner].place) || places[0];
  if (around) made += `<h3>In the spec (${text(around[0])})</h3>${excerpt(network.texts[around[0]], around, places)}`;
  if (each.box.level && network.levels[each.box.level].place) {
    const own = network.levels[each.box.level].place;
    if (!around || own[1] !== around[1]) made += `<h3>The block (${text(own[0])})</h3>${excerpt(network.texts[own[0]], own, [])}`;
  }
  const lines = (each.box.level && network.levels[each.box.level].lines) || (owner && network.levels[owner].lines);
  if (lines) made += `<h3>In PyTorch</h3>${python(network, each, lines)}`;
  about.innerHTML = made;
  about.querySelectorAll("pre").forEach((pre) => {
    const mark = pre.querySelector("mark");
    if (mark) pre.scrollTop = Math.max(0, mark.offsetTop - pre.offsetTop - 40);
  });
}

/** The key of the level that a box lies in. */
function ownerOf(each, network) {
  for (const [key, level] of Object.entries(network.levels)) if (level.boxes.includes(each.box)) return key;
  return null;
}

function excerpt(source, [, from, to], places) {
  let made = "", at = source.lastIndexOf("\n", from - 1) + 1;
  const end = source.indexOf("\n", to) < 0 ? source.length : source.indexOf("\n", to);
  for (const [, first, last] of places.sort((a, b) => a[1] - b[1])) {
    if (first < at || last > end) continue;
    made += `${text(source.slice(at, first))}<mark>${text(source.slice(first, last))}</mark>`;
    at = last;
  }
  return `<pre tabindex="0">${made}${text(source.slice(at, end))}</pre>`;
}

function python(network, each, [from, to]) {
  const lines = network.python.split("\n").slice(from - 1, to);
  const labels = each.box.strips.map((part) => part.path.split(".").pop()).filter((label) => label && !/^\d+$/.test(label));
  const marked = (each_) => !each.box.level && labels.some((label) => new RegExp(`(self\\.|")${label}\\b`).test(each_));
  return `<pre tabindex="0">${lines.map((each_) => (marked(each_) ? `<mark>${text(each_)}</mark>` : text(each_))).join("\n")}</pre>`;
}

function explain(id, x, y) {
  const found = boxes.get(id);
  if (!found) return;
  const parts = found.each.box.strips.map((part) => [part.path ? found.each.path.slice(0, found.each.path.length - found.each.box.strips[0].path.length) + part.path : "", ...(part.why || [])].filter(Boolean).join("\n"));
  const words = parts.filter(Boolean).join("\n");
  if (!words) return hide();
  tip.textContent = words;
  tip.hidden = false;
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 16, innerHeight - tip.offsetHeight - 8))}px`;
  element(id)?.setAttribute("aria-describedby", "tip");
}

function hide() {
  tip.hidden = true;
  view.querySelector("[aria-describedby]")?.removeAttribute("aria-describedby");
}

/** What has a word in its words or path; a path of any application of a repeat finds the first one. */
function search(word) {
  const wanted = word.trim().toLowerCase();
  const found = [], plain = (value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const under = (network, key, prefix, above, pattern) => {
    if (found.length > 200) return;
    network.levels[key].boxes.forEach((box, index) => {
      const path = box.strips[0].path ? prefix + box.strips[0].path : "";
      const id = `${network.number}:${path || `${prefix}#${index}`}`;
      const words = [path, ...box.strips.map((part) => part.words.map((each) => each[0]).join(" "))].join(" ").toLowerCase();
      const own = pattern + plain(box.strips[0].path), any = box.cards ? own.replace(/\d+$/, "\\d+") : own;
      const named = box.strips.some((part) => part.path && new RegExp(`^${pattern}${plain(part.path)}$`, "i").test(wanted));
      if (box.h >= 1 && (words.includes(wanted) || named || new RegExp(`^${any}$`, "i").test(wanted))) found.push({ id, above });
      if (box.level) {
        const rest = plain(box.prefix.slice(box.strips[0].path.length));
        under(network, box.level, prefix + box.prefix, [...above, id], any + rest);
      }
    });
  };
  if (wanted) DATA.networks.forEach((network) => under(network, network.root, "", [], ""));
  return found;
}

let asked = "", results = [];
document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const word = document.getElementById("word").value;
  if (word !== asked) [asked, results, match] = [word, search(word), -1];
  matches = results.map((each) => each.id);
  const told = document.getElementById("found");
  if (!results.length) {
    told.textContent = word ? "nothing found" : "";
    return show();
  }
  match = (match + 1) % results.length;
  told.textContent = `${match + 1} of ${results.length}`;
  const { id, above } = results[match];
  above.forEach((each) => open.add(each));
  show();
  choose(id);
  element(id).scrollIntoView({ block: "center", inline: "center" });
});

document.getElementById("tools").addEventListener("click", (event) => {
  const what = event.target.dataset.do;
  if (what === "open" || what === "close") all(what === "open");
  if (what === "smaller" || what === "larger") scale(zoom * (what === "larger" ? 1.25 : 0.8));
  if (what === "fit") scale(Math.min((view.clientWidth - 4) / size[0], (view.clientHeight - 4) / size[1]));
  if (what === "print") print();
});

const boxOf = (event) => event.target.closest?.("[data-box]")?.dataset.box;
view.addEventListener("click", (event) => boxOf(event) && choose(boxOf(event)));
view.addEventListener("dblclick", (event) => boxOf(event) && toggle(boxOf(event)));
view.addEventListener("pointermove", (event) => {
  const id = boxOf(event);
  if (id && !held) explain(id, event.clientX, event.clientY); else hide();
});
view.addEventListener("pointerleave", hide);
view.addEventListener("focusin", (event) => {
  const id = boxOf(event);
  if (!id || !event.target.matches(":focus-visible")) return;
  const at = event.target.getBoundingClientRect();
  explain(id, at.right, at.top);
});
view.addEventListener("focusout", hide);
view.addEventListener("keydown", (event) => {
  const id = boxOf(event);
  if (event.key === "Escape") return hide();
  if (event.key === "+" || event.key === "-") return scale(zoom * (event.key === "+" ? 1.25 : 0.8));
  if (!id) return;
  const order = [...view.querySelectorAll("[data-box]")], at = order.findIndex((each) => each.dataset.box === id);
  const acts = {
    Enter: () => choose(id),
    " ": () => toggle(id),
    ArrowRight: () => toggle(id, true),
    ArrowLeft: () => toggle(id, false),
    ArrowDown: () => order[at + 1]?.focus(),
    ArrowUp: () => order[at - 1]?.focus(),
  };
  if (acts[event.key]) {
    event.preventDefault();
    acts[event.key]();
  }
});

let held = null;
view.addEventListener("pointerdown", (event) => {
  if (event.button === 0 && !boxOf(event)) held = [event.clientX + view.scrollLeft, event.clientY + view.scrollTop];
});
addEventListener("pointermove", (event) => {
  if (!held) return;
  view.classList.add("held");
  view.scrollTo(held[0] - event.clientX, held[1] - event.clientY);
});
addEventListener("pointerup", () => {
  held = null;
  view.classList.remove("held");
});
view.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const before = zoom, box = view.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  scale(zoom * Math.exp(-event.deltaY / 400));
  view.scrollTo((view.scrollLeft + x) * zoom / before - x, (view.scrollTop + y) * zoom / before - y);
}, { passive: false });

show();
if (size[0] > view.clientWidth) scale(Math.max(0.5, (view.clientWidth - 4) / size[0]));

// ---- an editor around the page: the box under its cursor is marked, and a click leads to the text

const host = typeof acquireVsCodeApi === "function" ? acquireVsCodeApi() : null;

/** The step of the text at an offset, else the next one on its line, else what the line lies in; drawn, if one is. */
function stepAt(file, offset, from, to) {
  let found = null;
  const far = ([name, start, end]) => {
    if (name !== file) return Infinity;
    if (start >= from) return start <= offset && offset <= end ? end - start : start <= to ? 1e6 + Math.abs(start - offset) : Infinity;
    return offset <= end ? 1e9 + end - start : Infinity;
  };
  const under = (network, key, prefix, above) => network.levels[key].boxes.forEach((box, index) => {
    const id = `${network.number}:${box.strips[0].path ? prefix + box.strips[0].path : `${prefix}#${index}`}`;
    const away = Math.min(...box.strips.map(({ place }) => (place ? far(place) : Infinity))) + (boxes.has(id) ? 0 : 0.5);
    if (away < (found?.away ?? Infinity)) found = { id, above, away };
    if (box.level && above.length < 8) under(network, box.level, prefix + box.prefix, [...above, id]);
  });
  DATA.networks.forEach((network) => under(network, network.root, "", []));
  return found;
}

function follow(...place) {
  const found = stepAt(...place);
  if (!found) return;
  if (!boxes.has(found.id)) {
    found.above.forEach((id) => open.add(id));
    show();
  }
  choose(found.id);
  element(found.id).scrollIntoView({ block: "nearest", inline: "nearest" });
}

if (host) {
  const before = host.getState();
  if (before?.title === document.title) {
    open.clear();
    before.open.forEach((id) => open.add(id));
    show();
    scale(before.zoom);
    view.scrollTo(...before.at);
  }
  const keep = () => host.setState({ title: document.title, open: [...open], zoom, at: [view.scrollLeft, view.scrollTop] });
  for (const act of ["click", "dblclick", "keyup", "scrollend"]) document.addEventListener(act, keep, true);
  addEventListener("message", ({ data }) => data.follow && (follow(...data.follow), keep()));
  view.addEventListener("click", (event) => {
    const found = boxes.get(boxOf(event));
    if (!found) return;
    const { strips } = found.each.box, top = element(found.each.id).getBoundingClientRect().top;
    const line = found.each.inside ? 0 : Math.floor((event.clientY - top) / (STRIP * zoom));
    const place = strips[Math.min(Math.max(line, 0), strips.length - 1)].place;
    if (place) host.postMessage(place);
  });
}
