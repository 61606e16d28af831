"use strict";
// Lines and points in SVG, redrawn to the width that there is; text goes in as text, never as markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}
const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const find = (id) => document.getElementById(id);

function number(value) {
  if (value === null || value === undefined || value === "") return "";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return Number(value).toExponential(2).replace(/\.?0+e/, "e");
  return String(Number(Number(value).toPrecision(4)));
}

// Days and times are the reader's own: 30 Nov 2026, 14:05.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (part) => String(part).padStart(2, "0");
function date(epoch) { const at = new Date(epoch * 1000); return `${at.getDate()} ${MONTHS[at.getMonth()]} ${at.getFullYear()}`; }
function time(epoch) { const at = new Date(epoch * 1000); return `${two(at.getHours())}:${two(at.getMinutes())}`; }
const moment = (epoch) => `${date(epoch)}, ${time(epoch)}`;
function brief(epoch) {
  const year = ` ${new Date().getFullYear()}`, on = date(epoch);
  return on.endsWith(year) ? `${on.slice(0, -year.length)} ${time(epoch)}` : on;
}
const zone = () => new Intl.DateTimeFormat("en", {timeZoneName: "short"}).formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;

// From values to pixels, and the values at which an axis is marked.
function scale(values, from, to, wantLog) {
  let low = Math.min(...values), high = Math.max(...values);
  const log = wantLog && low > 0;
  if (low === high) { const by = log ? 2 : Math.abs(low) * 0.1 || 1; [low, high] = log ? [low / by, high * by] : [low - by, high + by]; }
  const bent = log ? Math.log10 : (value) => value;
  const pad = (bent(high) - bent(low)) * 0.04;
  const first = bent(low) - pad, last = bent(high) + pad;
  const place = (value) => from + ((bent(value) - first) / (last - first)) * (to - from);
  place.back = (pixel) => { const at = first + ((pixel - from) / (to - from)) * (last - first); return log ? 10 ** at : at; };
  place.marks = log ? logMarks(first, last) : evenMarks(first, last, Math.abs(to - from) / (to < from ? 42 : 75));
  return place;
}

function evenMarks(low, high, count) {
  const raw = (high - low) / Math.max(2, count), power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= raw);
  const marks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) marks.push(Number(at.toPrecision(12)));
  return marks;
}

function logMarks(low, high) {
  const marks = [], times = high - low > 2.5 ? [1] : high - low > 1.2 ? [1, 3] : [1, 2, 3, 5];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++)
    for (const factor of times) { const at = factor * 10 ** power; if (Math.log10(at) >= low && Math.log10(at) <= high) marks.push(at); }
  return marks;
}

// Draws `series` into `host`: each has `colour` and `points` [{x, y, low, high, text, id, chosen}]; `lines` or dots.
function plot(host, series, options) {
  host.replaceChildren();
  const all = series.flatMap((one) => one.points);
  if (!all.length) { host.append(make("p", {class: "empty"}, options.empty)); return; }
  const width = Math.max(240, host.clientWidth), height = Math.max(160, host.clientHeight);
  const box = {left: 52, right: width - 12, top: 10, bottom: height - 36};
  const ys = all.flatMap((one) => [one.y, one.low ?? one.y, one.high ?? one.y]);
  const x = scale(all.map((one) => one.x), box.left, box.right, options.logX), y = scale(ys, box.bottom, box.top, options.logY);
  const label = options.labelX || number;
  const svg = draw("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": options.title},
    y.marks.map((at) => [draw("line", {class: "grid", x1: box.left, x2: box.right, y1: y(at), y2: y(at)}),
      draw("text", {x: box.left - 7, y: y(at) + 4, "text-anchor": "end"}, (options.labelY || number)(at))]),
    spaced(x.marks, x, label).map((at) => draw("text", {x: x(at), y: box.bottom + 16, "text-anchor": "middle"}, label(at))),
    draw("line", {class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom}),
    draw("text", {x: (box.left + box.right) / 2, y: height - 3, "text-anchor": "middle"}, options.nameX));
  host.append(svg);
  (options.lines ? drawLines : drawDots)(host, svg, series, {x, y, box, width, ...options});
}

function spaced(marks, x, label) {
  let free = -Infinity;
  return marks.filter((at) => { const half = label(at).length * 3.4; if (x(at) - half < free) return false; free = x(at) + half + 8; return true; });
}

function drawLines(host, svg, series, {x, y, box, width, nameX}) {
  for (const one of series) {
    const path = one.points.map((at, i) => `${i ? "L" : "M"}${x(at.x).toFixed(1)},${y(at.y).toFixed(1)}`).join("");
    svg.append(draw("path", {class: "line", d: path, stroke: one.colour}));
    if (one.points.length < 30) svg.append(...one.points.map((at) => draw("circle", {cx: x(at.x), cy: y(at.y), r: 2.6, fill: one.colour})));
  }
  const cross = draw("line", {class: "cross", y1: box.top, y2: box.bottom, visibility: "hidden"});
  svg.append(cross);
  const tip = tipOf(host);
  svg.addEventListener("pointerleave", () => { tip.hidden = true; cross.setAttribute("visibility", "hidden"); });
  svg.addEventListener("pointermove", (event) => {
    const pixel = ((event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth) * width;
    const wanted = x.back(Math.min(box.right, Math.max(box.left, pixel)));
    const nearest = series.map((one) => ({one, at: one.points.reduce((a, b) => (Math.abs(b.x - wanted) < Math.abs(a.x - wanted) ? b : a))}));
    const line = x(nearest[0].at.x);
    for (const end of ["x1", "x2"]) cross.setAttribute(end, line);
    cross.setAttribute("visibility", "visible");
    show(tip, host, line / width, [`${nameX} ${nearest[0].at.x}`, ...nearest.map(({one, at}) => `${one.name}: ${number(at.y)}`)].join("\n"), event);
  });
}

function drawDots(host, svg, series, {x, y, width, onchoose}) {
  const tip = tipOf(host);
  for (const one of series) for (const at of one.points) {
    if (at.low !== null && at.low !== undefined)
      svg.append(draw("line", {class: "whisker", stroke: one.colour, x1: x(at.x), x2: x(at.x), y1: y(at.low), y2: y(at.high)}));
  }
  const dots = series.flatMap((one) => one.points.map((at) => ({one, at}))).sort((a, b) => a.at.chosen - b.at.chosen);
  for (const {one, at} of dots)
    svg.append(draw("circle", {class: at.chosen ? "dot chosen" : "dot", cx: x(at.x), cy: y(at.y), r: at.chosen ? 6 : 4.2, fill: at.colour || one.colour,
      "fill-opacity": at.chosen ? 1 : 0.75, onclick: () => onchoose(at.id), onpointerenter: (event) => show(tip, host, x(at.x) / width, at.text, event),
      onpointerleave: () => { tip.hidden = true; }}));
}

function tipOf(host) { const tip = make("div", {class: "tip", hidden: true}); host.append(tip); return tip; }

function show(tip, host, share, text, event) {
  tip.textContent = text;
  tip.hidden = false;
  const at = share * host.clientWidth, top = event.clientY - host.getBoundingClientRect().top;
  tip.style.left = share < 0.55 ? `${at + 14}px` : "auto";
  tip.style.right = share < 0.55 ? "auto" : `${host.clientWidth - at + 14}px`;
  tip.style.top = `${Math.min(Math.max(0, top - 20), host.clientHeight - tip.offsetHeight)}px`;
}
