"""All parameters of a model from the coordinates of the free ones: groups, fixed and tied parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._groups import GROUPS, Group
from phasic.svgd._transform import Transform, _namespace


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Layout:
    """theta (p,) of all parameters from z (d,) of the free ones, with the functions of a `Transform`.

    Free single parameters come first in z, the groups after them. `source` says for each parameter which of
    the values (single ones, members of groups, fixed ones, in this order) is its own: tied parameters share
    one. The fixed values (c,) are data, so that others run the same program.

    Attributes:
        elements: The maps of the free single parameters, (e,).
        groups: Kind and size of each group.
        source: (p,).
        fixed: (c,).
    """

    elements: Transform
    groups: tuple[tuple[str, int], ...] = field(metadata={"static": True})
    source: tuple[int, ...] = field(metadata={"static": True})
    fixed: Any

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each coordinate of z resembles: "identity", "log" or "logit", (d,)."""
        own = [(group.coordinate,) * (last - first) for group, first, last, _ in self._coordinates()]
        return sum(own, self.elements.kinds)

    @property
    def support(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Open intervals of the parameters, `(low, high)`, each (p,); the whole line for fixed and tied ones.

        Of parameters that share a value, the first has the interval.
        """
        low, high = (list(end) for end in self.elements.support)
        for kind, size in self.groups:
            low += [GROUPS[kind].support[0]] * size
            high += [GROUPS[kind].support[1]] * size
        ends = np.full((2, len(self.source)), [[-np.inf], [np.inf]])
        ends[:, self._first()] = low, high
        return ends[0], ends[1]

    @property
    def singles(self) -> NDArray[np.intp]:
        """Indices of the parameters that have a coordinate each, in the order of `kinds`."""
        return self._first()[: len(self.elements.kinds)]

    def to_theta(self, z: Any) -> Any:
        """All parameters (..., p) at `z` (..., d)."""
        xp = _namespace(z)
        parts = [self.elements.to_theta(z[..., : len(self.elements.kinds)])]
        parts += [group.to_theta(xp, z[..., first:last]) for group, first, last, _ in self._coordinates()]
        parts.append(xp.broadcast_to(xp.asarray(self.fixed, z.dtype), (*z.shape[:-1], len(self.fixed))))
        return xp.concatenate(parts, axis=-1)[..., np.asarray(self.source)]

    def to_z(self, theta: Any) -> Any:
        """Coordinates (..., d) of `theta` (..., p), NaN or infinite outside the support.

        Fixed parameters, and tied ones but the first, are not read.
        """
        xp = _namespace(theta)
        own = theta[..., self._first()]
        at = len(self.elements.kinds)
        parts = [self.elements.to_z(own[..., :at])]
        for group, _, _, size in self._coordinates():
            parts.append(group.to_z(xp, own[..., at : at + size]))
            at += size
        return xp.concatenate(parts, axis=-1)

    def log_jacobian(self, z: Any) -> Any:
        """Log |d theta / d z| of the free parameters, (...)."""
        xp = _namespace(z)
        total = self.elements.log_jacobian(z[..., : len(self.elements.kinds)])
        for group, first, last, _ in self._coordinates():
            total = total + group.log_jacobian(xp, z[..., first:last])
        return total

    def _first(self) -> NDArray[np.intp]:
        """The first parameter that has each of the free values."""
        free = len(self.elements.kinds) + sum(size for _, size in self.groups)
        return np.asarray([self.source.index(i) for i in range(free)], dtype=np.intp)

    def _coordinates(self) -> Iterator[tuple[Group, int, int, int]]:
        """Each group, with the first and last + 1 of its coordinates in z, and its size."""
        at = len(self.elements.kinds)
        for kind, size in self.groups:
            group = GROUPS[kind]
            count = group.coordinates(size)
            yield group, at, at + count, size
            at += count
