// Live preview: what is shown is what would be submitted. Late answers are dropped, and until the newest is here
// the price on the page is an old one: its button waits.
// <form data-preview="url">; the answer holds #preview, #answer and [data-error-for] elements, swapped by id.
const WAIT = 250;

function swap(id, fresh) {
  const old = document.getElementById(id);
  if (!old) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const node = document.importNode(fresh, true);
  old.replaceWith(node);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function show(html, form) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const fresh of page.querySelectorAll("#preview, #answer, [data-error-for][id]")) swap(fresh.id, fresh);
  for (const error of document.querySelectorAll("[data-error-for]")) {
    const input = document.getElementById(error.dataset.errorFor);
    if (!input || input.form !== form) continue;
    if (error.textContent.trim()) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  document.dispatchEvent(new Event("live:changed"));
}

function asked(form) {
  const data = new FormData(form);
  data.delete("preview_digest");
  return new URLSearchParams(data).toString();
}

function preview(form) {
  let timer = 0, running = null, number = 0, last = asked(form);
  const waits = (so) => document.querySelectorAll("#preview .btn.go").forEach((button) => { button.disabled = so; });
  const ask = async () => {
    const mine = ++number;
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(form.dataset.preview, {
        method: "POST", body: new FormData(form), headers: { "HX-Request": "true" },
        credentials: "same-origin", signal: running.signal,
      });
      const html = await answer.text();
      if (mine === number && !answer.redirected && (answer.ok || answer.status === 422)) show(html, form);
    } catch { /* aborted, or the server is away: the last preview stays, and submit asks again */ }
    if (mine === number) waits(false);
  };
  const later = () => {
    if (asked(form) === last) return; // leaving a field is a change too, and that may be the way to the button
    last = asked(form);
    clearTimeout(timer);
    number++;
    waits(true);
    timer = setTimeout(ask, WAIT);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
}

document.querySelectorAll("form[data-preview]").forEach(preview);

document.addEventListener("input", (event) => {
  const out = event.target.type === "range" && document.querySelector(`output[for="${event.target.id}"]`);
  if (out) out.textContent = event.target.value.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest?.("form[data-preview]")?.requestSubmit();
});

// A second press within five seconds does not submit twice.
const sent = new WeakMap();
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (Date.now() - (sent.get(event.target) ?? 0) < 5000) event.preventDefault();
  else sent.set(event.target, Date.now());
});

document.querySelector(".errsum")?.focus();
