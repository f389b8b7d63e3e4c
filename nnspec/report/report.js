"use strict";
// The figures of a report: a choice of views, and looking closer: with the wheel, by dragging, with buttons and keys.

for (const choice of document.querySelectorAll("[data-views]")) {
  choice.addEventListener("change", () => {
    document.querySelectorAll(`[data-view="${choice.dataset.views}"]`).forEach((view, place) => {
      view.hidden = String(place) !== choice.value;
    });
  });
}

for (const figure of document.querySelectorAll(".zoom")) zoomed(figure);

function zoomed(figure) {
  const bar = document.createElement("div");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Look closer");
  const shown = () => [...figure.querySelectorAll("svg")].find((svg) => !svg.closest("[hidden]"));
  const center = (svg) => {
    const box = svg.viewBox.baseVal;
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const act = {
    larger: (svg) => scale(svg, 1 / 1.5, center(svg)),
    smaller: (svg) => scale(svg, 1.5, center(svg)),
    left: (svg) => move(svg, -0.2, 0),
    right: (svg) => move(svg, 0.2, 0),
    up: (svg) => move(svg, 0, -0.2),
    down: (svg) => move(svg, 0, 0.2),
    whole: reset,
  };
  const words = { larger: ["+", "Larger"], smaller: ["−", "Smaller"], left: ["←", "To the left"],
    right: ["→", "To the right"], up: ["↑", "Up"], down: ["↓", "Down"], whole: ["Whole", "The whole figure"] };
  for (const [name, [sign, label]] of Object.entries(words)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => act[name](shown()));
    bar.append(button);
  }
  bar.addEventListener("keydown", (event) => {
    const name = { "+": "larger", "=": "larger", "-": "smaller", 0: "whole", ArrowLeft: "left", ArrowRight: "right",
      ArrowUp: "up", ArrowDown: "down" }[event.key];
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act[name](shown());
  });
  figure.append(bar);
  for (const svg of figure.querySelectorAll("svg")) held(svg);
}

// The page scrolls with the wheel; with the control key, as maps have it, a figure is looked at closer.
function held(svg) {
  svg.dataset.whole = svg.getAttribute("viewBox");
  let from = null;
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    scale(svg, event.deltaY > 0 ? 1.2 : 1 / 1.2, point(svg, event));
  }, { passive: false });
  svg.addEventListener("dblclick", (event) => scale(svg, 1 / 2, point(svg, event)));
  svg.addEventListener("pointerdown", (event) => {
    from = point(svg, event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = point(svg, event), box = svg.viewBox.baseVal;
    move(svg, (from[0] - to[0]) / box.width, (from[1] - to[1]) / box.height);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { from = null; });
}

function point(svg, event) {
  const found = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [found.x, found.y];
}

function scale(svg, factor, [x, y]) {
  const box = svg.viewBox.baseVal;
  show(svg, x - (x - box.x) * factor, y - (y - box.y) * factor, box.width * factor, box.height * factor);
}

function move(svg, x, y) {
  const box = svg.viewBox.baseVal;
  show(svg, box.x + x * box.width, box.y + y * box.height, box.width, box.height);
}

// A part of the figure, never beyond its edges.
function show(svg, x, y, width, height) {
  const [left, top, whole, high] = svg.dataset.whole.split(/[ ,]+/).map(Number);
  if (width >= whole) return reset(svg);
  const inside = (value, low, room) => Math.min(low + Math.max(0, room), Math.max(low, value));
  svg.setAttribute("viewBox", [inside(x, left, whole - width), inside(y, top, high - height), width, height].join(" "));
}

function reset(svg) {
  svg.setAttribute("viewBox", svg.dataset.whole);
}
