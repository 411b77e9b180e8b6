// Colour scheme: the server reads the cookie, so the first paint is right; without this file the form posts.
const root = document.documentElement;
root.classList.add("js");

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax${secure}`;
  root.dataset.theme = theme;
  for (const button of form.querySelectorAll("button[name=theme]"))
    button.setAttribute("aria-pressed", String(button.value === theme));
});
