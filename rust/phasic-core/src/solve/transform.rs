//! The chain in reward time: a phase-type law for the accumulated reward.

use super::moments::not_negative;
use super::transform_chain::{Chain, Row};
use super::{Moments, Steps};
use crate::{Error, GraphBuilder, Trace, VertexId, VertexKind};

/// Steps that the rewards of all vertices may make together.
const MOST_STEPS: f64 = 1e8;

/// The graph whose absorption time is the reward accumulated by the trace's chain at θ.
///
/// `rewards`: `(n_vertices,)`, canonical, ≥ 0. Vertices without reward take no reward time: they are
/// eliminated (the Schur complement of their block, subtraction-free), and a path through them
/// alone becomes an atom at zero, the defect. Rates out of the others are divided by their reward.
/// States stay; weights become constants. Source: Bladt & Nielsen 2017, theorem 3.1.33.
pub fn reward_transform(
    trace: &Trace,
    theta: &[f64],
    rewards: &[f64],
) -> Result<GraphBuilder, Error> {
    check(trace, rewards)?;
    // Errors if a class of states can be entered and never left.
    Moments::new(trace, theta)?;
    let weights = trace.graph().weights(theta)?;
    let mut chain = Chain::new(trace.graph(), Some(&weights), false);
    let eliminated = eliminate(&mut chain, trace, rewards);
    debug_assert!(eliminated, "constants branch the same at every θ");
    in_time(&chain, trace, rewards)
}

/// As [`reward_transform`] for every θ at once: weights keep their coefficients.
///
/// None where that cannot be: where a vertex without reward leads on with probabilities that depend
/// on θ. They do not if its weights are all constant or all multiples of the same parameter.
pub fn reward_transform_for_any_theta(
    trace: &Trace,
    rewards: &[f64],
) -> Result<Option<GraphBuilder>, Error> {
    check(trace, rewards)?;
    let mut chain = Chain::new(trace.graph(), None, false);
    if !eliminate(&mut chain, trace, rewards) || stuck(&chain, trace) {
        return Ok(None);
    }
    in_time(&chain, trace, rewards).map(Some)
}

/// The graph whose number of steps is the reward that the trace's discrete chain collects at θ.
///
/// `rewards`: `(n_vertices,)`, canonical, whole and ≥ 0. A vertex of reward r becomes a row of r
/// vertices, one step each; those without reward are eliminated, and a path through them alone
/// becomes the defect. States get one more entry, the step within the row, from 0 on. Weights
/// become constants. Source: Campillo Navarro 2019, "Order statistics and multivariate discrete
/// phase-type distributions", thesis, Technical University of Denmark.
pub fn reward_transform_discrete(
    trace: &Trace,
    theta: &[f64],
    rewards: &[f64],
) -> Result<GraphBuilder, Error> {
    check_whole(trace, rewards)?;
    Moments::new(trace, theta)?;
    let weights = trace.graph().weights(theta)?;
    let stay = trace.at_vertices(&Steps::new(trace, &weights)?.stay);
    let mut chain = Chain::new(trace.graph(), Some(&weights), true);
    let eliminated = eliminate(&mut chain, trace, rewards);
    debug_assert!(eliminated, "constants branch the same at every θ");
    in_steps(&chain, trace, rewards, &stay)
}

/// As [`reward_transform_discrete`] for every θ at once: weights keep their coefficients.
///
/// None where that cannot be: as for [`reward_transform_for_any_theta`], or where a reward is above
/// 1 in a graph that is not normalized, since the probability of staying, 1 minus a sum, leads back.
pub fn reward_transform_discrete_for_any_theta(
    trace: &Trace,
    rewards: &[f64],
) -> Result<Option<GraphBuilder>, Error> {
    check_whole(trace, rewards)?;
    let long = trace.at_positions(rewards).iter().any(|&reward| reward > 1.0);
    if long && !trace.graph().normalized() {
        return Ok(None);
    }
    let mut chain = Chain::new(trace.graph(), None, true);
    if !eliminate(&mut chain, trace, rewards) || stuck(&chain, trace) {
        return Ok(None);
    }
    in_steps(&chain, trace, rewards, &vec![0.0; rewards.len()]).map(Some)
}

fn check(trace: &Trace, rewards: &[f64]) -> Result<(), Error> {
    let (expected, given) = (trace.n_vertices(), rewards.len());
    if expected != given {
        return Err(Error::RewardLength { expected, given });
    }
    not_negative(rewards)
}

fn check_whole(trace: &Trace, rewards: &[f64]) -> Result<(), Error> {
    check(trace, rewards)?;
    let bad = |index: usize, must| Err(Error::BadReward { index, value: rewards[index], must });
    if let Some(index) = rewards.iter().position(|reward| reward.fract() != 0.0) {
        return bad(index, "a whole number");
    }
    if trace.at_positions(rewards).iter().sum::<f64>() > MOST_STEPS {
        let largest = (0..rewards.len()).max_by(|&a, &b| rewards[a].total_cmp(&rewards[b]));
        let index = largest.expect("a large sum has a term");
        return bad(index, "so small that all rewards together make at most 1e8 steps");
    }
    Ok(())
}

/// Eliminates the vertices without reward; false where that depends on θ.
pub(super) fn eliminate(chain: &mut Chain, trace: &Trace, rewards: &[f64]) -> bool {
    let silent = trace.schedule().pivots.iter().filter(|&&vertex| rewards[vertex as usize] == 0.0);
    let reached: Vec<u32> = silent.copied().filter(|&v| !chain.gone[v as usize]).collect();
    reached.into_iter().all(|vertex| chain.eliminate(vertex))
}

/// Whether a vertex that is not absorbing has no way out left.
fn stuck(chain: &Chain, trace: &Trace) -> bool {
    let leaves =
        |vertex: usize| chain.children[vertex].keys().any(|&child| child as usize != vertex);
    (1..trace.n_vertices())
        .any(|vertex| !chain.gone[vertex] && !trace.graph().is_absorbing(vertex) && !leaves(vertex))
}

fn in_time(chain: &Chain, trace: &Trace, rewards: &[f64]) -> Result<GraphBuilder, Error> {
    let graph = trace.graph();
    let mut builder = GraphBuilder::new(graph.state_length);
    let mut ids = vec![VertexId::START; trace.n_vertices()];
    for vertex in (1..trace.n_vertices()).filter(|&vertex| !chain.gone[vertex]) {
        let (kind, state) = graph.vertex(vertex);
        ids[vertex] = builder.find_or_create(kind, state)?.0;
    }
    for (vertex, children) in chain.children.iter().enumerate() {
        let starting = graph.kinds[vertex] == VertexKind::Starting;
        let reward = if starting { 1.0 } else { rewards[vertex] };
        for (&child, row) in children {
            let row = row.iter().map(|entry| entry / reward).collect();
            add_edge(&mut builder, ids[vertex], ids[child as usize], row)?;
        }
    }
    Ok(builder)
}

/// `stay`: per vertex, the probability of staying there that no edge says.
fn in_steps(
    chain: &Chain,
    trace: &Trace,
    rewards: &[f64],
    stay: &[f64],
) -> Result<GraphBuilder, Error> {
    let graph = trace.graph();
    let mut builder = GraphBuilder::new(graph.state_length + 1);
    builder.set_normalized(graph.normalized());
    let mut ends = vec![(VertexId::START, VertexId::START); trace.n_vertices()];
    for vertex in (1..trace.n_vertices()).filter(|&vertex| !chain.gone[vertex]) {
        let (kind, state) = graph.vertex(vertex);
        let steps = if graph.is_absorbing(vertex) { 1 } else { rewards[vertex] as i32 };
        let mut state = [state, &[0]].concat();
        let first = builder.find_or_create(kind, &state)?.0;
        let mut last = first;
        for step in 1..steps {
            *state.last_mut().expect("it has an entry for the step") = step;
            let next = builder.find_or_create(kind, &state)?.0;
            builder.add_edge(last, next, 1.0, &[])?;
            last = next;
        }
        if first != last && stay[vertex] > 0.0 {
            builder.add_edge(last, first, stay[vertex], &[])?;
        }
        ends[vertex] = (first, last);
    }
    for (vertex, children) in chain.children.iter().enumerate() {
        for (&child, row) in children {
            add_edge(&mut builder, ends[vertex].1, ends[child as usize].0, row.clone())?;
        }
    }
    Ok(builder)
}

fn add_edge(
    builder: &mut GraphBuilder,
    source: VertexId,
    target: VertexId,
    row: Row,
) -> Result<(), Error> {
    let (base, coefficients) = row.split_first().expect("a weight has a base");
    let constant = coefficients.iter().all(|&coefficient| coefficient == 0.0);
    builder.add_edge(source, target, *base, if constant { &[] } else { coefficients })
}
