// Keeps the live parts of a page fresh, and times in the reader's own words. Besides it the
// console has floor.js, on the pages of scanners.

const EVERY = 2000;
const SLOWEST = 30000;

const plain = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function ago(at) {
  const seconds = (at - Date.now()) / 1000;
  if (Math.abs(seconds) < 45) return seconds > 0 ? "in a moment" : "just now";
  if (Math.abs(seconds) > 30 * 86400) return plain.format(at);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[2];
  return relative.format(Math.round(seconds / size), unit);
}

function tellTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    const full = plain.format(at);
    const text = { ago: ago, day: date.format }[element.dataset.style]?.(at) ?? full;
    if (element.textContent !== text) element.textContent = text;
    element.title = full;
  }
}

// What a reader has opened or put the cursor on stays so when the part around it is renewed.
function remember(root) {
  const open = [...root.querySelectorAll("details[open][id]")].map((element) => element.id);
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const focus = active && (active.id ? `#${CSS.escape(active.id)}` : active.getAttribute("href") && `a[href="${CSS.escape(active.getAttribute("href"))}"]`);
  const tabs = root.querySelector(".tabs");
  return () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focus) root.querySelector(focus)?.focus({ preventScroll: true });
    if (tabs) root.querySelector(".tabs")?.scrollTo({ left: tabs.scrollLeft });
  };
}

function isBusy(root) {
  const active = document.activeElement;
  if (root.contains(active) && active.matches("input, textarea, select")) return true;
  return root.querySelector("form [data-sending]") !== null;
}

class Part {
  constructor(root) {
    this.root = root;
    this.state = document.querySelector("[data-live-state]");
    this.tag = "";
    this.wait = EVERY;
    this.next();
  }

  next() {
    setTimeout(() => this.renew(), this.wait);
  }

  say(on, text) {
    if (!this.state || this.state.dataset.state === (on ? "on" : "off")) return;
    this.state.dataset.state = on ? "on" : "off";
    this.state.textContent = text;
  }

  async renew() {
    if (!document.hidden && !isBusy(this.root)) {
      try {
        const started = performance.now();
        await this.fetch();
        // A page that is costly to make is asked for less often: a twentieth of the time at most.
        this.wait = Math.min(SLOWEST, Math.max(EVERY, 20 * (performance.now() - started)));
      } catch {
        this.wait = Math.min(this.wait * 2, SLOWEST);
        this.say(false, "Connection lost, trying again");
      }
    }
    this.next();
  }

  async fetch() {
    const address = new URL(this.root.dataset.live, location.href);
    if (this.tag) address.searchParams.set("tag", this.tag);
    const reply = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (reply.status === 401) return location.reload();
    if (reply.status !== 204) {
      if (!reply.ok) throw new Error(String(reply.status));
      this.put(await reply.json());
    }
    this.say(true, "Live");
    tellTimes(this.root);
  }

  put({ tag, html }) {
    const first = !this.tag;
    this.tag = tag;
    if (isBusy(this.root)) return void (this.tag = "");
    if (first && this.root.innerHTML === html) return;
    const restore = remember(this.root);
    this.root.innerHTML = html;
    restore();
  }
}

tellTimes(document);
for (const root of document.querySelectorAll("[data-live]")) new Part(root);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change] select")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.method !== "post" || !button) return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "1";
  button.setAttribute("data-sending", "");
});

// Coming back with the browser's own button must not leave a form that can never be sent.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[data-sending]")?.removeAttribute("data-sending");
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

// On a narrow screen the place one is at may lie beyond the edge of its row.
for (const here of document.querySelectorAll(".top nav [aria-current], .tabs [aria-current]")) {
  const row = here.parentElement;
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}
