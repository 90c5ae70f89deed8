//! Even runs: a list cut into as few pieces as a longest length allows, all
//! equally long, give or take one.

use std::ops::Range;

/// The `nth` of `runs` even runs over `size` positions.
pub fn nth_run(size: u64, runs: u64, nth: u64) -> Range<usize> {
    let start = |nth: u64| {
        let position = u128::from(nth) * u128::from(size) / u128::from(runs);
        usize::try_from(position).unwrap_or(usize::MAX)
    };
    start(nth)..start(nth + 1)
}

/// Even pieces that together cover `values`, each of at most `longest`.
pub fn chunks<T>(values: &[T], longest: usize) -> impl Iterator<Item = &[T]> {
    let (size, runs) = (values.len() as u64, values.len().div_ceil(longest.max(1)) as u64);
    (0..runs).map(move |nth| &values[nth_run(size, runs, nth)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_few_and_even() {
        let values: Vec<u8> = (0..51).collect();
        let sizes: Vec<usize> = chunks(&values, 25).map(<[u8]>::len).collect();
        assert_eq!(sizes, [17, 17, 17]);
        assert_eq!(chunks(&values, 25).flatten().copied().collect::<Vec<u8>>(), values);
        assert_eq!(chunks::<u8>(&[], 25).count(), 0);
    }
}
