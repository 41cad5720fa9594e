"""Index folders set aside, because they were damaged or are to be cleared, until somebody removes them."""

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ._paths import is_folder, is_link

_NAME = re.compile(r"index\.(?:bad|gone)-[0-9a-f]{8}")


def set_aside(folder: Path, label: Literal["bad", "gone"]) -> Path:
    """Rename the folder of an index, so that another can take its place; the new path. Raises OSError."""
    aside = folder.with_name(f"index.{label}-{secrets.token_hex(4)}")
    folder.rename(aside)
    return aside


def set_aside_in(root: Path) -> list[Path]:
    """What was set aside in the cache folder ``root`` and is still there."""
    try:
        with os.scandir(root) as found:
            return sorted(Path(entry.path) for entry in found if _NAME.fullmatch(entry.name))
    except OSError:
        return []


def remove_set_aside(root: Path) -> None:
    """Remove what was set aside in ``root``, as far as that is possible; links are not followed."""
    for path in set_aside_in(root):
        if is_link(path) or not is_folder(path):
            with suppress(OSError):
                path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)
