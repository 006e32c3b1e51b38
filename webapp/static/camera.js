// The dialog that takes a photo with the camera.

const viewfinder = document.querySelector("#viewfinder");
const video = viewfinder.querySelector("video");
const take = viewfinder.querySelector("[value=take]");
const problem = viewfinder.querySelector("[role=alert]");

// Calls `use` with the video, its width and its height whenever a photo is taken.
export function useCamera(button, input, use) {
  button.addEventListener("click", () => (navigator.mediaDevices ? open() : captureInstead(input)));
  video.addEventListener("playing", () => {
    take.disabled = false;
  });
  viewfinder.addEventListener("close", async () => {
    if (viewfinder.returnValue === "take") await use(video, video.videoWidth, video.videoHeight);
    stop(video.srcObject);
    video.srcObject = null;
    take.disabled = true;
  });
}

async function open() {
  problem.textContent = "";
  viewfinder.returnValue = "";
  viewfinder.showModal();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    if (!viewfinder.open) return stop(stream);
    video.srcObject = stream;
  } catch (error) {
    problem.textContent =
      error.name === "NotAllowedError"
        ? "The camera is not allowed here: allow it in the browser, or choose a photo."
        : "No camera can be used now: close other programs that use it, or choose a photo.";
  }
}

// Browsers give the camera to secure origins only; phones offer it in the file input.
function captureInstead(input) {
  input.setAttribute("capture", "environment");
  input.click();
  input.removeAttribute("capture");
}

const stop = (stream) => stream?.getTracks().forEach((track) => track.stop());
