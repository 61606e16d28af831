"use strict";
const data = JSON.parse(find("data").textContent);
const STATUSES = ["finished", "running", "stopped", "failed", "pruned", "killed"];
const CURVES = {loss: "loss on train", val_loss: "loss on validation", metric: "metric on validation"};
const FACTS = {
  metric: (run) => run.value, cost: (run) => run.cost || null, seconds: (run) => run.seconds, steps: (run) => run.steps, rows: (run) => run.rows, began: (run) => run.began,
  id: (run) => run.id, name: (run) => run.name, status: (run) => run.status, recipe: (run) => run.recipe, campaign: (run) => run.campaign, trial: (run) => run.trial,
  tag: (run) => run.tags.join(" "), note: (run) => Object.values(run.notes).join(" "), said: (run) => run.said,
};
const AXES = ["metric", "cost", "seconds", "steps", "began"];
const only = (values) => { const found = new Set(values.filter(Boolean)); return found.size === 1 ? [...found][0] : ""; };
const METRIC = only(data.runs.map((run) => run.metric)), CURRENCY = only(data.runs.map((run) => run.currency));
const varying = [...new Set(data.runs.flatMap((run) => Object.keys(run.config)))].sort();
const numeric = varying.filter((key) => data.runs.some((run) => typeof run.config[key] === "number"));
const state = {sort: "began", down: true, statuses: new Set(), chosen: new Map(), open: new Set()};

const value = (run, key) => (FACTS[key] ? FACTS[key](run) : run.config[key] ?? data.common[key] ?? null);
const headline = (run) => run.notes.lesson || run.notes.result || run.notes.change || run.notes.hypothesis || "";
const short = (run) => run.id.slice(0, 8);
const titleOf = (metric) => data.titles[metric] || metric;
const nameOf = (key) => ({metric: titleOf(METRIC) || "metric", cost: CURRENCY ? `cost (${CURRENCY})` : "cost", seconds: "hours", began: "begun"})[key] || key;
const began = data.runs.map((run) => run.began), days = (Math.max(...began) - Math.min(...began)) / 86400;
const words = (key, at) => (key !== "began" ? number(at) : days < 1 ? time(at) : date(at).replace(/ \d+$/, ""));
const figure = (at) => (at === 0 || (Math.abs(at) >= 0.01 && Math.abs(at) < 10) ? at.toFixed(3) : number(at));
const goodness = (run) => (run.value === null ? -Number.MAX_VALUE : run.more_is_better ? run.value : -run.value);
const byMetric = (one, other) => goodness(other) - goodness(one);
const axis = (run, key) => { const at = value(run, key); return key === "seconds" ? at / 3600 : at; };

// What was measured on other rows, or by another metric, is not ranked or drawn with the rest: data.grounds names each such group.
const SEVERAL = data.grounds.length > 1;
const grounded = (runs) => {
  if (!SEVERAL) return runs;
  const chosen = find("ground").value, counts = data.grounds.map((_, place) => runs.filter((run) => run.ground === place).length);
  const ground = chosen === "" ? counts.indexOf(Math.max(...counts)) : Number(chosen);
  return runs.filter((run) => run.ground === ground);
};

// The same conditions as on the command line; every other word must stand somewhere in the run.
const CONDITION = /^([\w./ -]+?)\s*(>=|<=|!=|=|>|<|~)(.*)$/;
const TITLES = {took: "seconds", begun: "began"};
const bare = (text) => text.replaceAll("_", " ").trim().toLowerCase();
const metrics = [...new Set(data.runs.map((run) => run.metric).filter(Boolean))];
const metricOf = (key) => metrics.find((name) => bare(name) === bare(key) || bare(titleOf(name)) === bare(key));
function reader(key) {
  if (FACTS[key] || varying.includes(key) || key in data.common) return (run) => value(run, key);
  const name = metricOf(key), fact = TITLES[key] || (key.startsWith("cost") && "cost");
  return fact ? FACTS[fact] : name ? (run) => (run.metric === name ? run.value : null) : null;
}
function conditions(text) {
  return (text.match(/(?:[^\s"]|"[^"]*")+/g) || []).map((word) => {
    const found = CONDITION.exec(word.replaceAll('"', ""));
    if (!found) { const wanted = word.replaceAll('"', "").toLowerCase(); return (run) => run.text.includes(wanted); }
    const [, key, sign, wanted] = found;
    const read = reader(key);
    if (!read) throw new Error(`No run has '${key}': ${near(key)}`);
    return (run) => holds(read(run), sign, /^[\d.]+%$/.test(wanted) ? String(parseFloat(wanted) / 100) : wanted);
  });
}
function near(key) {
  const same = [...varying, ...Object.keys(data.common), ...Object.keys(FACTS)].find((name) => name.endsWith(`.${key}`) || name.includes(key));
  return same ? `did you mean ${same}?` : "ask for metric, cost, status, note or a key of the config.";
}
function holds(found, sign, wanted) {
  const a = found === null || found === "" ? NaN : Number(found), b = Number(wanted), text = String(found ?? "").toLowerCase();
  if (sign === "~") return text.includes(wanted.toLowerCase());
  if (sign === "=" || sign === "!=")
    return (sign === "=") === wanted.split(",").some((one) => (one !== "" && Number.isFinite(a) && Number.isFinite(Number(one)) ? a === Number(one) : text === one.toLowerCase()));
  return {">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b}[sign];
}

function shown() {
  let tests = [];
  find("wrong").textContent = "";
  try { tests = conditions(find("filter").value); } catch (error) { find("wrong").textContent = error.message; }
  const campaign = find("campaign").value, ground = find("ground").value;
  return data.runs.filter((run) => (ground === "" || run.ground === Number(ground)) && (!state.statuses.size || state.statuses.has(run.status)) && (!campaign || run.campaign === campaign) && tests.every((test) => test(run)));
}
function sorted(runs) {
  const by = state.down ? -1 : 1, lacks = (at) => at === null || at === undefined || at === "";
  return [...runs].sort((one, other) => {
    const a = value(one, state.sort), b = value(other, state.sort);
    if (lacks(a) || lacks(b)) return lacks(a) - lacks(b) || other.began - one.began;
    if (state.sort === "metric" && one.ground !== other.ground) return one.ground - other.ground;
    return (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))) * by || other.began - one.began;
  });
}

function choose(id) {
  if (state.chosen.has(id)) state.chosen.delete(id);
  else { const taken = new Set(state.chosen.values()); let free = 0; while (taken.has(free)) free++; state.chosen.set(id, free); }
  render();
}
function chooseBest() {
  state.chosen.clear();
  grounded(shown()).filter((run) => run.value !== null).sort(byMetric).slice(0, 5).forEach((run, place) => state.chosen.set(run.id, place));
}
const colour = (id) => `var(--c${state.chosen.get(id) % 8})`;

function scatter(runs) {
  const [nameX, nameY] = [find("x").value, find("y").value];
  const alike = [nameX, nameY].includes("metric") ? grounded(runs) : runs;
  find("alike").textContent = alike.length < runs.filter((run) => run.value !== null).length && SEVERAL ? `${alike.length} runs, measured by ${data.grounds[alike[0].ground].words}; the others were measured on other rows or by another metric.` : "";
  const points = alike.map((run) => ({
    x: axis(run, nameX), y: axis(run, nameY), id: run.id, chosen: state.chosen.has(run.id), colour: state.chosen.has(run.id) ? colour(run.id) : null,
    low: nameY === "metric" && state.chosen.has(run.id) ? run.low : null, high: run.high,
    text: `${short(run)}  ${run.status}${run.campaign ? `  ${run.campaign}/${run.trial}` : ""}\n${nameOf(nameY)} ${number(axis(run, nameY))}\n${nameOf(nameX)} ${words(nameX, axis(run, nameX))}\n${headline(run) || run.change}`,
  })).filter((at) => typeof at.x === "number" && typeof at.y === "number" && Number.isFinite(at.x) && Number.isFinite(at.y));
  const wide = (key) => { const all = points.map((at) => at[key]); return Math.min(...all) > 0 && Math.max(...all) / Math.min(...all) > 20; };
  plot(find("scatter"), [{colour: "var(--c7)", points}], {title: `${nameOf(nameY)} over ${nameOf(nameX)}`, nameX: nameOf(nameX), logX: wide("x") && nameX !== "began",
    logY: wide("y") && nameY !== "began", labelX: (at) => words(nameX, at), labelY: (at) => words(nameY, at), onchoose: choose, empty: "No run here has both of these."});
}
function lines() {
  const key = find("curve").value;
  const series = data.runs.filter((run) => state.chosen.has(run.id) && run.curves[key]).map((run) => ({name: short(run), colour: colour(run.id),
    points: run.curves[key].steps.map((step, i) => ({x: step, y: run.curves[key].values[i]}))}));
  find("chosen").textContent = state.chosen.size === 1 ? "1 run" : `${state.chosen.size} runs`;
  find("legend").replaceChildren(...data.runs.filter((run) => state.chosen.has(run.id)).sort(byMetric).map((run) => make("button", {type: "button", title: "take it off", onclick: () => choose(run.id)},
    make("i", {style: `border-color:${colour(run.id)}`}), make("span", {class: "id"}, short(run)), run.value === null ? ` ${run.status}` : ` ${figure(run.value)}`)));
  series.sort((a, b) => a.name.localeCompare(b.name));
  plot(find("curves"), series, {lines: true, title: CURVES[key], nameX: "step", empty: state.chosen.size ? "The chosen runs did not measure this." : "Choose runs: the circles in the table, or the points of the other plot."});
}

function columns() {
  const many = (key) => new Set(data.runs.map((run) => value(run, key))).size > 1;
  return [
    {key: "", title: "", cell: (run) => swatch(run)},
    {key: "id", title: "id", first: true, cell: (run) => make("span", {class: "id"}, short(run))},
    many("name") && {key: "name", title: "name", cell: (run) => run.name},
    {key: "status", title: "status", cell: (run) => make("span", {class: `status ${run.status}`}, run.status)},
    {key: "metric", title: titleOf(METRIC) || "metric", cell: measured},
    SEVERAL && {key: "rows", title: "rows", right: true, cell: (run) => run.rows?.toLocaleString("en") ?? ""},
    {key: "began", title: "begun", wide: true, cell: (run) => brief(run.began)},
    {key: "seconds", title: "took", right: true, wide: true, cell: (run) => run.took},
    {key: "steps", title: "steps", right: true, wide: true, cell: (run) => run.steps ?? ""},
    {key: "cost", title: CURRENCY ? `cost ${CURRENCY}` : "cost", right: true, wide: true, cell: (run) => (CURRENCY ? run.money.replace(` ${CURRENCY}`, "") : run.money)},
    many("campaign") && {key: "campaign", title: "campaign", wide: true, cell: (run) => (run.campaign ? `${run.campaign}/${run.trial}` : "")},
    find("column").value && {key: find("column").value, title: find("column").value, right: numeric.includes(find("column").value), cell: (run) => number2(value(run, find("column").value))},
    {key: "note", title: "note", note: true, cell: note},
  ].filter(Boolean);
}
const number2 = (at) => (typeof at === "number" ? number(at) : at ?? "");
function swatch(run) {
  const on = state.chosen.has(run.id);
  return make("button", {class: "swatch", type: "button", "aria-pressed": String(on), "aria-label": `Draw the curves of ${short(run)}`, style: on ? `background:${colour(run.id)};border-color:${colour(run.id)}` : null,
    onclick: (event) => { event.stopPropagation(); choose(run.id); }});
}
const bounds = data.grounds.map((_, ground) => scale(data.runs.flatMap((run) => (run.ground === ground ? [run.low ?? run.value, run.high ?? run.value] : [])), 2, 78, false));
function measured(run) {
  if (run.value === null) return "";
  const word = `${METRIC ? "" : `${titleOf(run.metric)} `}${figure(run.value)}`, place = bounds[run.ground];
  if (!METRIC || run.low === null) return word;
  const at = [run.low, run.high].map((one) => place(one).toFixed(1));
  return [word, draw("svg", {class: "bounds", viewBox: "0 0 80 12", role: "img", "aria-label": `95% interval ${figure(run.low)} to ${figure(run.high)}`},
    draw("title", {}, `95% interval ${figure(run.low)} to ${figure(run.high)}`), draw("line", {class: "track", x1: 0, x2: 80, y1: 6, y2: 6}),
    draw("line", {x1: at[0], x2: at[1], y1: 6, y2: 6}), draw("circle", {cx: place(run.value).toFixed(1), cy: 6, r: 3.2}))];
}
function note(run) {
  const text = (run.status === "failed" && run.said) || headline(run) || run.said;
  return make("div", {}, run.tags.map((tag) => make("span", {class: "tag"}, tag)), text || make("span", {class: "derived", title: "what it changed of its recipe"}, run.change ? `Δ ${run.change}` : run.unchanged));
}

function details(run, width) {
  const part = (title, ...children) => make("div", {}, make("h3", {}, title), ...children);
  const list = (pairs) => make("dl", {}, pairs.map(([key, text]) => [make("dt", {}, key), make("dd", {}, text)]));
  const notes = Object.entries(run.notes);
  if (!run.notes.change && run.change) notes.push(["change", `Δ ${run.change}`]);
  const interval = run.low === null ? "" : ` [${figure(run.low)}, ${figure(run.high)}]`;
  return make("tr", {class: "detail"}, make("td", {colspan: width}, make("div", {class: "parts"},
    part(`run ${run.id}`, run.said ? make("p", {class: run.status === "failed" ? "said" : "soft"}, run.said) : null,
      list([["model", run.name], ...(run.recipe ? [["recipe", run.recipe]] : []), ["begun", moment(run.began)], ["took", run.took], ...(run.value === null ? [] : [[titleOf(run.metric), `${figure(run.value)}${interval} on ${run.rows ? `${run.rows.toLocaleString("en")} rows of ` : ""}validation`]])]),
      make("p", {class: "links"}, Object.entries(run.links).map(([name, address]) => make("a", {href: address}, name)))),
    notes.length ? part("notes", list(notes)) : null,
    run.history.length ? part("who noted what, and when", list(run.history)) : null,
    run.events.length ? part("alerts", make("ul", {}, run.events.map((event) => make("li", {}, event)))) : null,
    part("config, where runs differ", list(Object.entries(run.config).map(([key, text]) => [key, number2(text)]))))));
}

function table(runs) {
  const shownColumns = columns(), body = find("runs").tBodies[0];
  const kind = (one) => [one.right && "n", one.wide && "wide", one.note && "note", one.first && "first"].filter(Boolean).join(" ") || null;
  find("runs").tHead.replaceChildren(make("tr", {}, shownColumns.map((one) => make("th", {class: kind(one), "aria-sort": one.key && one.key === state.sort ? (state.down ? "descending" : "ascending") : null},
    one.key ? make("button", {type: "button", onclick: () => sortBy(one.key)}, one.title + (one.key === state.sort ? (state.down ? " ↓" : " ↑") : "")) : ""))));
  body.replaceChildren(...runs.flatMap((run) => {
    const open = state.open.has(run.id);
    const toggle = () => { if (!state.open.delete(run.id)) state.open.add(run.id); render(); };
    const row = make("tr", {class: open ? "run open" : "run", tabindex: 0, "data-id": run.id, "aria-expanded": String(open), onclick: toggle,
      onkeydown: (event) => { if (event.key === "Enter" && event.target === row) toggle(); }}, shownColumns.map((one) => make("td", {class: kind(one)}, one.cell(run))));
    return open ? [row, details(run, shownColumns.length)] : [row];
  }));
}
function sortBy(key) {
  state.down = state.sort === key ? !state.down : ["metric", "began", "cost", "seconds", "steps"].includes(key);
  state.sort = key;
  render();
}

function render() {
  const runs = sorted(shown());
  find("count").textContent = runs.length === data.runs.length ? `${runs.length} runs` : `${runs.length} of ${data.runs.length} runs`;
  find("nothing").hidden = runs.length > 0;
  find("nothing").textContent = data.runs.length ? "No run is like that: take a filter away." : "No run was made yet: `shipworthy train` makes one, and `shipworthy runs dashboard` draws it here.";
  find("runs").hidden = !runs.length;
  for (const chip of find("statuses").children) chip.setAttribute("aria-pressed", String(state.statuses.has(chip.value)));
  table(runs);
  lines();
  scatter(runs);
}

function options(select, pairs) { select.replaceChildren(...pairs.map(([key, text]) => make("option", {value: key}, text))); }
function begin() {
  for (const run of data.runs) run.text = [run.id, run.name, run.status, run.campaign, run.said, run.change, ...run.tags, ...Object.values(run.notes)].join(" ").toLowerCase();
  find("summary").textContent = data.runs.length ? `${data.runs.length} runs since ${date(Math.min(...data.runs.map((run) => run.began)))}, ${data.total.took} of machine time${data.total.money ? `, ${data.total.money}` : ""}` : "";
  find("footer").textContent = `Made ${moment(data.made)} by \`${data.command}\`; make it again to see newer runs. Times are ${zone()}.${data.runs.some((run) => run.change) ? ` Δ: ${data.changed}.` : ""}`;
  options(find("campaign"), [["", "all campaigns"], ...[...new Set(data.runs.map((run) => run.campaign).filter(Boolean))].sort().map((name) => [name, `campaign ${name}`])]);
  options(find("ground"), [["", "all validation rows"], ...data.grounds.map((one, place) => [place, `${one.words}: ${one.runs}`])]);
  find("ground").hidden = !SEVERAL;
  options(find("column"), [["", "none"], ...varying.map((key) => [key, key])]);
  find("keys").replaceChildren(...[...Object.keys(FACTS), ...varying].map((key) => make("option", {value: `${key}=`})));
  const usable = AXES.filter((key) => data.runs.some((run) => axis(run, key) !== null));
  for (const id of ["x", "y"]) options(find(id), [...usable, ...numeric].map((key) => [key, nameOf(key)]));
  find("y").value = usable.includes("metric") ? "metric" : "seconds";
  find("x").value = numeric.includes("optimizer.lr") ? "optimizer.lr" : "began";
  options(find("curve"), Object.entries(CURVES).filter(([key]) => data.runs.some((run) => run.curves[key])));
  find("statuses").append(...STATUSES.map((name) => [name, data.runs.filter((run) => run.status === name).length]).filter(([, many]) => many).map(([name, many]) =>
    make("button", {class: "chip", type: "button", value: name, onclick: () => { if (!state.statuses.delete(name)) state.statuses.add(name); render(); }}, make("span", {class: `status ${name}`}, `${name} ${many}`))));
  find("damaged").hidden = !data.damaged.length;
  find("damaged").querySelector("ul").append(...data.damaged.map((one) => make("li", {}, make("code", {}, one.id), `: ${one.said}`)));
  for (const id of ["charts", "filters"]) find(id).hidden = !data.runs.length;
  find("bar").hidden = !data.runs.length;
  for (const id of ["campaign", "ground", "column", "x", "y", "curve"]) find(id).addEventListener("change", render);
  find("filter").addEventListener("input", render);
  find("best").addEventListener("click", () => { chooseBest(); render(); });
  find("none").addEventListener("click", () => { state.chosen.clear(); render(); });
  find("campaign").hidden = find("campaign").options.length < 2;
  // dashboard.html#<run id> opens a run, dashboard.html#<filter> filters.
  const wanted = decodeURIComponent(location.hash.slice(1)), asked = data.runs.find((run) => run.id === wanted);
  if (asked) state.open.add(asked.id);
  else find("filter").value = wanted;
  chooseBest();
  render();
  if (asked) document.querySelector("tr.open").scrollIntoView({block: "center"});
  let width = document.body.clientWidth;
  addEventListener("resize", () => { if (document.body.clientWidth !== width) { width = document.body.clientWidth; render(); } });
  document.documentElement.dataset.drawn = `${Math.round(performance.now())}`;
}
begin();
