"""Maps from unconstrained z to the parameters theta, with the log-Jacobian of each in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

KINDS = ("identity", "log", "logit")


def _namespace(value: Any) -> ModuleType:
    """`jax.numpy` for JAX arrays and tracers, `numpy` for the rest (so that the host never compiles)."""
    return jnp if isinstance(value, jax.Array) else np


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Transform:
    """Maps from unconstrained coordinates z to the parameters theta, one for each parameter.

    Its arrays hold the parameters on their last axis. NumPy arrays give NumPy arrays, those of JAX give
    JAX's.

    Attributes:
        kinds: "identity" for theta = z, "log" for theta = low + exp(z), "logit" for theta = low + (high -
            low) / (1 + exp(-z)).
        low: (d,) lower ends of the supports, 0 where a kind has none.
        high: (d,) upper ends, 1 where a kind has none.

    Example:
        >>> from phasic.svgd import Transform
        >>> transform = Transform.from_kinds(["log", "logit"])
        >>> transform.to_theta(np.zeros(2)).tolist()
        [1.0, 0.5]
    """

    kinds: tuple[str, ...] = field(metadata={"static": True})
    low: Any
    high: Any

    @classmethod
    def from_support(
        cls, low: NDArray[np.float64], high: NDArray[np.float64], names: Sequence[str] | None = None
    ) -> Transform:
        """Choose by support: the whole line, a half line to the right, or a bounded interval.

        Args:
            low: (d,) lower ends, or minus infinity.
            high: (d,) upper ends, or infinity.
            names: Of the parameters, for errors.

        Raises:
            ValueError: A support is empty, or bounded on the right only; index or name of the parameter is
                told.

        Example:
            >>> from phasic.svgd import Transform
            >>> low, high = np.array([-np.inf, 0.0, 0.0]), np.array([np.inf, np.inf, 1.0])
            >>> Transform.from_support(low, high).kinds
            ('identity', 'log', 'logit')
        """
        kinds = []
        for i, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            if not a < b:
                which = i if names is None else names[i]
                raise ValueError(f"parameter {which} has an empty support, ({a}, {b}): change its prior")
            if np.isfinite(a) and np.isfinite(b):
                kinds.append("logit")
            elif np.isfinite(a):
                kinds.append("log")
            elif np.isinf(b):
                kinds.append("identity")
            else:
                which = i if names is None else names[i]
                raise ValueError(
                    f"parameter {which} has support ({a}, {b}), and a left half line has no transform"
                )
        return cls(tuple(kinds), np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 1.0))

    @classmethod
    def from_kinds(cls, kinds: Sequence[str]) -> Transform:
        """Take the kinds as given, with "log" on (0, inf) and "logit" on (0, 1).

        Raises:
            ValueError: There is no such kind; it is named.

        Example:
            >>> from phasic.svgd import Transform
            >>> Transform.from_kinds(["identity", "log"]).to_theta(np.array([-1.0, 0.0])).tolist()
            [-1.0, 1.0]
        """
        for i, kind in enumerate(kinds):
            if kind not in KINDS:
                raise ValueError(f"transforms[{i}] is {kind!r}; choose one of {', '.join(KINDS)}")
        return cls(tuple(kinds), np.zeros(len(kinds)), np.ones(len(kinds)))

    @property
    def support(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of the open interval that each theta can reach, `(low, high)`, each (d,).

        Example:
            >>> from phasic.svgd import Transform
            >>> low, high = Transform.from_kinds(["log", "logit"]).support
            >>> low.tolist(), high.tolist()
            ([0.0, 0.0], [inf, 1.0])
        """
        low = np.where(self._is("identity"), -np.inf, self.low)
        return low, np.where(self._is("logit"), self.high, np.inf)

    @property
    def singles(self) -> NDArray[np.intp]:
        """Indices (d,) of the parameters that have a coordinate each, in the order of `kinds`: all.

        Example:
            >>> from phasic.svgd import Transform
            >>> Transform.from_kinds(["log", "logit"]).singles.tolist()
            [0, 1]
        """
        return np.arange(len(self.kinds))

    def _is(self, kind: str) -> NDArray[np.bool_]:
        return np.asarray([k == kind for k in self.kinds], dtype=bool)

    def to_theta(self, z: Any) -> Any:
        """Parameters at `z` (..., d), same shape.

        Example:
            >>> from phasic.svgd import Transform
            >>> Transform.from_kinds(["log"]).to_theta(np.log([[2.0], [3.0]])).round(9).tolist()
            [[2.0], [3.0]]
        """
        xp = _namespace(z)

        def interval(z: Any) -> Any:
            return self.low + (self.high - self.low) * (0.5 * (1.0 + xp.tanh(0.5 * z)))

        return self._by_kind(xp, z, z, log=lambda z: self.low + xp.exp(z), logit=interval)

    def to_z(self, theta: Any) -> Any:
        """Unconstrained coordinates of `theta` (..., d), same shape; NaN or infinite outside the support.

        Example:
            >>> from phasic.svgd import Transform
            >>> Transform.from_kinds(["log", "logit"]).to_z(np.array([1.0, 0.5])).tolist()
            [0.0, 0.0]
        """
        xp = _namespace(theta)
        log, logit = self._is("log"), self._is("logit")
        above = xp.where(log | logit, theta - self.low, 1.0)
        below = xp.where(logit, self.high - theta, 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = xp.log(above) - xp.log(below)
        return xp.where(log | logit, logs, theta)

    def log_jacobian(self, z: Any) -> Any:
        """Log of the derivative of theta with respect to z, summed over the parameters: `z` (..., d) gives
        (...).

        Example:
            >>> from phasic.svgd import Transform
            >>> float(Transform.from_kinds(["log"]).log_jacobian(np.array([0.5])))  # of exp(z): z
            0.5
        """
        xp = _namespace(z)

        def slope(z: Any) -> Any:
            return xp.log(self.high - self.low) - xp.logaddexp(0.0, z) - xp.logaddexp(0.0, -z)

        return xp.sum(self._by_kind(xp, z, np.zeros(z.shape, z.dtype), log=lambda z: z, logit=slope), axis=-1)

    def _by_kind(self, xp: ModuleType, z: Any, otherwise: Any, **maps: Callable[[Any], Any]) -> Any:
        """Each coordinate of `z` under the map of its kind. A kind that no parameter has costs nothing.

        A map sees 0 in place of the others' coordinates, which might overflow in it.
        """
        result = otherwise
        for kind, mapped in maps.items():
            own = self._is(kind)
            if own.all():
                return mapped(z)
            if own.any():
                result = xp.where(own, mapped(xp.where(own, z, 0.0)), result)
        return result
