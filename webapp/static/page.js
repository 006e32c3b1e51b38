// Sends photos as soon as they are chosen, dropped, pasted or taken, and inserts the
// server's answers into the page. The form works without this script.

import { useCamera } from "./camera.js";
import { ask, copyOf } from "./server.js";

const SIDE = 1024; // pixels: a larger photo is scaled down before it is sent
const QUALITY = 0.9;
const LONG = 20; // characters of a heading

const form = document.querySelector("form.ask");
const input = document.querySelector("#image");
const originals = document.querySelector("#original");
const results = document.querySelector("#results");
const permalink = document.querySelector("#permalink");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
const maxBytes = Number(form.dataset.maxBytes);
const maxPhotos = Number(form.dataset.maxPhotos);
const uploads = [];

const message = document.querySelector("#said"); // errors of the page itself
const announcement = document.querySelector("#heard"); // answers, for screen readers

// What is chosen, as in the address of the page

const modelNames = [...document.querySelectorAll("template[data-model]")].map(
  ({ dataset }) => dataset.model,
);
let explains = "explain" in form.dataset;

function chosenBoxes() {
  const boxes = [...form.querySelectorAll("[name=model]")];
  const checked = boxes.filter((box) => box.checked);
  return checked.length > 0 ? checked : boxes.slice(0, 1);
}

const chosenModels = () => chosenBoxes().map((box) => box.value);

function showChoices() {
  const query = new URLSearchParams(chosenModels().map((name) => ["model", name]));
  const top = form.querySelector("[name=top]");
  if (top && !top.selectedOptions[0].hasAttribute("data-usual")) query.set("top", top.value);
  if (explains) query.set("why", 1);
  if (originals.checked) query.set("originals", 1);
  if (uploads.length === 1 && uploads[0].drawing) query.set("drawing", uploads[0].drawing);
  permalink.search = query;
  if (isIndex) history.replaceState(null, "", permalink.href);
}

const isIndex = location.pathname === permalink.pathname;
const heading = isIndex && document.querySelector("h1");

function showQuestion() {
  const questions = new Set(chosenBoxes().map((box) => box.dataset.question));
  const text = questions.size === 1 ? [...questions][0] : heading.dataset.general;
  document.title = document.title.replace(heading.textContent, () => text);
  heading.textContent = text;
  heading.classList.toggle("long", text.length > LONG);
}

form.addEventListener("change", ({ target }) => {
  if (target === input) return;
  if (target.name === "model" && heading) showQuestion();
  if (target.name === "top") uploads.forEach((upload) => upload.articles.clear());
  if (target !== originals) uploads.forEach(requestAnswers);
  showChoices();
});

// One photo

function addPhoto({ file, drawing, name, address }) {
  const upload = { file, drawing, name, articles: new Map(), section: copyOf("#shot") };
  upload.leave = new AbortController();
  upload.section.querySelector(".file").textContent = name;
  upload.section.querySelector("[name=remove] span").textContent = ` ${name}`;
  upload.picture = new Image();
  upload.picture.alt = name;
  upload.picture.src = address ?? URL.createObjectURL(file);
  upload.section.querySelector(".picture").append(upload.picture);
  const group = `heat-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  upload.section.querySelector("[name=heat]").name = group;
  upload.group = group;
  upload.photo = drawing ? { drawing } : photoOf(upload);
  uploads.push(upload);
  results.append(upload.section);
  requestAnswers(upload);
  return upload;
}

// The bytes to send: a smaller, upright copy of the photo, or the file itself if it is
// small or cannot be decoded, so that the server answers with the reason.
async function photoOf({ file, name, picture }) {
  try {
    await picture.decode();
  } catch {
    picture.remove();
    return { file, name };
  }
  const { naturalWidth: width, naturalHeight: height } = picture;
  const scale = Math.min(SIDE / Math.max(width, height), 1);
  if (originals.checked || (scale === 1 && file.size <= maxBytes)) return { file, name };
  const copy = await drawToJpeg(picture, Math.round(width * scale), Math.round(height * scale));
  return { file: copy ?? file, name };
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
      requestAnswer(upload, model, explains && waiting.querySelector("[name=why]"));
    }
    return upload.articles.get(model);
  });
  upload.section.querySelector(".answers").replaceChildren(...articles);
}

function insertArticle(upload, model, article) {
  const before = upload.articles.get(model);
  const hadFocus = before?.contains(document.activeElement);
  article.dataset.model = model;
  upload.articles.set(model, article);
  before?.replaceWith(article);
  if (hadFocus) article.querySelector("button, summary")?.focus({ preventScroll: true });
}

async function requestAnswer(upload, model, why) {
  const fields = [["model", model]];
  const top = form.querySelector("[name=top]");
  if (top) fields.push(["top", top.value]);
  const asked = upload.articles.get(model);
  const address = why ? form.dataset.why : form.action;
  const answer = await ask(address, fields, await upload.photo, upload.leave.signal);
  if (!answer || upload.articles.get(model) !== asked) return; // removed, or asked anew
  insertArticle(upload, model, answer.article);
  if (answer.heat) insertHeat(upload, answer);
  announcement.textContent = `${upload.name}: ${describe(answer.article)}`;
}

function describe(article) {
  const verdict = article.querySelector(".verdict");
  if (!verdict) return article.querySelector("p").textContent;
  const best = article.querySelector(".best dd")?.textContent ?? "";
  return `${article.dataset.model} says ${verdict.textContent} ${best}`;
}

function insertHeat(upload, { overlay, heat }) {
  const overlays = upload.section.querySelector(".overlays");
  overlays.querySelectorAll(".overlay").forEach((other) => {
    if (other.textContent !== overlay.textContent) return;
    other.nextElementSibling.remove();
    other.remove();
  });
  const button = overlay.querySelector("input");
  button.name = upload.group;
  overlays.append(overlay, heat);
  button.checked = true;
}

function removePhoto(upload) {
  upload.leave.abort();
  URL.revokeObjectURL(upload.picture.src);
  upload.section.remove();
  uploads.splice(uploads.indexOf(upload), 1);
}

function showCount() {
  document.querySelector("#count").textContent =
    uploads.length === 1 ? "1 photo" : `${uploads.length} photos`;
  results.classList.toggle("asked", uploads.length > 0);
  showChoices();
}

results.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const at = uploads.findIndex(({ section }) => section.contains(button));
  if (button?.id === "clear") [...uploads].forEach(removePhoto);
  else if (button?.name === "remove") removePhoto(uploads[at]);
  else return;
  const neighbour = uploads[Math.min(at, uploads.length - 1)]?.section;
  (neighbour?.querySelector("[name=remove]") ?? input).focus();
  message.textContent = "";
  showCount();
});

results.addEventListener("click", ({ target }) => {
  if (!["why", "again"].includes(target.name) || target.ariaDisabled) return;
  const article = target.closest("article");
  const upload = uploads.find(({ section }) => section.contains(article));
  if (!upload) return;
  target.ariaDisabled = "true"; // a disabled button would lose the focus
  target.textContent = "Looking";
  explains ||= target.name === "why";
  if (target.name === "again" && !upload.drawing) upload.photo = photoOf(upload);
  requestAnswer(upload, article.dataset.model, target.name === "why");
  showChoices();
});

// Choose, drop, paste, take, or try

function addPhotos(photos) {
  const room = Math.max(maxPhotos - uploads.length, 0);
  message.textContent =
    photos.length > room
      ? `At most ${maxPhotos} photos fit on the page, so ${photos.length - room} of ${photos.length} were left out: remove some, then choose the others.`
      : "";
  if (uploads.length === 0) results.querySelectorAll(":scope > :not(.tools)").forEach((old) => old.remove());
  const [first] = photos.slice(0, room).map(addPhoto);
  showCount();
  first?.section.scrollIntoView({ block: "nearest", behavior: reducedMotion ? "instant" : "smooth" });
}

const named = (files, name) =>
  [...files].map((file) => ({ file, name: name ?? (file.name || "Photo") }));

input.addEventListener("change", () => {
  addPhotos(named(input.files));
  input.value = "";
});

const tryDrawing = (button) =>
  addPhotos([
    { drawing: button.value, name: button.firstElementChild.alt, address: button.firstElementChild.src },
  ]);

form.addEventListener("submit", (event) => {
  if (event.submitter?.name !== "drawing") return;
  event.preventDefault();
  tryDrawing(event.submitter);
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
  addPhotos(named(files));
  if (files.length === 0) message.textContent = "That is no file: save the photo, then drop it.";
});
document.addEventListener("paste", ({ clipboardData: { files } }) => {
  addPhotos(named(files, "Pasted photo"));
  if (files.length === 0) message.textContent = "No photo is on the clipboard: copy one first.";
});

useCamera(document.querySelector("#camera"), input, async (video, width, height) => {
  const file = await drawToJpeg(video, width, height);
  addPhotos(named([file], "Camera"));
});

if (isIndex && form.dataset.drawing)
  tryDrawing(document.querySelector(`[name=drawing][value="${CSS.escape(form.dataset.drawing)}"]`));
