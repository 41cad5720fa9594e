//! The table of `docs/concepts/elimination.md`: what each order costs, and how long recording takes.
//!
//! `cargo bench -p phasic-benches --bench order -- [words of names]`. Seconds are medians of five.

use std::time::Instant;

use phasic_benches::{
    birth_death, demes, freeze, isolation_migration, kingman_blocks, rabbits, random_sparse,
    structured_blocks, tandem, tandem_queues, two_loci,
};
use phasic_core::{Frozen, GraphBuilder, Interrupt, Order, Plan, Trace};

/// A name and how to build its model.
type Named = (&'static str, fn() -> GraphBuilder);

const MODELS: [Named; 17] = [
    ("rabbits n=100", || rabbits(100)),
    ("rabbits n=1000", || rabbits(1000)),
    ("Kingman blocks n=40", || kingman_blocks(40)),
    ("2 demes × 100", || demes(&[100, 0])),
    ("3 demes × 60", || demes(&[60, 0, 0])),
    ("4 demes × 20", || demes(&[20, 0, 0, 0])),
    ("4 demes × 30", || demes(&[30, 0, 0, 0])),
    ("2 demes, blocks, 20", || structured_blocks(20, 2)),
    ("3 demes, blocks, 14", || structured_blocks(14, 3)),
    ("isolation–migration 5+5", || isolation_migration(5, 5)),
    ("isolation–migration 7+7", || isolation_migration(7, 7)),
    ("two-locus ARG n=100", || two_loci(100)),
    ("birth–death 100,000", || birth_death(100_000)),
    ("tandem 2 × 100", || tandem(100)),
    ("tandem 2 × 300", || tandem(300)),
    ("tandem 3 × 25", || tandem_queues(25, 3)),
    ("random sparse 5,000", || random_sparse(5000, 5, 1)),
];

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!(
        "| model | states | components | order | multiply-adds | entries | levels | record, s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, model) in MODELS {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            let frozen = freeze(&model());
            for order in [Order::MinimumDegree, Order::Dissection, Order::Cheapest] {
                print_row(name, &frozen, order);
            }
        }
    }
}

fn print_row(name: &str, frozen: &Frozen, order: Order) {
    let record = || {
        let never = Interrupt::never();
        let plan = Plan::in_order(frozen, order, &never).expect("nobody interrupts it");
        Trace::record_planned(&plan, &never).expect("named models can be recorded")
    };
    let mut seconds = [0.0; 5];
    for time in &mut seconds {
        let start = Instant::now();
        std::hint::black_box(record());
        *time = start.elapsed().as_secs_f64();
    }
    seconds.sort_by(f64::total_cmp);
    let trace = record();
    println!(
        "| {name} | {} | {} | {order:?} | {:.2e} | {} | {} | {:.3} |",
        trace.n_transient(),
        trace.n_components(),
        trace.multiply_adds() as f64,
        trace.n_entries(),
        trace.n_levels(),
        seconds[2],
    );
}
