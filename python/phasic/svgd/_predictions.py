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

        Raises:
            ValueError: The model's log-likelihood is no sum over observations.
        """
        from phasic.svgd._pointwise import log_likelihoods

        return log_likelihoods(self._known_target("log_likelihoods"), self.particles)

    def predictive(self, n: int = 1000, *, seed: int = 0, kind: int | None = None) -> NDArray[np.float64]:
        """Draws of further observations, (n,): the posterior predictive law.

        Exact simulation, from every particle about equally often. Draws are of the law itself, neither
        censored nor truncated; equal seeds give equal draws.

        Raises:
            TypeError: The model is no `phasic.Model`.
            ValueError: An argument is not what it must be; it is named.
        """
        from phasic.svgd._predictive import draws, law_of_kind

        _, law = law_of_kind(self._known_target("predictive").model, kind, "predictive")
        return draws(law, self.particles, _check.positive("n", n), seed)

    def predictive_curve(self, function: str, at: ArrayLike, *, kind: int | None = None) -> Curve:
        """The density, distribution or survival function at every particle.

        Args:
            function: "pdf" (for counts, their probability), "cdf" or "sf".
            at: (m,) times, counts or rewards, ≥ 0.
            kind: See the class.

        Returns:
            The values (n, m), with their `mean` and `interval`.

        Raises:
            TypeError: The model is no `phasic.Model`.
            ValueError: An argument is not what it must be; it is named.
        """
        from phasic.svgd._predictive import curve, law_of_kind

        _, law = law_of_kind(self._known_target("predictive_curve").model, kind, "predictive_curve")
        return curve(law, self.particles, function, at)

    def predictive_check(self, *, seed: int = 0, kind: int | None = None) -> PredictiveCheck:
        """Test whether the data look like data of the fitted model.

        Compares their probability integral transforms with the uniform law, by the tests of Kolmogorov and
        Smirnov and of Neyman at each particle. Counts and censored observations lie at random (by `seed`)
        between their bounds. `passed` asks for a p-value of at least 0.01, which one right model in a hundred
        or fewer misses. The check is blind to what one distribution function does not show: dependence
        between observations, and parameters that the data do not tell.

        Raises:
            TypeError: The model is no `phasic.Model`.
            ValueError: Weights are no whole numbers, or data are truncated in several ways.
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
