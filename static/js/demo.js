// In the demo only: the shown code changes like that of a real authenticator, also on a page that stays open.
const EVERY = 10_000;
setInterval(async () => {
  const shown = document.getElementById("demo-code");
  if (!shown || document.hidden) return;
  try {
    const answer = await fetch(shown.dataset.demoCode, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("demo-code");
    if (fresh) shown.querySelector("b").textContent = fresh.querySelector("b").textContent;
  } catch { /* the server is away: the next round asks again */ }
}, EVERY);
