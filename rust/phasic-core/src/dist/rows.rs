//! Observations as rows: an exact value, or an event lower < T ≤ upper.

use crate::Error;

/// One distinct observation. Equal bounds stand for that very value, with its density or
/// probability; else the row is the event lower < T ≤ upper, where lower −∞ takes in T = 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub lower: f64,
    pub upper: f64,
    /// How often it was seen; below 0 for what the others are conditional on.
    pub weight: f64,
}

impl Row {
    pub fn is_exact(&self) -> bool {
        self.lower == self.upper
    }

    fn is_certain(&self) -> bool {
        self.lower == f64::NEG_INFINITY && self.upper == f64::INFINITY
    }
}

/// Checks observations and merges equal ones; those of weight 0 are not looked at.
///
/// Errors: lengths that differ, bounds out of order, a bound or exact value below 0 (save a lower
/// −∞), an exact value that is not finite, a weight that is not, or one below 0 at an exact value.
pub(super) fn rows(lower: &[f64], upper: &[f64], weights: &[f64]) -> Result<Vec<Row>, Error> {
    for (name, given) in [("upper bounds", upper.len()), ("weights", weights.len())] {
        if given != lower.len() {
            return Err(Error::Length { name, expected: lower.len(), given });
        }
    }
    let mut rows = Vec::with_capacity(lower.len());
    for (index, ((&lower, &upper), &weight)) in lower.iter().zip(upper).zip(weights).enumerate() {
        // Adding 0 takes the sign from −0.
        let row = Row { lower: lower + 0.0, upper: upper + 0.0, weight };
        if weight == 0.0 {
            continue;
        }
        if let Some((name, value, must)) = fault(&row) {
            return Err(Error::BadValue { name, index, value, must });
        }
        if !row.is_certain() {
            rows.push(row);
        }
    }
    rows.sort_unstable_by(|a, b| {
        let order = a.lower.total_cmp(&b.lower).then(a.upper.total_cmp(&b.upper));
        order.then(a.weight.total_cmp(&b.weight))
    });
    rows.dedup_by(|later, kept| {
        let same = later.lower == kept.lower && later.upper == kept.upper;
        if same {
            kept.weight += later.weight;
        }
        same
    });
    Ok(rows)
}

/// What is wrong with a row: an argument, its value, and what it must be.
fn fault(row: &Row) -> Option<(&'static str, f64, &'static str)> {
    let Row { lower, upper, weight } = *row;
    if row.is_exact() && !(0.0..f64::INFINITY).contains(&lower) {
        return Some(("data", lower, "finite, at least 0"));
    }
    if lower.is_nan() || (lower < 0.0 && lower.is_finite()) || lower == f64::INFINITY {
        return Some(("lower", lower, "−inf, or finite and at least 0"));
    }
    if upper.is_nan() || upper < 0.0 {
        return Some(("upper", upper, "at least 0"));
    }
    if lower > upper {
        return Some(("upper", upper, "at least the lower bound"));
    }
    if !weight.is_finite() {
        return Some(("weights", weight, "finite"));
    }
    let negative = row.is_exact() && weight < 0.0;
    negative.then_some(("weights", weight, "finite and not negative"))
}
