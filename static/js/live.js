// The live door. The server nudges ("run:12 is at version 7"); the page fetches that fragment itself.
//
// Ours instead of htmx: all we need is fetch, swap and hold, and holding a fragment somebody is typing in,
// pausing with a count and showing the age of a snapshot would have been ours anyway. 4 kB, no eval.
//
// Page:   <div data-watch="run:12" data-version="6" data-fragment="/runs/12/head/"> … </div>
// Client: {"watch": [["run", 12, 6], …]}             on open and whenever the watched set changes
// Server: {"object": "run:12", "version": 7, …}      for what is newer, then for each change
//         {"synced": true} after catching up and {"beat": true} every so often are welcome, not required
const BEAT = 1000, GAP = 500, LOST = 10_000, POLL = 15_000, HIDDEN = 60_000, SILENT = 45_000, QUIET = 10_000;
const badge = document.querySelector("[role=status].live");
const words = badge?.querySelector(".txt");
const show = badge?.querySelector("[data-live-show]");
const toggle = document.querySelector("[data-live-pause]");

const newest = new Map(); // object → version the server told of
const jobs = new Map(); // fragment URL → {at, timer, busy, again}
const held = new Map(); // fragment URL → html that waits for a person to leave
let socket = null, tries = 0, lostAt = 0, paused = false, beats = false, lastWord = 0, asked = "";
let retry = 0, settle = 0, poll = 0, sleep = 0, seen = new Date(), said = 0;

const watched = () => [...document.querySelectorAll("[data-watch][data-fragment]")];
const version = (el) => Number(el.dataset.version) || 0;
const stale = () => watched().filter((el) => (newest.get(el.dataset.watch) ?? 0) > version(el));
const clock = (d) => d.toTimeString().slice(0, 8);

// ------------------------------------------------------------------ what the badge says
function say(state, text) {
  if (!badge) return;
  badge.hidden = !watched().length;
  const soon = state === "paused" && badge.dataset.state === state && Date.now() - said < QUIET;
  if (show) show.hidden = !(paused && stale().length);
  if (soon) return;
  if (badge.dataset.state !== state || words.textContent !== text) {
    badge.dataset.state = state;
    words.textContent = text;
    said = text.includes(",") ? Date.now() : 0; // the first held change is said at once
  }
}

function report() {
  const open = socket?.readyState === WebSocket.OPEN;
  const count = stale().length;
  if (paused) say("paused", count ? `Paused, ${count} ${count === 1 ? "change" : "changes"} held` : "Paused");
  else if (open && !settle) say("live", "Live");
  else if (!lostAt || Date.now() - lostAt < LOST) say("catching", "Catching up");
  else say("snapshot", `Snapshot of ${clock(seen)}`);
}

// ------------------------------------------------------------------ fetching and swapping
const TYPING = "input,select,textarea,[contenteditable]";
function inUse(el) {
  const active = document.activeElement;
  if (el.contains(active) && active.matches(TYPING)) return true;
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(el, true));
}

function placeOf(el) {
  const active = document.activeElement;
  if (!el.contains(active) || active === document.body) return null;
  if (active.id) return (root) => (root.id === active.id ? root : root.querySelector(`#${CSS.escape(active.id)}`));
  const index = [...el.querySelectorAll(active.tagName)].indexOf(active);
  return (root) => (index < 0 ? root : root.querySelectorAll(active.tagName)[index]);
}

function swap(el, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  if (!fresh || (fresh.dataset.version && version(fresh) < version(el))) return; // what has ended has none
  const find = placeOf(el);
  const open = [...el.querySelectorAll("details")].map((d) => d.open);
  const left = [...el.querySelectorAll(".scroll")].map((s) => s.scrollLeft);
  el.replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((d, i) => (d.open ||= open[i] ?? false));
  fresh.querySelectorAll(".scroll").forEach((s, i) => (s.scrollLeft = left[i] ?? 0));
  find?.(fresh)?.focus({ preventScroll: true });
  count(fresh.dataset.nowWaiting);
}

// The badge and the list are one number, also when only the list was fetched.
function count(now) {
  if (now === undefined) return;
  for (const badge of document.querySelectorAll("[data-waiting]")) {
    badge.hidden = now === "0";
    badge.firstChild.data = now;
  }
}

function place(url, html) {
  for (const el of watched().filter((w) => w.dataset.fragment === url)) {
    if (inUse(el)) held.set(url, html);
    else { held.delete(url); swap(el, html); }
  }
  watch();
}

const release = () => { for (const [url, html] of [...held]) place(url, html); };

async function load(url, asked = false) {
  const job = jobs.get(url) ?? { at: 0, timer: 0, busy: false, again: false, asked: false };
  jobs.set(url, job);
  job.asked ||= asked;
  if (job.busy || job.timer) { job.again = job.busy || job.again; return; }
  const wait = job.at + GAP - Date.now();
  if (wait > 0) { job.timer = setTimeout(() => { job.timer = 0; load(url); }, wait); return; }
  job.busy = true;
  job.at = Date.now();
  await get(url, job);
  job.busy = false;
  if (job.again) { job.again = false; load(url); }
}

async function get(url, job) {
  try {
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return; // gone, or signed out: what stands there stays
    const html = await answer.text();
    seen = new Date();
    if (!paused || job.asked) place(url, html);
    job.asked = false;
  } catch { /* away; the next nudge or poll asks again */ }
  report();
}

const refresh = (els, asked) => new Set(els.map((el) => el.dataset.fragment)).forEach((url) => load(url, asked));

// ------------------------------------------------------------------ the socket
function triples() {
  const found = new Map();
  for (const el of watched()) {
    const known = found.get(el.dataset.watch);
    found.set(el.dataset.watch, Math.min(known ?? Infinity, version(el)));
  }
  return [...found].map(([name, at]) => {
    const cut = name.indexOf(":");
    const id = name.slice(cut + 1);
    return [name.slice(0, cut), /^\d+$/.test(id) ? Number(id) : id, at];
  });
}

function watch(force = false) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const list = triples();
  const names = list.map((t) => `${t[0]}:${t[1]}`).sort().join();
  if (!force && names === asked) return;
  asked = names;
  socket.send(JSON.stringify({ watch: list }));
}

function hear(data) {
  lastWord = Date.now();
  if (data.beat) beats = true;
  if (data.synced) settled();
  if (!data.object) return;
  const moved = Number.isFinite(data.version); // without a version it is progress: worth a look, nothing is behind
  if (moved) newest.set(data.object, Math.max(data.version, newest.get(data.object) ?? 0));
  const behind = watched().filter((el) => el.dataset.watch === data.object && (!moved || data.version > version(el)));
  if (behind.length && !paused) refresh(behind);
  report();
}

function settled() { clearTimeout(settle); settle = 0; seen = new Date(); report(); }

function connect() {
  clearTimeout(retry);
  if (!watched().length || document.hidden || (socket && socket.readyState <= WebSocket.OPEN)) return;
  const mine = (socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/`));
  setTimeout(fall, LOST + 50);
  mine.onopen = () => {
    tries = 0; lostAt = 0; beats = false; lastWord = Date.now();
    clearInterval(poll); poll = 0;
    settle = setTimeout(settled, BEAT);
    watch(true);
    report();
  };
  mine.onmessage = (event) => { try { hear(JSON.parse(event.data)); } catch { /* not for us */ } };
  mine.onclose = () => { if (mine === socket) lost(); };
}

function lost() {
  socket = null;
  clearTimeout(settle); settle = 0;
  if (document.hidden && !sleep) return; // we hung up ourselves
  lostAt ||= Date.now();
  const wait = Math.min(3_000, 500 * 2 ** tries++) * (0.5 + Math.random());
  retry = setTimeout(connect, wait);
  report();
}

function fall() {
  if (poll || !lostAt || Date.now() - lostAt < LOST || document.hidden) return;
  poll = setInterval(() => { if (!paused && !document.hidden) refresh(watched()); }, POLL);
  if (!paused) refresh(watched());
  report();
}

function hangUp() {
  sleep = 0;
  clearTimeout(retry); clearInterval(poll); poll = 0;
  const old = socket;
  socket = null;
  old?.close();
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(sleep); sleep = 0;
  if (document.hidden) { sleep = setTimeout(hangUp, HIDDEN); return; }
  lostAt = socket ? lostAt : Date.now();
  connect();
  report();
});

function pause() {
  paused = !paused;
  toggle?.setAttribute("aria-pressed", String(paused));
  if (!paused) refresh(poll ? watched() : stale());
  report();
}

addEventListener("online", connect); // the next try would be up to fifteen seconds away
document.addEventListener("live:pause", pause);
document.addEventListener("live:changed", () => { connect(); watch(); });
toggle?.addEventListener("click", pause);
show?.addEventListener("click", () => refresh(stale(), true)); // take what is held, stay paused
document.addEventListener("focusout", () => setTimeout(release));
document.addEventListener("selectionchange", () => { if (held.size) setTimeout(release); });
setInterval(() => {
  if (beats && Date.now() - lastWord > SILENT) socket?.close();
  if (lostAt || paused) report();
}, 5000);

if (watched().length) {
  if (toggle) toggle.hidden = false;
  lostAt = Date.now();
  connect();
  report();
}
