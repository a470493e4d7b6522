//! Rounds that alternate, so that a machine whose speed drifts favours nobody.

use super::{Outcome, peers::Started};

/// Odd, so that the median is one of them.
const ROUNDS: usize = 11;
/// How long a round is to take.
const SECONDS: f64 = 0.4;

/// How many times as fast one is as the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    /// The median is at least that, with a confidence of more than 95 %.
    pub(crate) lower: f64,
}

/// Steps a second: the median of three rounds, after a warm-up.
pub(crate) fn speed(one: &mut Started) -> Outcome<f64> {
    let steps = steps_of_a_round(one)?;
    let mut speeds = (0..3).map(|_| one.steps_per_s(steps)).collect::<Outcome<Vec<f64>>>()?;
    Ok(median(&mut speeds))
}

/// Steps a second of the first, and how many times as fast it is, round by round in turn.
pub(crate) fn duel(one: &mut Started, other: &mut Started) -> Outcome<(f64, Ratio)> {
    let steps = [steps_of_a_round(one)?, steps_of_a_round(other)?];
    let (mut speeds, mut ratios) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        let pair = [one.steps_per_s(steps[0])?, other.steps_per_s(steps[1])?];
        speeds.push(pair[0]);
        ratios.push(pair[0] / pair[1]);
    }
    let median_ratio = median(&mut ratios);
    Ok((median(&mut speeds), Ratio { median: median_ratio, lower: ratios[bound(ROUNDS)] }))
}

fn steps_of_a_round(one: &mut Started) -> Outcome<usize> {
    let mut steps = 1;
    loop {
        let speed = one.steps_per_s(steps)?;
        if steps as f64 / speed >= SECONDS / 4.0 {
            return Ok(((SECONDS * speed) as usize).max(1));
        }
        steps *= 2;
    }
}

/// Sorts, and takes the middle one.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Which of `count` sorted values the median of what they are drawn from exceeds, with a confidence of 97.5 %.
///
/// Each value lies below it with probability 1/2, whatever the law is, so how many do is binomial.
fn bound(count: usize) -> usize {
    let total = 2f64.powi(count as i32);
    let (mut ways, mut at_most, mut index) = (1.0, 0.0, 0);
    loop {
        at_most += ways / total;
        if at_most > 0.025 {
            return index.max(1) - 1;
        }
        ways *= (count - index) as f64 / (index + 1) as f64;
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_that_of_the_sign_test() {
        assert_eq!([bound(6), bound(9), bound(11), bound(15)], [0, 1, 1, 3]);
    }
}
