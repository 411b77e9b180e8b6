// Explore: a button beside a figure loads Plotly from our own host, only on this click, and draws the figure's CSV.
// Escape or the button again brings the drawing back. Plotly needs neither eval nor inline style for these charts.
const STYLE = "plotly.js-style-global"; // found under this name, Plotly writes no rules of its own
let loading = null;

function load(button) {
  loading ??= new Promise((done, fail) => {
    const sheet = document.createElement("link");
    Object.assign(sheet, { id: STYLE, className: "no-inline-styles", rel: "stylesheet", href: button.dataset.style });
    const script = document.createElement("script");
    Object.assign(script, { src: button.dataset.plotly, onload: done, onerror: fail });
    document.head.append(sheet, script);
  });
  return loading;
}

function table(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 1);
}

const isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));

function traces([head, ...rows]) {
  const columns = head.map((name, at) => ({ name, values: rows.map((row) => row[at] ?? "") }));
  const numeric = columns.slice(1).filter((one) => one.values.some(isNumber) && one.values.every((v) => v === "" || isNumber(v)));
  const shown = numeric.length > 1 ? numeric.filter((one) => one.name !== "all") : numeric;
  return shown.map((one) => ({ type: "bar", name: one.name, x: columns[0].values, y: one.values.map((v) => (v === "" ? null : Number(v))) }));
}

function layout(box) {
  const ink = getComputedStyle(box).color;
  const axis = { color: ink, automargin: true };
  return { barmode: "stack", font: { color: ink, family: getComputedStyle(box).fontFamily }, paper_bgcolor: "transparent",
    plot_bgcolor: "transparent", margin: { t: 12, r: 12 }, xaxis: { ...axis, type: "category" }, yaxis: { ...axis, type: "linear" }, legend: { orientation: "h" } };
}

function close(figure) {
  figure.querySelector("[data-drawn]")?.remove();
  figure.querySelector("svg.chart")?.removeAttribute("hidden");
  const button = figure.querySelector("[data-explore]");
  button.setAttribute("aria-expanded", "false");
  button.firstChild.textContent = "Explore";
}

async function open(button) {
  const figure = button.closest("figure");
  button.firstChild.textContent = "Loading";
  try {
    const [answer] = await Promise.all([fetch(button.dataset.explore), load(button)]);
    if (!answer.ok) throw new Error(answer.status);
    const box = document.createElement("div");
    box.dataset.drawn = "";
    box.className = "explored";
    figure.prepend(box);
    figure.querySelector("svg.chart")?.setAttribute("hidden", "");
    await window.Plotly.newPlot(box, traces(table(await answer.text())), layout(box), { displayModeBar: false, responsive: true });
    button.setAttribute("aria-expanded", "true");
    button.firstChild.textContent = "Back to the drawing";
  } catch {
    close(figure);
    button.firstChild.textContent = "Could not load it. Try again";
    loading = window.Plotly ? loading : null;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-explore]");
  if (!button) return;
  if (button.getAttribute("aria-expanded") === "true") close(button.closest("figure"));
  else open(button);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("figure:has([data-drawn])").forEach(close);
});
