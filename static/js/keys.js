// Single-letter keys: they move and show, none of them spends, decides, cancels or deletes.
// Off inside fields and dialogs, with a modifier held, or when switched off in the list under "?".
const GO = { t: "today", r: "runs", a: "person", c: "cost", q: "ops", w: "tmpl", b: "chip", u: "audit" };
const dialog = document.getElementById("keys");
const off = dialog?.querySelector("[data-keys-off]");
let afterG = 0;

const stored = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
const isOff = () => (off ? off.checked : stored());
if (off) {
  off.checked = stored();
  off.addEventListener("change", () => {
    try { localStorage.setItem("keys", off.checked ? "off" : "on"); } catch { /* for this page only */ }
  });
}

const follow = (icon) => document.querySelector(`a[data-go="${icon}"]`)?.click();

function move(step) {
  const links = [...document.querySelectorAll("[data-row] a[href], .rows .row a[href], tbody th a[href]")];
  const firsts = links.filter((a) => rowOf(a).querySelector("a[href]") === a);
  if (!firsts.length) return;
  const at = firsts.findIndex((a) => rowOf(a).contains(document.activeElement));
  const next = firsts[Math.min(firsts.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}
const rowOf = (a) => a.closest("[data-row], .row, tr");

function table() {
  const near = document.activeElement.closest?.(".fig, .panel")?.querySelector("details[data-table]");
  const twin = near ?? document.querySelector("details[data-table]");
  if (twin) twin.open = !twin.open;
}

const ACTS = {
  n: () => follow("plus"),
  j: () => move(1),
  k: () => move(-1),
  p: () => document.dispatchEvent(new Event("live:pause")),
  t: table,
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => dialog?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isOff()) return;
  const field = event.target.closest?.("input,select,textarea,[contenteditable],dialog");
  if (field || document.querySelector("dialog[open]")) return;
  const go = afterG && Date.now() - afterG < 1200 && GO[event.key];
  afterG = event.key === "g" ? Date.now() : 0;
  if (go) follow(go);
  else if (ACTS[event.key]) ACTS[event.key]();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-open]")) dialog?.showModal();
});
