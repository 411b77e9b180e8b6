// Copy buttons: data-copy="text", data-copy-from="#element", data-copy-link="#figure".
function textOf(button) {
  const { copy, copyFrom, copyLink } = button.dataset;
  if (copyLink) return new URL(copyLink, location.href).href;
  if (copyFrom) return document.querySelector(copyFrom)?.innerText.trim() ?? "";
  return copy;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy],[data-copy-from],[data-copy-link]");
  if (!button) return;
  const words = button.querySelector("[data-words]") ?? button;
  const before = (button.dataset.before ??= words.textContent);
  try {
    await navigator.clipboard.writeText(textOf(button));
    words.textContent = "Copied";
  } catch {
    words.textContent = "Could not copy";
  }
  setTimeout(() => (words.textContent = before), 2000);
});
