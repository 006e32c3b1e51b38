// Asks about photos as soon as they are chosen, dropped, pasted or taken, and lays
// the server's answers into the page. The form works without this.

const SIDE = 1024; // pixels: what is larger is made smaller before it is sent
const QUALITY = 0.9;
const AT_ONCE = 2; // requests
const TRIES = 20;

const form = document.querySelector("form.ask");
const input = document.querySelector("#image");
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const results = document.querySelector("#results");
const shots = [];

const copyOf = (template) =>
  document.querySelector(template).content.firstElementChild.cloneNode(true);
const templates = [...document.querySelectorAll("template[data-model]")];
const modelNames = templates.map((template) => template.dataset.model);

const said = document.querySelector("#said"); // what went wrong here
const heard = document.querySelector("#heard"); // answers, for screen readers

function wordsOf(article) {
  const verdict = article.querySelector(".verdict");
  if (!verdict) return article.querySelector("p").textContent;
  const best = article.querySelector(".best dd")?.textContent ?? "";
  return `${article.dataset.model} says ${verdict.textContent} ${best}`;
}

// Which models

function chosenModels() {
  const ticked = [...form.querySelectorAll("[name=model]:checked")];
  return ticked.length > 0 ? ticked.map((box) => box.value) : modelNames.slice(0, 1);
}

form.addEventListener("change", (event) => {
  if (event.target.name === "model") shots.forEach(askModels);
});

// One photo

function lookAt(file, name) {
  const shot = { file, articles: new Map(), section: copyOf("#shot") };
  shot.section.querySelector(".file").textContent = name;
  shot.picture = new Image();
  shot.picture.alt = name;
  shot.picture.src = URL.createObjectURL(file);
  shot.photo = sendable(shot);
  shots.unshift(shot);
  results.prepend(shot.section);
  askModels(shot);
}

// A smaller copy, upright; the file itself if it is small, or no picture at all:
// then the server says what is wrong with it.
async function sendable({ file, picture, section }) {
  try {
    await picture.decode();
  } catch {
    section.querySelectorAll("img").forEach((shown) => shown.remove());
    return file;
  }
  const { naturalWidth: width, naturalHeight: height } = picture;
  const scale = SIDE / Math.max(width, height);
  if (scale >= 1 || form.querySelector("#original").checked) return file;
  return drawn(picture, Math.round(width * scale), Math.round(height * scale));
}

function drawn(source, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(width, 1);
  canvas.height = Math.max(height, 1);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

function askModels(shot) {
  const articles = chosenModels().map((model) => {
    if (!shot.articles.has(model)) {
      const waiting = copyOf(`template[data-model="${CSS.escape(model)}"]`);
      place(shot, model, waiting);
      answer(shot, model, form.action);
    }
    return shot.articles.get(model);
  });
  shot.section.querySelector(".answers").replaceChildren(...articles);
}

function place(shot, model, article) {
  const before = shot.articles.get(model);
  const hadFocus = before?.contains(document.activeElement);
  article.dataset.model = model;
  article.querySelector(".picture")?.prepend(shot.picture.cloneNode());
  shot.articles.set(model, article);
  before?.replaceWith(article);
  if (hadFocus) article.querySelector("button, input")?.focus({ preventScroll: true });
}

async function answer(shot, model, address) {
  const photo = await shot.photo;
  const article = await inTurn(() => ask(address, model, photo));
  place(shot, model, article);
  heard.textContent = `${shot.picture.alt}: ${wordsOf(article)}`;
}

results.addEventListener("click", ({ target }) => {
  if (!["why", "again"].includes(target.name) || target.ariaDisabled) return;
  const article = target.closest("article");
  const shot = shots.find(({ section }) => section.contains(article));
  if (!shot) return;
  target.ariaDisabled = "true"; // a disabled button would lose the focus
  target.textContent = "Looking";
  const address = target.name === "why" ? form.dataset.why : form.action;
  answer(shot, article.dataset.model, address);
});

// The server

async function ask(address, model, photo) {
  const url = new URL(address, location.href);
  url.search = new URLSearchParams({ model, fragment: 1 });
  const body = new Blob([photo]); // without its type: the server looks at the bytes
  const options = { method: "POST", headers: { Accept: "text/html" }, body };
  for (let tries = 1; ; tries += 1) {
    try {
      const response = await fetch(url, options);
      if (response.status !== 503 || tries === TRIES) return articleIn(response);
      await seconds(Number(response.headers.get("Retry-After")) || 1);
    } catch {
      return copyOf("#unreachable");
    }
  }
}

async function articleIn(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("article") ?? copyOf("#unreachable");
}

const seconds = (count) =>
  new Promise((resolve) => setTimeout(resolve, count * 1000));

let running = 0;
const waiting = [];

async function inTurn(task) {
  if (running >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await task();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

// Choose, drop, paste

function lookAtAll(files, name) {
  said.textContent = "";
  [...files].forEach((file) => lookAt(file, name ?? (file.name || "Photo")));
  shots[0]?.section.scrollIntoView({ block: "nearest", behavior: calm ? "instant" : "smooth" });
}

input.addEventListener("change", () => {
  lookAtAll(input.files);
  input.value = "";
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.classList.add("over");
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) form.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  const { files } = event.dataTransfer;
  lookAtAll(files);
  if (files.length === 0) said.textContent = "That is no file: save the photo, then drop it.";
});
document.addEventListener("paste", ({ clipboardData: { files } }) => {
  lookAtAll(files, "Pasted photo");
  if (files.length === 0) said.textContent = "No photo is on the clipboard: copy one first.";
});

// The camera

const viewfinder = document.querySelector("#viewfinder");
const video = viewfinder.querySelector("video");
const take = viewfinder.querySelector("[value=take]");
const trouble = viewfinder.querySelector("[role=alert]");

document.querySelector("#camera").addEventListener("click", async () => {
  if (!navigator.mediaDevices) return captureInstead();
  trouble.textContent = "";
  viewfinder.returnValue = "";
  viewfinder.showModal();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    if (!viewfinder.open) return stop(stream);
    video.srcObject = stream;
  } catch (error) {
    trouble.textContent =
      error.name === "NotAllowedError"
        ? "The camera is not allowed here: allow it in the browser, or choose a photo."
        : "No camera can be used now: close other programs that use it, or choose a photo.";
  }
});

// A page that did not come over a safe way gets no camera, but phones offer theirs.
function captureInstead() {
  input.setAttribute("capture", "environment");
  input.click();
  input.removeAttribute("capture");
}

const stop = (stream) => stream?.getTracks().forEach((track) => track.stop());

video.addEventListener("playing", () => {
  take.disabled = false;
});
viewfinder.addEventListener("close", async () => {
  const { videoWidth: width, videoHeight: height } = video;
  const photo = viewfinder.returnValue === "take" && (await drawn(video, width, height));
  stop(video.srcObject);
  video.srcObject = null;
  take.disabled = true;
  if (photo) lookAtAll([photo], "Camera");
});
