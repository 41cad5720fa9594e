"""Every Python code block of the README and of the documentation runs, in order, file by file."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import execute, pictures, python_blocks

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FILES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
GALLERY = [path for path in sorted((DOCS / "gallery").glob("*.md")) if path.name != "index.md"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_blocks_run(path, subprocess_environment, tmp_path):
    folder = tmp_path / "work"
    (folder / "pictures").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "tests" / "docs" / "blocks.py"), str(path)],
        cwd=folder,
        env=subprocess_environment | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = {str(file.relative_to(folder)) for file in (folder / "pictures").iterdir()}
    if path in GALLERY:
        assert written == set(pictures(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pictures_are_there_and_say_what_they_show(path):
    shown = pictures(path.read_text(encoding="utf-8"))
    assert all((DOCS / name).is_file() and alt for name, alt in shown.items()), shown


def test_the_index_shows_every_page_of_the_gallery():
    index = (DOCS / "gallery" / "index.md").read_text(encoding="utf-8")
    shown = [name for page in GALLERY for name in pictures(page.read_text(encoding="utf-8"))]
    assert set(pictures(index)) == set(shown)
    assert all(f"]({page.name})" in index for page in GALLERY)


def test_the_readme_shows_code():
    assert python_blocks((ROOT / "README.md").read_text(encoding="utf-8"))


def test_pictures_are_found_with_what_they_show():
    assert pictures("![one\nline](../pictures/a.svg) ![b](docs/pictures/b.svg) [c](pictures/c.svg)") == {
        "pictures/a.svg": "one\nline",
        "pictures/b.svg": "b",
    }


def test_only_python_blocks_count():
    assert python_blocks("```bash\nls\n```\ntext\n```python\nx = 1\n```\n") == [(6, "x = 1")]


def test_options_of_a_block_do_not_hide_it():
    assert python_blocks('```{.python title="a"}\nx = 1\n```\n~~~py\ny = 2\n~~~\n') == [
        (2, "x = 1"),
        (5, "y = 2"),
    ]


def test_an_indented_block_is_dedented():
    assert python_blocks("- item\n\n  ```python\n  if x:\n      y = 1\n  ```\n") == [(4, "if x:\n    y = 1")]


def test_an_open_block_is_an_error():
    with pytest.raises(ValueError, match="line 1"):
        python_blocks("```python\nx = 1\n")


def test_later_blocks_see_earlier_names(tmp_path):
    file = tmp_path / "a.md"
    file.write_text("```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n")
    assert execute(file) is None


def test_a_failing_block_fails(tmp_path):
    file = tmp_path / "a.md"
    file.write_text("```python\nassert False\n```\n")
    with pytest.raises(AssertionError):
        execute(file)
