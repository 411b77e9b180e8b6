// A form that needs a proof of presence: <form data-passkey-challenge-url="…"> with a hidden field `assertion`
// and, for those who use one, a field `code`. Sent without a code it asks the address (with all that the form says)
// what to sign, lets the passkey sign, puts the answer into `assertion` and goes on. Problems: [data-passkey-problem].
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const words = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function options(asked) {
  const allow = (asked.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  return { ...asked, challenge: bytes(asked.challenge), allowCredentials: allow };
}

function answer(credential) {
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return JSON.stringify({
    id: credential.id, rawId: words(credential.rawId), type: credential.type, clientExtensionResults: {},
    response: {
      clientDataJSON: words(clientDataJSON), authenticatorData: words(authenticatorData),
      signature: words(signature), userHandle: userHandle && words(userHandle),
    },
  });
}

async function ask(form) {
  const answered = await fetch(form.dataset.passkeyChallengeUrl, {
    method: "POST", body: new FormData(form), credentials: "same-origin", headers: { Accept: "application/json" },
  });
  const told = await answered.json();
  if (!answered.ok) throw new Error(told.problem ?? told.detail);
  return told.publicKey;
}

async function prove(form, button) {
  const problem = form.querySelector("[data-passkey-problem]");
  try {
    const credential = await navigator.credentials.get({ publicKey: options(await ask(form)) });
    form.elements.assertion.value = answer(credential);
    form.requestSubmit(button);
  } catch (error) {
    const said = error.name === "Error" && error.message;
    if (problem) problem.textContent = said || "The passkey gave no answer. Nothing was sent; try again, or use a code.";
  }
}

for (const form of document.querySelectorAll("form[data-passkey-challenge-url]")) {
  form.addEventListener("submit", (event) => {
    if (form.elements.code?.value || form.elements.assertion.value) return;
    event.preventDefault();
    prove(form, event.submitter);
  });
}
