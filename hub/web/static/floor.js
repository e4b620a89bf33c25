// Keeps the cursor in the scan field: a scanner types wherever the cursor is, and a stray tap must lose no scan.

const field = document.getElementById("scan");
const free = () => !document.activeElement || document.activeElement === document.body;

if (field) {
  field.focus();
  document.addEventListener("focusout", () => setTimeout(() => { if (free()) field.focus(); }, 150));
  document.addEventListener("click", () => { if (free()) field.focus(); });
}
