//! See [`SmallSort`].

use std::cmp::Ordering;

/// Sorting of short lists, stable, by insertion: what is nearly in order takes no more than a look at each. The
/// standard library's sorts are made for long lists, and put several kilobytes into the page for each kind of element.
pub trait SmallSort<T> {
    fn sort_small_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    fn sort_small_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.sort_small_by(|one, other| key(one).cmp(&key(other)));
    }

    fn sort_small(&mut self)
    where
        T: Ord,
    {
        self.sort_small_by(T::cmp);
    }
}

impl<T> SmallSort<T> for [T] {
    fn sort_small_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        for end in 1..self.len() {
            let mut place = end;
            while place > 0 && compare(&self[place - 1], &self[end]) == Ordering::Greater {
                place -= 1;
            }
            self[place..=end].rotate_right(1);
        }
    }
}
