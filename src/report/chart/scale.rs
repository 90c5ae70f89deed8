//! Round steps for an axis.

/// From the lowest to the highest gridline.
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    step: f64,
}

impl Scale {
    /// Three to six gridlines around the values. Starts at zero when zero is near.
    pub fn around(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if low >= 0.0 && low <= high * 0.4 {
            low = 0.0;
        }
        let spread = high - low;
        if spread <= high.abs() * 1e-9 {
            // A flat line stands in the middle rather than on an edge.
            let room = if high == 0.0 { 1.0 } else { high.abs() * 0.02 };
            (low, high) = (low - room, high + room);
        }
        let step = round_step((high - low) / 4.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    /// The gridlines, lowest first.
    pub fn ticks(&self) -> Vec<f64> {
        let mut ticks = Vec::new();
        let mut count = 0.0;
        while count < 12.0 && self.low + count * self.step <= self.high + self.step / 2.0 {
            ticks.push(self.low + count * self.step);
            count += 1.0;
        }
        ticks
    }

    /// Decimals that tell the gridlines apart.
    pub fn decimals(&self) -> u8 {
        (0..6)
            .find(|places| {
                let scaled = self.step * 10_f64.powi(i32::from(*places));
                (scaled - scaled.round()).abs() < 1e-6 * scaled
            })
            .unwrap_or(6)
    }

    /// 0 at the lowest gridline, 1 at the highest.
    pub fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// 1, 2 or 5 times a power of ten, at least the rough step.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let share = rough / power;
    let nice = [1.0, 2.0, 5.0].into_iter().find(|nice| share <= *nice + 1e-9).unwrap_or(10.0);
    nice * power
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn gridlines_are_round_and_hold_every_value() {
        let cases: [&[f64]; 7] =
            [&[41.2, 46.9], &[0.0, 12.0], &[1_012_345.0, 1_019_000.0], &[-3.0, 8.0], &[5.0], &[0.0], &[0.12, 0.19]];
        for values in cases {
            let scale = Scale::around(values.iter().copied());
            let ticks = scale.ticks();
            assert!((2..=8).contains(&ticks.len()), "{values:?}: {ticks:?}");
            for value in values {
                assert!((0.0..=1.0).contains(&scale.place(*value)), "{values:?}");
            }
        }
        let scale = Scale::around([41.2, 46.9].into_iter());
        assert_eq!(scale.ticks(), [40.0, 42.0, 44.0, 46.0, 48.0]);
        assert_eq!(scale.decimals(), 0);
    }

    #[test]
    fn no_values_give_a_scale_all_the_same() {
        assert!(Scale::around(std::iter::empty()).high > 0.0);
    }
}
