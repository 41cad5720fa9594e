"""Arguments that older code passed and that are no longer taken, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

#: Arguments by the function that had them.
_ARGUMENTS = {
    "Graph.laplace_transform": {"theta": "s, and the answer is the number itself"},
    "Graph.method_of_moments": {
        "observed_data": "data",
        "nr_moments": "order",
        "fixed": "give fixed parameters to Graph.svgd",
        "theta_dim": "the graph knows its parameters",
        "theta_init": "it starts from several points of its own",
        "std_multiplier": "Graph.svgd without a prior takes one as wide as the data tell",
        "verbose": "nothing is printed",
        "weighted": "all moments count alike",
    },
    "Graph.plot": {
        "filename": "the result has save(path)",
        "graph": "it is a method",
        "wrap": "nodelabel=",
        "label_fmt": "nodelabel=, a function of the state",
        "rate_fmt": 'edgelabel="weight" or "formula"',
        "color_by": "color=",
        "color_by_cmap": "color=",
        "color_by_lim": "color=",
        "by_state": "subgraphfun=",
        "by_index": "subgraphfun=, a function of the state",
        "dark": 'theme="dark"',
        "taillabel": "labels lie where there is room",
        "seed": "colours do not change from call to call",
        **dict.fromkeys(("graph_attr", "node_attr", "edge_attr"), "attributes are arguments of their own"),
    },
    "Graph.joint_prob_graph": {
        "reward_rates_callback": "Graph.table_marked takes the rates of events in every vertex as rewards",
    },
    "Graph.vertex_at": {"idx": "index"},
    "SVGD.summary": dict.fromkeys(("ci_method", "ci_level"), "Posterior.interval takes a level"),
    "SVGD.optimize": {"rewards": "give rewards to SVGD itself"},
    "instantiate_from_trace": {
        "rewards": "Graph.reward_transform of the result",
        "use_log": "it means nothing, values are exact",
    },
}


def arguments() -> dict[str, dict[str, str]]:
    """The arguments that functions had and have not."""
    return _ARGUMENTS


def refuse_arguments(function: str, given: Mapping[str, object]) -> None:
    """Raise TypeError for the first argument that a function does not take, if there is one."""
    for name in given:
        instead = _ARGUMENTS[function].get(name)
        if instead is None:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        raise TypeError(f"{function} no longer takes {name!r}: {instead}")
