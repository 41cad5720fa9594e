"""What a posterior says about data: methods of `Posterior`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check

if TYPE_CHECKING:
    from phasic.svgd._pointwise import LogLikelihoods
    from phasic.svgd._predictive import Curve
    from phasic.svgd._predictive_check import PredictiveCheck
    from phasic.svgd._target import Target


class Predictions:
    """Likelihoods of single observations, and predictions, with a check of the model; see `Posterior`.

    All need the `target` of the fit, and raise ValueError without one. `kind` says which row of rewards is
    meant where several were observed.
    """

    particles: NDArray[np.float64]
    target: Target | None

    def log_likelihoods(self) -> LogLikelihoods:
        """Log densities of each distinct observation under each particle, (n, m), and how often it was seen.

        A `phasic.Model` evaluates exact, left- and right-censored times in one pass for each particle. Other
        models are asked for one observation at a time.

        Returns:
            An object with `values` (n, m); `count` (m,), how often each observation was seen; `lower` and
            `upper`, the observations or the bounds of what is known of them; and `kind` (m,), the row of
            rewards that was observed. `values @ count` are the log-likelihoods of all data, (n,).

        Raises:
            ValueError: There is no target, or the model's log-likelihood is no sum over observations.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits, prior = [0.25, 0.75, 0.75], phasic.Gamma(2.0, 0.25)
            >>> point = phasic.models.erlang(1).fit(waits, prior=prior, method="map")  # rate 4 / 2 = 2
            >>> table = point.log_likelihoods()
            >>> table.values.round(4).tolist(), table.count.tolist()  # log 2 - 2 t
            ([[0.1931, -0.8069]], [1.0, 2.0])
        """
        from phasic.svgd._pointwise import log_likelihoods

        return log_likelihoods(self._known_target("log_likelihoods"), self.particles)

    def predictive(self, n: int = 1000, *, seed: int = 0, kind: int | None = None) -> NDArray[np.float64]:
        """Draws of further observations, (n,): the posterior predictive law.

        Exact simulation, from every particle about equally often. Draws are of the law itself, neither
        censored nor truncated.

        Args:
            n: How many.
            seed: Equal seeds give equal draws.
            kind: Which row of rewards, where several were observed.

        Raises:
            TypeError: The model is no `phasic.Model` or `phasic.EpochModel`.
            ValueError: There is no target, or an argument is not what it must be; it is named.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> draws = posterior.predictive(10_000, seed=1)
            >>> bool(abs(draws.mean() - 50 / 99) < 0.05)  # mean of 1 / rate
            True
        """
        from phasic.svgd._predictive import draws, law_of_kind

        _, law = law_of_kind(self._known_target("predictive").model, kind, "predictive")
        return draws(law, self.particles, _check.positive("n", n), seed)

    def predictive_curve(self, function: str, at: ArrayLike, *, kind: int | None = None) -> Curve:
        """The density, distribution or survival function, or the quantiles, at every particle.

        Args:
            function: "pdf" (for counts, their probability), "cdf", "sf", or "ppf" for quantiles.
            at: (m,) times, counts or rewards, not negative; for "ppf" probabilities.
            kind: Which row of rewards, where several were observed.

        Returns:
            The `values` (n, m), with their `mean` (m,) and `interval(probability)` (2, m).

        Raises:
            TypeError: The model is no `phasic.Model` or `phasic.EpochModel`.
            ValueError: There is no target, or an argument is not what it must be; it is named.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> curve = posterior.predictive_curve("sf", [0.0, 1.0])
            >>> curve.mean.round(2).tolist()  # of Gamma(100, 50), (50 / 51)^100 = 0.138
            [1.0, 0.14]
            >>> median = posterior.predictive_curve("ppf", [0.5])  # log(2) / θ, θ about 2
            >>> bool(0.34 < median.mean[0] < 0.36), median.interval(0.9).shape
            (True, (2, 1))
        """
        from phasic.svgd._predictive import curve, law_of_kind

        _, law = law_of_kind(self._known_target("predictive_curve").model, kind, "predictive_curve")
        return curve(law, self.particles, function, at)

    def predictive_check(self, *, seed: int = 0, kind: int | None = None) -> PredictiveCheck:
        """Test whether the data look like data of the fitted model.

        Compares their probability integral transforms with the uniform law, by the tests of Kolmogorov and
        Smirnov and of Neyman at each particle. Counts and censored observations lie at random (by `seed`)
        between their bounds. The check is blind to what one distribution function does not show: dependence
        between observations, and parameters that the data do not tell.

        Args:
            seed: Of the places of counts and censored observations.
            kind: Which row of rewards, where several were observed.

        Returns:
            An object with `passed`, whether the p-value is at least 0.01, which one right model in a hundred
            or fewer misses; `p_value`; `statistic`, the largest gap between distribution functions; `reason`;
            and `pit` (m,), the transforms in ascending order.

        Raises:
            TypeError: The model is no `phasic.Model` or `phasic.EpochModel`.
            ValueError: There is no target, weights are no whole numbers, or data are truncated in several
                ways.

        Source: Johnson (2007), Bayesian Analysis 2, 719–733, for tests at draws of the posterior; Liu & Xie
        (2020), Journal of the American Statistical Association 115, 393–402, for their combination.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> posterior.predictive_check().passed  # exponential times are not all alike
            False
        """
        from phasic.svgd._pointwise import seen_by_kind
        from phasic.svgd._predictive import law_of_kind
        from phasic.svgd._predictive_check import check

        target = self._known_target("predictive_check")
        chosen, _ = law_of_kind(target.model, kind, "predictive_check")
        return check(list(seen_by_kind(target))[chosen], self.particles, seed)

    def _known_target(self, wanted: str) -> Target:
        if self.target is None:
            raise ValueError(
                f"{wanted} needs the model and data, which this posterior does not have (files leave them "
                "out): attach them by posterior.with_target(model, observed_data, prior)"
            )
        return self.target
