// Keeps the cursor in the scan field: a scanner types wherever the cursor is, and a stray tap must lose no scan. And
// where the browser reads barcodes (BarcodeDetector), the phone's camera may scan; elsewhere the field is all there is.

const field = document.getElementById("scan");
const free = () => !document.activeElement || document.activeElement === document.body;

if (field) {
  field.focus();
  document.addEventListener("focusout", () => setTimeout(() => { if (free()) field.focus(); }, 150));
  document.addEventListener("click", () => { if (free()) field.focus(); });
  if ("BarcodeDetector" in window && navigator.mediaDevices) offer();
}

function offer() {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Camera";
  button.className = "camera-button";
  button.setAttribute("aria-pressed", "false");
  field.parentElement.append(button);
  let stop = null;
  button.addEventListener("click", async () => {
    if (stop) { stop(); stop = null; } else stop = await look(button);
    button.setAttribute("aria-pressed", String(Boolean(stop)));
    button.textContent = stop ? "Stop" : "Camera";
  });
  // The camera stays on from one scan to the next: each scan is a page of its own.
  if (sessionStorage.getItem("camera") === "on") button.click();
}

async function look(button) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    sessionStorage.removeItem("camera");
    button.title = "The camera may not be used; allow it for this page, or type the code.";
    return null;
  }
  sessionStorage.setItem("camera", "on");
  const video = document.createElement("video");
  video.className = "camera";
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  field.parentElement.after(video);
  await video.play();
  const detector = new BarcodeDetector();
  const before = sessionStorage.getItem("camera-code");
  const since = Date.now();
  let going = true;
  const read = async () => {
    if (!going) return;
    const [found] = await detector.detect(video).catch(() => []);
    // What was scanned last still lies before the lens: the same code counts again only after a moment.
    if (found && (found.rawValue !== before || Date.now() - since > 1500)) {
      going = false;
      sessionStorage.setItem("camera-code", found.rawValue);
      field.value = found.rawValue;
      field.form.requestSubmit(field.parentElement.querySelector("button[value=scan]"));
      return;
    }
    setTimeout(read, 120);
  };
  read();
  return () => {
    going = false;
    sessionStorage.removeItem("camera");
    stream.getTracks().forEach((track) => track.stop());
    video.remove();
  };
}
