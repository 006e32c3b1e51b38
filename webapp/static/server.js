// Sends photos to the server, two at a time, and says in a sentence what went wrong.

const AT_ONCE = 2; // requests
const TRIES = 20;
const LARGE = 1e6; // bytes: a proxy may refuse a larger request
const PROBE = 3000; // milliseconds

const form = document.querySelector("form.ask");
const maxBytes = Number(form.dataset.maxBytes);
const originals = form.querySelector("#original");

export const copyOf = (template) =>
  document.importNode(document.querySelector(template).content.firstElementChild, true);

export function trouble(sentence, canAskAgain = true) {
  const article = copyOf("#trouble");
  article.querySelector("p").textContent = sentence;
  if (!canAskAgain) article.querySelector("button").remove();
  return article;
}

// The answer as an article, and its heat map if it has one; null if it was given up.
// A photo is { file, name } or { drawing }.
export async function ask(address, fields, photo, signal) {
  const bytes = photo.file?.size ?? 0;
  if (bytes > maxBytes)
    return { article: trouble(`${megabytes(bytes)} were not sent, because at most ${megabytes(maxBytes)} may be: ${smaller()}.`, originals.checked) };
  await turn();
  try {
    return await post(address, fields, photo, signal);
  } catch {
    return signal.aborted ? null : { article: trouble(await broken(bytes)) };
  } finally {
    next();
  }
}

async function post(address, fields, photo, signal) {
  const url = new URL(address, location.href);
  url.search = new URLSearchParams([...fields, ["fragment", 1]]);
  const body = new FormData();
  if (photo.drawing) body.append("drawing", photo.drawing);
  else body.append("image", photo.file, photo.name);
  const options = { method: "POST", headers: { Accept: "text/html" }, body, signal };
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(url, options);
    if (response.status !== 503 || tries === TRIES) return answerIn(response, photo);
    await seconds(Number(response.headers.get("Retry-After")) || 1);
  }
}

async function answerIn(response, { file }) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const article = page.querySelector("article.answer");
  if (article) return { article, overlay: page.querySelector(".overlay"), heat: page.querySelector(".heat") };
  return { article: trouble(foreign(response.status, file?.size ?? 0)) };
}

// Errors that the app itself did not answer

function foreign(status, bytes) {
  if (status === 413)
    return `A proxy before the server refused ${megabytes(bytes)} as too large (413): ${smaller()}, or have its limit raised.`;
  if ([502, 503, 504].includes(status))
    return `A proxy answered ${status} instead of the server, which does not run or takes too long: ask again in a while.`;
  return `Something before the server answered ${status} instead of it: load this page again.`;
}

async function broken(bytes) {
  if (!navigator.onLine) return "This device is offline: connect it, then ask again.";
  if (!(await isAlive())) return "The server cannot be reached: see whether it still runs, then ask again.";
  if (bytes < LARGE) return "The connection broke, but the server runs: ask again.";
  return `The connection broke while ${megabytes(bytes)} were sent, but the server runs: a proxy before it may take less. Ask again, or ${smaller()}.`;
}

async function isAlive() {
  try {
    const signal = AbortSignal.timeout(PROBE);
    return (await fetch(form.dataset.health, { cache: "no-store", signal })).ok;
  } catch {
    return false;
  }
}

const megabytes = (bytes) => `${Number((bytes / 1e6).toFixed(1))} MB`;

const smaller = () =>
  originals.checked ? "untick “Send originals”, or choose a smaller copy" : "choose a smaller copy";

const seconds = (count) =>
  new Promise((resolve) => setTimeout(resolve, count * 1000));

// Turns

let running = 0;
const waiting = [];

async function turn() {
  if (running >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  running += 1;
}

function next() {
  running -= 1;
  waiting.shift()?.();
}
