//! Memory of a trace and of its factors, per stored entry of the factors, beside the graph.
//!
//! `cargo bench -p phasic-benches --bench memory`

use peak_alloc::PeakAlloc;
use phasic_benches::{demes, freeze, isolation_migration, rabbits, random_sparse, tandem};
use phasic_core::{GraphBuilder, Moments, Trace};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    println!(
        "| model | states | edges | entries | graph, B per edge | trace, B per entry | with factors |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    row("tandem 2 × 100", &tandem(100), &[1.0, 1.5, 1.3]);
    row("3 demes × 60", &demes(&[60, 0, 0]), &[1.0, 0.5]);
    row("4 demes × 20", &demes(&[20, 0, 0, 0]), &[1.0, 0.5]);
    row("isolation–migration 7+7", &isolation_migration(7, 7), &[1.0, 0.5]);
    row("random sparse 2,000", &random_sparse(2000, 5, 1), &[1.0, 0.01]);
    row("rabbits n=445", &rabbits(445), &[1.0, 2.0, 4.0]);
}

fn row(name: &str, model: &GraphBuilder, theta: &[f64]) {
    let before = MEMORY.current_usage();
    let frozen = freeze(model);
    let with_graph = MEMORY.current_usage();
    let trace = Trace::record(&frozen).expect("named models can be recorded");
    let with_trace = MEMORY.current_usage();
    let at = Moments::new(&trace, theta).expect("positive rates");
    let with_factors = MEMORY.current_usage();
    let (edges, entries) = (trace.graph().n_edges() as f64, trace.n_entries() as f64);
    // Where each edge goes: three numbers of four bytes.
    let places = 12.0 * edges;
    let per_entry = |bytes: usize| (bytes as f64 - places) / entries;
    println!(
        "| {name} | {} | {edges:.0} | {entries:.0} | {:.1} + 12 | {:.1} | {:.1} |",
        trace.n_transient(),
        (with_graph - before) as f64 / edges,
        per_entry(with_trace - with_graph),
        per_entry(with_factors - with_graph),
    );
    drop(at);
}
