// Draws each chart from the table below it: a column with `data-series` is a series, each row a bar.
"use strict";

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(`--${name}`).trim();
// Neither accepting nor overriding is good or bad in itself, so neither has a colour of a rating.
const COLOURS = { accepted: "accent", overridden: "second", unheard: "line" };

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
Chart.defaults.font.size = 13;
Chart.defaults.color = colour("soft");
Chart.defaults.animation = false;

function series(table) {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const sets = heads
    .map((head, column) => ({ head, column }))
    .filter(({ head }) => head.dataset.series)
    .map(({ head, column }) => ({
      label: head.textContent,
      data: rows.map((row) => Number(row.cells[column].textContent)),
      backgroundColor: colour(COLOURS[head.dataset.series]),
      maxBarThickness: 28,
      borderRadius: 2,
    }));
  return { labels: rows.map((row) => row.cells[0].textContent), datasets: sets };
}

function draw(box) {
  const across = box.dataset.chart === "bars";
  const data = series(document.getElementById(box.dataset.table));
  if (across) data.labels = data.labels.map(broken);
  box.hidden = false;
  if (across) box.style.blockSize = `${data.labels.length * 2.9 + 5}rem`;
  const numbers = { stacked: true, ticks: { precision: 0 }, grid: { color: colour("line") }, border: { display: false } };
  const names = { stacked: true, grid: { display: false }, border: { color: colour("firm") } };
  new Chart(box.querySelector("canvas"), {
    type: "bar",
    data,
    options: {
      indexAxis: across ? "y" : "x",
      maintainAspectRatio: false,
      scales: across ? { x: numbers, y: names } : { x: names, y: numbers },
      plugins: {
        legend: { display: data.datasets.length > 1, align: "start", labels: { boxWidth: 14, boxHeight: 14 } },
      },
    },
  });
}

// Long names on lines of their own.
function broken(words) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const last = lines.length - 1;
    if (lines[last] && lines[last].length + word.length > 26) lines.push(word);
    else lines[last] = `${lines[last]} ${word}`.trim();
  }
  return lines;
}

document.fonts.ready.then(() => document.querySelectorAll("[data-chart]").forEach(draw));
