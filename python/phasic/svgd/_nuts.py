"""Draws by BlackJAX's No-U-Turn sampler (Hoffman and Gelman 2014), started from the posterior's modes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic._progress import step_bar
from phasic.svgd._arguments import check_count
from phasic.svgd._mixture import Mixture, find
from phasic.svgd._modes import Floats
from phasic.svgd._nuts_chains import BLOCK, SAMPLE, Chain, Trail, blackjax, nuts_block, nuts_start
from phasic.svgd._posterior import Posterior
from phasic.svgd._settings import Settings
from phasic.svgd._start import Whitening
from phasic.svgd._target import Target, float_type

CHAINS, DRAWS, WARMUP, TARGET_ACCEPTANCE = 4, 1000, 500, 0.8
_SECONDS_PER_CALL = 0.5  # so that Ctrl-C is answered within a second
_RHAT, _ESS_PER_CHAIN, _DIVERGENT = 1.01, 100, 0.001


@jax.jit
def _diagnose(draws: Any) -> tuple[Any, Any, Any]:
    """Rank-normalised split R-hat, bulk and tail effective sizes of `draws` (chains, draws, d): (d,) each.

    By BlackJAX, after Vehtari et al. (2021).
    """
    from blackjax.diagnostics import ess_bulk, ess_tail, rhat

    return tuple(jnp.atleast_1d(f(draws)) for f in (rhat, ess_bulk, ess_tail))  # type: ignore[return-value]


def _diagnosed(draws: Any, free: NDArray[np.bool_]) -> list[Floats]:
    """What `_diagnose` says of the parameters that are `free` (d,), and NaN of fixed ones: (d,) each."""
    result = []
    for each in _diagnose(draws[:, :, free]):
        filled = np.full(len(free), np.nan)
        filled[free] = each
        result.append(filled)
    return result


def _verdict(
    rhat: Floats, bulk: Floats, tail: Floats, names: Sequence[str], divergences: int, chains: int, draws: int
) -> tuple[bool, str]:
    """Whether to trust draws of the parameters `names` (d,), by their numbers (d,), and why or what helps."""
    faults, remedies, limit = [], [], _ESS_PER_CHAIN * chains
    ess, worst = np.minimum(bulk, tail), int(np.argmax(rhat))
    least = int(np.argmin(ess))
    if not rhat[worst] < _RHAT:
        faults.append(f"R-hat of {names[worst]} is {rhat[worst]:.3g}, limit {_RHAT}: the chains disagree")
        remedies += ["more steps of adaptation (warmup)", "more draws (draws)"]
    if not ess[least] >= limit:
        part = "bulk" if bulk[least] <= tail[least] else "tail"
        faults.append(
            f"effective sample size of the {part} of {names[least]} is {ess[least]:.0f}, limit {limit}"
        )
        remedies.append("more draws (draws)")
    if divergences > _DIVERGENT * chains * draws:
        faults.append(f"{divergences} of {chains * draws} draws diverged")
        remedies.append("smaller steps (target_acceptance nearer to 1)")
    if faults:
        helps = ", or ".join(dict.fromkeys(remedies))
        return False, f"not converged: {'; '.join(faults)}. What may help: {helps}"
    seen = f", {divergences} divergent draws" if divergences else ", no divergence"
    return True, f"converged: R-hat {rhat[worst]:.4f}, effective sample size {ess[least]:.0f}{seen}"


def _schedule(warmup: int, draws: int) -> tuple[Any, Any]:
    """Stage and end of window of every step, (warmup + draws,), after Stan."""
    from blackjax.adaptation.staged_adaptation import build_schedule

    plan = build_schedule(warmup)
    stages = [int(stage) for stage, _ in plan] + [SAMPLE] * draws
    return np.asarray(stages, np.int32), np.asarray([bool(end) for _, end in plan] + [False] * draws)


def nuts(
    target: Target,
    settings: Settings,
    *,
    chains: int = CHAINS,
    draws: int = DRAWS,
    warmup: int = WARMUP,
    target_acceptance: float = TARGET_ACCEPTANCE,
    progress: bool = False,
) -> Posterior:
    """Draws of the posterior: `chains` times `draws` particles, those of one chain after the other.

    Chains start at draws of the normal approximations at the modes, in coordinates whitened by the curvature
    at the best, and adapt step size and diagonal mass in Stan's windows.

    Args:
        target: The posterior.
        settings: Seed, names and starts.
        chains: 2 or more, side by side in one `vmap`.
        draws: Kept draws of each chain, 4 or more.
        warmup: Steps of adaptation before, 20 or more.
        target_acceptance: Mean acceptance that the step size is adapted to, between 0 and 1; nearer to 1
            against divergences.
        progress: Show a bar, if standard error is a terminal.

    Raises:
        ImportError: BlackJAX is not there.
        ValueError: A number is out of its range.
    """
    check_count("chains", chains, 2)
    check_count("draws", draws, 4)
    check_count("warmup", warmup, 20)
    if not 0.0 < target_acceptance < 1.0:
        raise ValueError(f"target_acceptance must lie between 0 and 1, got {target_acceptance!r}")
    blackjax()
    began = time.perf_counter()
    rng = np.random.default_rng(settings.seed)
    with step_bar("NUTS: searching for modes", warmup + draws, progress) as bar:
        found = find(target, settings, rng)
        bar.set_description("NUTS", refresh=False)
        mixture = Mixture.at(found.modes)
        z, value, gradient, _ = mixture.placed(found.evaluate, rng, chains)
        exact = Whitening(mixture.modes.z[0], mixture.covariance_root[0])
        dtype = float_type()
        whitening = Whitening(exact.centre.astype(dtype), exact.factor.astype(dtype))
        x = np.linalg.solve(exact.factor, (z - exact.centre).T).T
        acceptance = float(target_acceptance)
        state = (each.astype(dtype) for each in (x, value, exact.score(gradient)))
        start = nuts_start(*state, acceptance=acceptance)
        trail = _run(target, whitening, start, settings.seed, warmup, draws, acceptance, bar.update)
    x, log_density, divergent, gradients, accepted = (np.asarray(each) for each in trail)
    kept = x[:, warmup:].astype(np.float64)
    theta = np.asarray(target.transform.to_theta(exact.to_z(kept.reshape(chains * draws, -1))))
    # Chains start at points of their own, so that what is equal in all draws is fixed.
    free = np.ptp(theta, axis=0) > 0
    rhat, ess, tail = _diagnosed(theta.reshape(chains, draws, -1).astype(dtype), free)
    divergences = int(divergent[:, warmup:].sum())
    names = [name for name, moves in zip(settings.names, free, strict=True) if moves]
    converged, reason = _verdict(rhat[free], ess[free], tail[free], names, divergences, chains, draws)
    diagnostics = {
        "rhat": rhat,
        "ess": ess,
        "ess_tail": tail,
        "divergences": divergences,
        "chains": chains,
        "draws": draws,
        "acceptance": float(accepted[:, warmup:].mean()),
        "modes": np.asarray(target.transform.to_theta(mixture.modes.z)),
        "mode_weights": mixture.modes.weights,
        "log_density": log_density[:, warmup:].ravel().astype(np.float64),
        "gradient_evaluations": found.evaluate.evaluations + int(gradients.sum()),
    }
    return Posterior(
        theta,
        settings.names,
        converged,
        reason,
        diagnostics,
        warmup + draws,
        time.perf_counter() - began,
        method="nuts",
        target=target,
    )


def _run(
    target: Target,
    whitening: Whitening,
    chains: Chain,
    seed: int,
    warmup: int,
    draws: int,
    acceptance: float,
    told: Callable[[int], object],
) -> Trail:
    """All steps, in compiled calls of about half a second, after each of which `told` gets its number."""
    stages, ends = _schedule(warmup, draws)
    total = warmup + draws
    key = jax.random.key(seed)
    parts: list[Trail] = []
    done, per_call = 0, 1
    while done < total:
        take = min(per_call, BLOCK, total - done)
        if done < warmup <= done + take:
            take = warmup - done
        pad = BLOCK - take
        stage = np.pad(stages[done : done + take], (0, pad), constant_values=SAMPLE)
        end = np.pad(ends[done : done + take], (0, pad))
        called = time.perf_counter()
        count, number = np.int32(take), np.int32(done)
        chains, trail = nuts_block(
            target, whitening, chains, key, number, stage, end, count, acceptance=acceptance
        )
        parts.append(Trail(*(np.asarray(each)[:, :take] for each in trail)))
        done += take
        told(take)
        if done == warmup:
            # The average of dual averaging is what it settles on.
            chains = chains._replace(step_size=jnp.exp(chains.step_adaptation.log_step_size_avg))
        seconds = (time.perf_counter() - called) / take
        per_call = 1 if done == 1 else int(np.clip(_SECONDS_PER_CALL / seconds, 1, BLOCK))
    return Trail(*(np.concatenate(each, axis=1) for each in zip(*parts, strict=True)))
