"use strict";
const data = JSON.parse(find("data").textContent);

function render() {
  for (const key of ["loss", "val_loss", "metric"]) {
    const series = data.map((run, i) => ({name: run.id.slice(0, 8), colour: `var(--c${i})`, curve: run.curves[key]})).filter((one) => one.curve)
      .map(({name, colour, curve}) => ({name, colour, points: curve.steps.map((step, i) => ({x: step, y: curve.values[i]}))}));
    plot(find(key), series, {lines: true, title: key, nameX: "step", empty: "None of them measured this."});
  }
}
render();
addEventListener("resize", render);
document.documentElement.dataset.drawn = `${Math.round(performance.now())}`;
