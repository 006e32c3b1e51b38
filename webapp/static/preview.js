// Shows the chosen photo before it is sent. The page works without this.
const input = document.querySelector("#image");
const drop = input.closest(".drop");
const picture = document.createElement("img");
picture.alt = "";

function show() {
  URL.revokeObjectURL(picture.src);
  picture.remove();
  if (input.files.length === 0) return;
  picture.src = URL.createObjectURL(input.files[0]);
  drop.append(picture);
}

picture.addEventListener("error", () => picture.remove());
input.addEventListener("change", show);
show();
