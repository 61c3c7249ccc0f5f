//! How fast virtual time runs when it plays: a logarithmic slider, from real time to a hundred thousand times slower.

/// Slider positions, slowest first: microseconds of virtual time per millisecond of the wall.
const STEPS: [f64; 13] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 50.0, 200.0, 1_000.0];

/// A place on the slider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(usize);

impl Default for Speed {
    /// One millisecond of the cluster takes two seconds.
    fn default() -> Speed {
        Speed(5)
    }
}

impl Speed {
    pub const MAX: usize = STEPS.len() - 1;

    pub fn at(place: usize) -> Speed {
        Speed(place.min(Speed::MAX))
    }

    pub fn place(self) -> usize {
        self.0
    }

    pub fn slower(self) -> Speed {
        Speed(self.0.saturating_sub(1))
    }

    pub fn faster(self) -> Speed {
        Speed::at(self.0 + 1)
    }

    /// Microseconds of virtual time per millisecond of the wall.
    pub fn us_per_ms(self) -> f64 {
        STEPS[self.0]
    }

    /// In words: how long one virtual millisecond takes.
    pub fn text(self) -> String {
        let seconds = 1.0 / self.us_per_ms();
        match seconds {
            s if s >= 1.0 => format!("1 ms takes {} s", trim(s)),
            s if s > 0.001 => format!("1 ms takes {} ms", trim(s * 1_000.0)),
            _ => "real time".into(),
        }
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.1}");
    text.trim_end_matches(".0").to_string()
}
