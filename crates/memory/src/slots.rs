//! Which parts of a block are taken.

/// Slots of one block, a bit each.
#[derive(Debug, Default)]
pub(crate) struct Slots(u64);

impl Slots {
    /// How many there are.
    pub(crate) const COUNT: usize = 64;

    /// Takes neighbouring slots and tells the first; none where no such run is free.
    pub(crate) fn take(&mut self, count: usize) -> Option<usize> {
        let run = run(count)?;
        let first = (0..=Self::COUNT - count).find(|first| self.0 & (run << first) == 0)?;
        self.0 |= run << first;
        Some(first)
    }

    /// Gives back what [`Slots::take`] gave out.
    pub(crate) fn give(&mut self, first: usize, count: usize) {
        if let Some(run) = run(count) {
            debug_assert_eq!(self.0 & (run << first), run << first, "given back twice");
            self.0 &= !(run << first);
        }
    }

    /// Whether none is taken.
    pub(crate) const fn are_free(&self) -> bool {
        self.0 == 0
    }
}

/// As many low bits as there are slots in a run.
const fn run(count: usize) -> Option<u64> {
    match count {
        1..=Slots::COUNT => Some(u64::MAX >> (Slots::COUNT - count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marsaglia's xorshift: the same numbers every time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap()
        }
    }

    #[test]
    fn no_slot_is_taken_twice_and_none_is_lost_whatever_the_order() {
        for seed in 1..=200 {
            let mut numbers = Numbers(seed);
            let mut slots = Slots::default();
            let mut model = [false; Slots::COUNT];
            let mut held: Vec<(usize, usize)> = Vec::new();
            for _ in 0..400 {
                let count = 1 + numbers.below(12);
                let taken = if numbers.below(3) > 0 {
                    slots.take(count)
                } else {
                    None
                };
                if let Some(first) = taken {
                    for slot in &mut model[first..first + count] {
                        assert!(!*slot, "a slot was given out twice");
                        *slot = true;
                    }
                    held.push((first, count));
                } else if !held.is_empty() {
                    let (first, count) = held.swap_remove(numbers.below(held.len()));
                    slots.give(first, count);
                    model[first..first + count].fill(false);
                }
                let longest = model
                    .split(|taken| *taken)
                    .map(<[bool]>::len)
                    .max()
                    .unwrap();
                let mut probe = Slots(slots.0);
                assert!(probe.take(longest).is_some() == (longest > 0));
                assert!(Slots(slots.0).take(longest + 1).is_none());
            }
            for (first, count) in held {
                slots.give(first, count);
            }
            assert!(slots.are_free());
        }
    }

    #[test]
    fn nothing_and_more_than_a_block_are_no_run() {
        assert_eq!(Slots::default().take(0), None);
        assert_eq!(Slots::default().take(Slots::COUNT), Some(0));
        assert_eq!(Slots::default().take(Slots::COUNT + 1), None);
    }
}
