"""The request that a photo was just answered by, for programs: curl and Python."""

import json
import shlex
from typing import NamedTuple

NAMELESS = "photo.jpg"
LONGEST = 255  # characters of a file name, on all usual file systems


class PhotoExample(NamedTuple):
    """A request of one photo and one model.

    Args:
      address: the URL of /predict or /explain, as the client sees it.
      file_name: of the photo, as the client named it.
      download: the URL of the photo, if the client may not have it as a file.
    """

    address: str
    model: str
    file_name: str
    top: int | None = None
    download: str | None = None

    @property
    def curl(self) -> str:
        """The command; before it, the one that downloads the photo."""
        file = _file_of(self)
        path = f"./{file}" if file.startswith("-") else file
        form = [f"image=@{_quoted_for_curl(path)}", f"model={self.model}"]
        if self.top is not None:
            form.append(f"top={self.top}")
        fields = " ".join(f"-F {shlex.quote(field)}" for field in form)
        command = f"curl -s {fields} {shlex.quote(self.address)}"
        if self.download is None:
            return command
        return f"curl -sO {shlex.quote(self.download)}\n{command}"

    @property
    def python(self) -> str:
        """A script that needs `requests`."""
        data: dict[str, str | int] = {"model": self.model}
        if self.top is not None:
            data["top"] = self.top
        photo = f'open({_python(_file_of(self))}, "rb")'
        if self.download is not None:
            photo = f"requests.get({_python(self.download)}, timeout=30).content"
        return (
            "import requests\n\n"
            f"photo = {photo}\n"
            "answer = requests.post(\n"
            f"    {_python(self.address)},\n"
            f"    data={_python(data)},\n"
            '    files={"image": photo},\n'
            "    timeout=30,\n"
            ")\n"
            "print(answer.json())"
        )


def _python(value: object) -> str:
    """A literal of Python, which JSON's texts, numbers and objects of these are."""
    return json.dumps(value, ensure_ascii=False)


def _file_of(example: PhotoExample) -> str:
    """The name of the photo's file, or one for a photo that has none."""
    name = example.file_name.rpartition("/")[2]
    is_usable = name.isprintable() and name.strip() and len(name) <= LONGEST
    return name if is_usable else NAMELESS


def _quoted_for_curl(path: str) -> str:
    r"""A file name in -F: curl reads ; , and " in it, and \ before them."""
    if not any(character in path for character in ';,"\\'):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
