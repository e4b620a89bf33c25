// The web chat. The server's transcript is the truth: this page shows it, sends what the visitor says until it is
// acknowledged, and after a lost connection asks for everything behind the last message it has seen.

const SLOT = "crossdock.chat";
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
const PING_EVERY = 25000;
const ACK_WITHIN = 10000;
const TYPING_MOST = 12000;
const GREETING = "Hello! I can tell you where your order is, or bring in a person.";
const OPENERS = ["Where is my order?", "Talk to someone"];

const talk = document.querySelector(".talk");
const form = document.querySelector(".say");
const words = document.querySelector("#words");
const send = form.querySelector("button");
const state = document.querySelector(".state");
const newest = document.querySelector(".newest");
const template = document.querySelector("#bubble");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const kept = read();
const shown = new Map(); // id of a message → its <li>
const waiting = new Map(); // id the page gave → frame not yet acknowledged
let socket = null;
let wait = FIRST_WAIT;
let pinging = 0;
let typing = null;

function read() {
  try {
    return JSON.parse(localStorage.getItem(SLOT)) ?? {};
  } catch {
    return {};
  }
}

function keep(changes) {
  Object.assign(kept, changes);
  try {
    localStorage.setItem(SLOT, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing still chats; it only forgets who it was.
  }
}

// ------------------------------------------------------------ the connection

function connect() {
  const account = new URLSearchParams(location.search).get("account");
  const address = new URL("/chat/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (account) address.searchParams.set("account", account);
  socket = new WebSocket(address);
  socket.addEventListener("open", greet);
  socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  socket.addEventListener("close", retry);
}

function greet() {
  const seen = [...shown.keys()].at(-1) ?? "0";
  put({ type: "hello", token: kept.token ?? "", last_seen: seen, locale: navigator.language });
  clearInterval(pinging);
  pinging = setInterval(() => put({ type: "ping" }), PING_EVERY);
}

function retry() {
  clearInterval(pinging);
  tell("off", "Connection lost, trying again …");
  setTimeout(connect, wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

function put(frame) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function tell(kind, text) {
  state.dataset.state = kind;
  state.textContent = text;
}

addEventListener("online", () => {
  if (socket?.readyState === WebSocket.CLOSED) wait = FIRST_WAIT;
});

// ------------------------------------------------------------ hearing

const HEAR = {
  welcome(frame) {
    if (kept.conversation && kept.conversation !== frame.conversation) startOver();
    keep({ token: frame.token, conversation: frame.conversation });
    wait = FIRST_WAIT;
    tell("on", "Online");
  },
  ready() {
    for (const frame of waiting.values()) put(frame);
    if (!shown.size && !waiting.size) begin();
  },
  message: show,
  typing: showTyping,
  ack(frame) {
    settle(frame.id);
  },
  error(frame) {
    if (frame.code === "forbidden") return forget();
    if (frame.id) fail(frame.id, frame.text);
  },
};

function hear(frame) {
  HEAR[frame.type]?.(frame);
}

// A token that does not count any more: go on as a new visitor.
function forget() {
  keep({ token: "", conversation: "" });
  startOver();
}

function startOver() {
  shown.clear();
  talk.replaceChildren();
}

// An empty conversation: a greeting that is only shown, and words to begin with.
function begin() {
  const item = bubble(GREETING, false, "bot");
  item.dataset.greeting = "";
  item.append(choices(OPENERS.map((label) => ({ label, text: label }))));
  place(item);
  const order = document.querySelector(".chat").dataset.order;
  if (!order || words.value) return;
  words.value = `Where is my order ${order}?`;
  grow();
}

function show(frame) {
  const mine = frame.author === "customer";
  if (mine) dropEcho(frame);
  const before = frame.replaces && frame.edit_key ? talk.querySelector(`[data-edit="${CSS.escape(frame.edit_key)}"]`) : null;
  if (shown.has(frame.id)) return;
  const item = bubble(frame.text, mine, frame.author);
  item.dataset.id = frame.id;
  if (frame.edit_key) item.dataset.edit = frame.edit_key;
  item.querySelector(".meta").textContent = clock.format(new Date(frame.at ?? Date.now()));
  before?.remove();
  closeChoices();
  if (!mine && frame.buttons?.length) item.append(choices(frame.buttons));
  place(item);
  shown.set(frame.id, item);
  if (mine) showTyping();
  else stopTyping();
}

// Our own words come back in the transcript: the first unplaced bubble with the same text was it.
function dropEcho(frame) {
  const echo = [...talk.querySelectorAll("li.mine[data-frame]")].find((item) => item.querySelector(".bubble").textContent === frame.text);
  echo?.remove();
}

// ------------------------------------------------------------ saying

function say(what) {
  const frame = { ...what, id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}` };
  waiting.set(frame.id, frame);
  const item = bubble(what.label ?? frame.text, true, "customer");
  item.dataset.frame = frame.id;
  item.classList.add("sending");
  closeChoices();
  place(item);
  toEnd();
  delete frame.label;
  put(frame);
  setTimeout(() => waiting.has(frame.id) && state.dataset.state === "on" && put(frame), ACK_WITHIN);
}

function settle(id) {
  waiting.delete(id);
  talk.querySelector(`[data-frame="${CSS.escape(id)}"]`)?.classList.remove("sending", "failed");
  showTyping();
}

function fail(id, why) {
  const frame = waiting.get(id);
  const item = talk.querySelector(`[data-frame="${CSS.escape(id)}"]`);
  waiting.delete(id);
  if (!frame || !item) return;
  item.classList.add("failed");
  const meta = item.querySelector(".meta");
  meta.textContent = `Not sent: ${why} `;
  const again = document.createElement("button");
  again.textContent = "Try again";
  again.addEventListener("click", () => {
    item.remove();
    say({ ...frame, label: item.querySelector(".bubble").textContent });
  });
  meta.append(again);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = words.value.trim();
  if (!text) return;
  say({ type: "text", text });
  words.value = "";
  grow();
});

words.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

words.addEventListener("input", grow);

function grow() {
  words.rows = Math.min(6, Math.max(1, words.value.split("\n").length));
  send.disabled = !words.value.trim();
}

// ------------------------------------------------------------ showing

function bubble(text, mine, author) {
  const item = template.content.firstElementChild.cloneNode(true);
  item.classList.toggle("mine", mine);
  item.classList.toggle("agent", !mine && author.startsWith("agent"));
  item.classList.add("fresh");
  fill(item.querySelector(".bubble"), text);
  return item;
}

// Text only; addresses that begin with http become links.
function fill(element, text) {
  for (const piece of text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/)) {
    if (/^https?:\/\//.test(piece)) {
      const link = document.createElement("a");
      link.href = piece;
      link.rel = "noopener noreferrer nofollow";
      link.target = "_blank";
      link.textContent = piece;
      element.append(link);
    } else {
      element.append(piece);
    }
  }
}

function choices(buttons) {
  const group = document.createElement("div");
  group.className = "choices";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Answers to choose from");
  for (const { value, label, text } of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      for (const each of group.children) each.disabled = true;
      button.setAttribute("aria-pressed", "true");
      say(text ? { type: "text", text } : { type: "button", value, label });
    });
    group.append(button);
  }
  return group;
}

// Only the newest question can still be answered by a button.
function closeChoices() {
  for (const button of talk.querySelectorAll(".choices button")) button.disabled = true;
}

function place(item) {
  const atEnd = isAtEnd();
  const last = [...talk.children].filter((each) => each !== typing).at(-1);
  item.classList.toggle("follows", Boolean(last) && last.classList.contains("mine") === item.classList.contains("mine"));
  if (item.classList.contains("follows") && last.querySelector(".choices") === null) last.querySelector(".meta").hidden = true;
  if (typing) typing.before(item);
  else talk.append(item);
  if (atEnd) toEnd();
  else newest.hidden = false;
}

function showTyping() {
  if (!typing) {
    typing = template.content.firstElementChild.cloneNode(true);
    typing.className = "typing";
    typing.setAttribute("aria-label", "Writing");
    typing.querySelector(".bubble").append(...[0, 1, 2].map(() => document.createElement("i")));
    typing.timer = setTimeout(stopTyping, TYPING_MOST);
  }
  const atEnd = isAtEnd();
  talk.append(typing);
  if (atEnd) toEnd();
}

function stopTyping() {
  clearTimeout(typing?.timer);
  typing?.remove();
  typing = null;
}

let going = 0; // under way to the end: what comes meanwhile is followed too

function isAtEnd() {
  return going || talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
}

function toEnd() {
  newest.hidden = true;
  clearTimeout(going);
  going = setTimeout(stopGoing, 1000);
  requestAnimationFrame(() => talk.scrollTo({ top: talk.scrollHeight }));
}

function stopGoing() {
  clearTimeout(going);
  going = 0;
}

for (const byHand of ["wheel", "touchmove", "keydown"]) talk.addEventListener(byHand, stopGoing, { passive: true });

newest.addEventListener("click", toEnd);
talk.addEventListener("scroll", () => {
  if (isAtEnd()) newest.hidden = true;
});

connect();
words.focus();
