"""`Drawing`: a picture of a graph, as graphviz's text and as SVG."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

from phasic.plot._dot import dot
from phasic.plot._picture import Picture, Style
from phasic.plot._svg import svg

#: What a file's name ends in, for what is written without graphviz.
_OWN = {".svg", ".dot", ".gv"}


class Drawing:
    """A picture of a graph, made by `phasic.Graph.plot`; notebooks show it.

    It is laid out and drawn here, as SVG, and needs no other program. `source` is the same picture for
    graphviz, whose layouts suit large graphs better.

    Example:
        >>> drawing = phasic.models.kingman(3).plot()
        >>> drawing.save("kingman.svg").name
        'kingman.svg'
    """

    def __init__(self, picture: Picture, style: Style) -> None:
        self._picture = picture
        self._style = style

    @property
    def source(self) -> str:
        """Text in DOT, the language of graphviz; `graphviz.Source(drawing.source)` takes it.

        The grammar is that of https://graphviz.org/doc/info/lang.html.

        Example:
            >>> source = phasic.models.kingman(3).plot().source
            >>> source.splitlines()[0], source.count(" -> ")  # to 3, to 2 and to 1 lineages
            ('digraph phasic {', 3)
        """
        return dot(self._picture, self._style)

    def svg(self) -> str:
        """An SVG document, laid out without graphviz; equal pictures give equal text.

        Example:
            >>> phasic.models.kingman(3).plot().svg().startswith("<svg")
            True
        """
        return svg(self._picture, self._style)

    def render(self, format: str = "svg", engine: str = "dot") -> bytes:
        """The picture as graphviz lays it out.

        Args:
            format: One that graphviz writes, such as "svg", "pdf" or "png".
            engine: One of graphviz's layout programs, such as "dot", "neato" or "sfdp".

        Raises:
            FileNotFoundError: The program is not installed.
            ValueError: It does not know the format or refuses an attribute; what it says is repeated.

        Example:
            >>> from shutil import which
            >>> drawing = phasic.models.kingman(3).plot()
            >>> which("dot") is None or drawing.render("pdf").startswith(b"%PDF")  # if graphviz is installed
            True
            >>> drawing.render("pdf", engine="my-layout")
            Traceback (most recent call last):
            FileNotFoundError: graphviz's program 'my-layout' is not on PATH: install graphviz ...
        """
        program = shutil.which(engine)
        if program is None:
            raise FileNotFoundError(
                f"graphviz's program {engine!r} is not on PATH: install graphviz from your system's packages "
                "(conda-forge and apt call it graphviz), or save as .svg, which needs nothing"
            )
        done = subprocess.run(
            [program, f"-T{format}"], input=self.source.encode(), capture_output=True, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise ValueError(f"graphviz's {engine} did not write {format!r}: {said}")
        return done.stdout

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file; its name's ending says as what.

        ".svg" is what notebooks show, ".dot" and ".gv" are `source`; for others, such as ".pdf" and ".png",
        graphviz must be installed; see `render`.

        Returns:
            The path.

        Raises:
            ValueError: The name has no ending.

        Example:
            >>> drawing = phasic.models.kingman(3).plot()
            >>> path = drawing.save("kingman.dot")
            >>> path.read_text() == drawing.source
            True
        """
        to = Path(path)
        ending = to.suffix.lower()
        if not ending:
            raise ValueError(f"{to} has no ending to say what to write: end it in .svg, .dot, .pdf or .png")
        if ending in _OWN:
            to.write_text(self.svg() if ending == ".svg" else self.source, encoding="utf-8")
        else:
            to.write_bytes(self.render(ending[1:]))
        return to

    def __getattr__(self, name: str) -> NoReturn:
        instead = ": Drawing.save(path) writes the picture" if name == "savefig" else ""
        raise AttributeError(f"Drawing has no attribute {name!r}{instead}", name=name, obj=self)

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"Drawing({len(self._picture.nodes)} nodes, {len(self._picture.links)} edges)"
