// Sends photos as soon as they are chosen, dropped, pasted or taken, and inserts the
// server's answers into the page. The form works without this script.

const SIDE = 1024; // pixels: a larger photo is scaled down before it is sent
const QUALITY = 0.9;
const AT_ONCE = 2; // requests
const TRIES = 20;

const form = document.querySelector("form.ask");
const input = document.querySelector("#image");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
const results = document.querySelector("#results");
const uploads = [];

const copyOf = (template) =>
  document.querySelector(template).content.firstElementChild.cloneNode(true);
const templates = [...document.querySelectorAll("template[data-model]")];
const modelNames = templates.map((template) => template.dataset.model);

const message = document.querySelector("#said"); // errors of the page itself
const announcement = document.querySelector("#heard"); // answers, for screen readers

function describe(article) {
  const verdict = article.querySelector(".verdict");
  if (!verdict) return article.querySelector("p").textContent;
  const best = article.querySelector(".best dd")?.textContent ?? "";
  return `${article.dataset.model} says ${verdict.textContent} ${best}`;
}

// Which models

function chosenModels() {
  const checked = [...form.querySelectorAll("[name=model]:checked")];
  return checked.length > 0 ? checked.map((box) => box.value) : modelNames.slice(0, 1);
}

form.addEventListener("change", (event) => {
  if (event.target.name === "model") uploads.forEach(requestAnswers);
});

// One photo

function addPhoto(file, name) {
  const upload = { file, articles: new Map(), section: copyOf("#shot") };
  upload.section.querySelector(".file").textContent = name;
  upload.picture = new Image();
  upload.picture.alt = name;
  upload.picture.src = URL.createObjectURL(file);
  upload.photo = uploadOf(upload);
  uploads.unshift(upload);
  results.prepend(upload.section);
  requestAnswers(upload);
}

// The bytes to send: a smaller, upright copy of the photo, or the file itself if it is
// small or cannot be decoded, so that the server answers with the reason.
async function uploadOf({ file, picture, section }) {
  try {
    await picture.decode();
  } catch {
    section.querySelectorAll("img").forEach((shown) => shown.remove());
    return file;
  }
  const { naturalWidth: width, naturalHeight: height } = picture;
  const scale = SIDE / Math.max(width, height);
  if (scale >= 1 || form.querySelector("#original").checked) return file;
  return drawToJpeg(picture, Math.round(width * scale), Math.round(height * scale));
}

function drawToJpeg(source, width, height) {
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

function requestAnswers(upload) {
  const articles = chosenModels().map((model) => {
    if (!upload.articles.has(model)) {
      const waiting = copyOf(`template[data-model="${CSS.escape(model)}"]`);
      insertArticle(upload, model, waiting);
      requestAnswer(upload, model, form.action);
    }
    return upload.articles.get(model);
  });
  upload.section.querySelector(".answers").replaceChildren(...articles);
}

function insertArticle(upload, model, article) {
  const before = upload.articles.get(model);
  const hadFocus = before?.contains(document.activeElement);
  article.dataset.model = model;
  article.querySelector(".picture")?.prepend(upload.picture.cloneNode());
  upload.articles.set(model, article);
  before?.replaceWith(article);
  if (hadFocus) article.querySelector("button, input")?.focus({ preventScroll: true });
}

async function requestAnswer(upload, model, address) {
  const photo = await upload.photo;
  const article = await withLimit(() => post(address, model, photo));
  insertArticle(upload, model, article);
  announcement.textContent = `${upload.picture.alt}: ${describe(article)}`;
}

results.addEventListener("click", ({ target }) => {
  if (!["why", "again"].includes(target.name) || target.ariaDisabled) return;
  const article = target.closest("article");
  const upload = uploads.find(({ section }) => section.contains(article));
  if (!upload) return;
  target.ariaDisabled = "true"; // a disabled button would lose the focus
  target.textContent = "Looking";
  const address = target.name === "why" ? form.dataset.why : form.action;
  requestAnswer(upload, article.dataset.model, address);
});

// The server

async function post(address, model, photo) {
  const url = new URL(address, location.href);
  url.search = new URLSearchParams({ model, fragment: 1 });
  const body = new Blob([photo]); // without a type: the server detects the format
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

async function withLimit(task) {
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

function addPhotos(files, name) {
  message.textContent = "";
  [...files].forEach((file) => addPhoto(file, name ?? (file.name || "Photo")));
  uploads[0]?.section.scrollIntoView({ block: "nearest", behavior: reducedMotion ? "instant" : "smooth" });
}

input.addEventListener("change", () => {
  addPhotos(input.files);
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
  addPhotos(files);
  if (files.length === 0) message.textContent = "That is no file: save the photo, then drop it.";
});
document.addEventListener("paste", ({ clipboardData: { files } }) => {
  addPhotos(files, "Pasted photo");
  if (files.length === 0) message.textContent = "No photo is on the clipboard: copy one first.";
});

// The camera

const viewfinder = document.querySelector("#viewfinder");
const video = viewfinder.querySelector("video");
const take = viewfinder.querySelector("[value=take]");
const cameraError = viewfinder.querySelector("[role=alert]");

document.querySelector("#camera").addEventListener("click", async () => {
  if (!navigator.mediaDevices) return captureInstead();
  cameraError.textContent = "";
  viewfinder.returnValue = "";
  viewfinder.showModal();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    if (!viewfinder.open) return stop(stream);
    video.srcObject = stream;
  } catch (error) {
    cameraError.textContent =
      error.name === "NotAllowedError"
        ? "The camera is not allowed here: allow it in the browser, or choose a photo."
        : "No camera can be used now: close other programs that use it, or choose a photo.";
  }
});

// Browsers give the camera to secure origins only; phones offer it in the file input.
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
  const photo = viewfinder.returnValue === "take" && (await drawToJpeg(video, width, height));
  stop(video.srcObject);
  video.srcObject = null;
  take.disabled = true;
  if (photo) addPhotos([photo], "Camera");
});
