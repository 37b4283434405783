//! Everything that is left to chance, drawn from one seed.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The one source of chance of a run.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Both ends included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.gen_range(least..=most)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.gen_range(0..bound.max(1))
    }

    /// So many times in a thousand.
    pub(crate) fn per_mille(&mut self, often: u32) -> bool {
        often > 0 && self.0.gen_range(0..1000) < often
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.per_mille(500)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        let place = self.below(from.len());
        from.get(place).copied()
    }

    pub(crate) fn id(&mut self) -> uuid::Uuid {
        uuid::Uuid::from_u128(self.0.r#gen())
    }
}
