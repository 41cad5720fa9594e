"""Execute the Python code blocks of a Markdown file, in order, in one namespace.

Run as `python -m tests.docs.blocks FILE …`. A traceback shows the line of the file.
Run in `docs`, the pages of the gallery remake the pictures that they show.
"""

import os
import re
import sys
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<info>[^`\n]*)$")
PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?:\.\./|docs/)*(?P<path>pictures/[^)]+)\)")


def pictures(text):
    """{path below docs: what it shows} of the pictures that a page shows."""
    return {picture["path"]: picture["alt"] for picture in PICTURE.finditer(text)}


def python_blocks(text):
    """(line number of the first line, source) of each fenced block whose language is python or py."""
    blocks, lines, opening, start = [], text.splitlines(), None, 0
    for number, line in enumerate(lines, start=1):
        fence = FENCE.match(line)
        if opening is None and fence:
            opening, start = fence, number + 1
        elif opening and fence and fence["fence"].startswith(opening["fence"]) and not fence["info"].strip():
            language = re.split(r"[\s{,]", opening["info"].strip(" {."))[0]
            if language in ("python", "py"):
                indent = len(opening["indent"])
                source = "\n".join(row[indent:] for row in lines[start - 1 : number - 1])
                blocks.append((start, source))
            opening = None
    if opening:
        raise ValueError(f"code block opened in line {start - 1} is not closed")
    return blocks


def execute(path):
    """Execute all Python blocks of the file."""
    namespace = {"__name__": "__main__"}
    for line, source in python_blocks(Path(path).read_text(encoding="utf-8")):
        exec(compile("\n" * (line - 1) + source, str(path), "exec"), namespace)


if __name__ == "__main__":
    os.environ.setdefault("MATPLOTLIBRC", str(Path(__file__).with_name("matplotlibrc")))
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")  # the date in a picture: equal pictures are equal bytes
    for file in sys.argv[1:]:
        execute(file)
