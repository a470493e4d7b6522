//! Rows of random numbers made orthogonal.

/// Makes each row, of that length, orthogonal to those before it and of length 1.
///
/// By Gram and Schmidt, each row twice, after which it is orthogonal to rounding (Giraud, Langou and Rozložník, 2005).
/// Of independent normal numbers it makes a matrix whose every orthogonal form is equally likely, as the QR
/// decomposition with a positive diagonal does (Mezzadri, 2007). There must not be more rows than a row is long.
pub(crate) fn orthonormalize(rows: &mut [f64], length: usize) {
    for row in 0..rows.len() / length.max(1) {
        let (before, rest) = rows.split_at_mut(row * length);
        let current = &mut rest[..length];
        for earlier in before.chunks_exact(length).chain(before.chunks_exact(length)) {
            let overlap = dot(earlier, current);
            current.iter_mut().zip(earlier).for_each(|(element, earlier)| *element -= overlap * earlier);
        }
        let norm = dot(current, current).sqrt();
        current.iter_mut().for_each(|element| *element /= norm);
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
