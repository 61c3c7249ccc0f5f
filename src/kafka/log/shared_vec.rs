//! A list that grows at its end, shrinks at its end, and costs nothing to clone.
//!
//! A tree of small nodes behind `Rc`: a clone shares the whole tree, and a change copies only the few nodes on the
//! way to the end that are still shared. So a checkpoint of a log of any length is one pointer.

use std::rc::Rc;

/// Children of a branch, and elements of a leaf.
const WIDTH: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node<T> {
    Leaf(Vec<T>),
    Branch(Vec<Rc<Node<T>>>),
}

/// A list of `T` with cheap clones. `push` and `get` take a step for each power of 32 in the length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedVec<T> {
    root: Rc<Node<T>>,
    /// Branches between the root and the leaves; 0 if the root is a leaf.
    height: u32,
    len: u32,
}

impl<T> Default for SharedVec<T> {
    fn default() -> SharedVec<T> {
        SharedVec { root: Rc::new(Node::Leaf(Vec::new())), height: 0, len: 0 }
    }
}

impl<T: Clone> SharedVec<T> {
    pub fn new() -> SharedVec<T> {
        SharedVec::default()
    }

    pub fn len(&self) -> usize {
        self.len as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Elements below a node of this height when it is full.
    fn capacity(height: u32) -> usize {
        WIDTH.saturating_pow(height + 1)
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        if index >= self.len() {
            return None;
        }
        let mut node = &*self.root;
        let mut height = self.height;
        loop {
            match node {
                Node::Leaf(elements) => return elements.get(index % WIDTH),
                Node::Branch(children) => {
                    node = &children[index / SharedVec::<T>::capacity(height - 1) % WIDTH];
                    height -= 1;
                }
            }
        }
    }

    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    pub fn last(&self) -> Option<&T> {
        self.get(self.len().wrapping_sub(1))
    }

    pub fn push(&mut self, element: T) {
        if self.len() == SharedVec::<T>::capacity(self.height) {
            let full = std::mem::replace(&mut self.root, Rc::new(Node::Branch(Vec::with_capacity(WIDTH))));
            if let Some(Node::Branch(children)) = Rc::get_mut(&mut self.root) {
                children.push(full);
            }
            self.height += 1;
        }
        let index = self.len();
        push_below(Rc::make_mut(&mut self.root), self.height, index, element);
        self.len += 1;
    }

    /// Drops all elements from `len` on.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        self.len = len as u32;
        while self.height > 0 && len <= SharedVec::<T>::capacity(self.height - 1) {
            let Node::Branch(children) = &*self.root else { break };
            let first = Rc::clone(&children[0]);
            self.root = first;
            self.height -= 1;
        }
        truncate_below(Rc::make_mut(&mut self.root), self.height, len);
    }

    /// The number of leading elements for which `before` holds; it must hold for a prefix.
    pub fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(element) if before(element) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// The elements from `index` on.
    pub fn iter_from(&self, index: usize) -> Iter<'_, T> {
        Iter { list: self, next: index, end: self.len() }
    }

    pub fn iter(&self) -> Iter<'_, T> {
        self.iter_from(0)
    }
}

fn push_below<T: Clone>(node: &mut Node<T>, height: u32, index: usize, element: T) {
    match node {
        Node::Leaf(elements) => elements.push(element),
        Node::Branch(children) => {
            let child = index / SharedVec::<T>::capacity(height - 1) % WIDTH;
            if child == children.len() {
                children.push(Rc::new(match height {
                    1 => Node::Leaf(Vec::with_capacity(WIDTH)),
                    _ => Node::Branch(Vec::with_capacity(WIDTH)),
                }));
            }
            push_below(Rc::make_mut(&mut children[child]), height - 1, index, element);
        }
    }
}

/// Keeps the first `len` elements below the node; `len` is at most what it can hold.
fn truncate_below<T: Clone>(node: &mut Node<T>, height: u32, len: usize) {
    match node {
        Node::Leaf(elements) => elements.truncate(len),
        Node::Branch(children) => {
            let below = SharedVec::<T>::capacity(height - 1);
            children.truncate(len.div_ceil(below));
            if let Some(last) = children.last_mut() {
                truncate_below(Rc::make_mut(last), height - 1, (len - 1) % below + 1);
            }
        }
    }
}

/// Elements of a [`SharedVec`] in order.
#[derive(Clone, Debug)]
pub struct Iter<'a, T> {
    list: &'a SharedVec<T>,
    next: usize,
    end: usize,
}

impl<'a, T: Clone> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        if self.next >= self.end {
            return None;
        }
        let element = self.list.get(self.next);
        self.next += 1;
        element
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.next);
        (left, Some(left))
    }
}

impl<T: Clone> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        self.end -= 1;
        self.list.get(self.end)
    }
}

impl<T: Clone> ExactSizeIterator for Iter<'_, T> {}

impl<T: Clone> FromIterator<T> for SharedVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> SharedVec<T> {
        let mut list = SharedVec::new();
        elements.into_iter().for_each(|element| list.push(element));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list_at_every_length_and_after_every_truncation() {
        let mut list = SharedVec::new();
        for i in 0..3_000_u32 {
            assert_eq!(list.len(), i as usize);
            list.push(i);
            assert_eq!(list.last(), Some(&i));
        }
        assert!(list.iter().copied().eq(0..3_000));
        assert!(list.iter().rev().copied().eq((0..3_000).rev()));
        for keep in [2_999, 2_048, 1_025, 1_024, 1_023, 65, 33, 32, 31, 1, 0] {
            let mut cut = list.clone();
            cut.truncate(keep);
            assert!(cut.iter().copied().eq(0..keep as u32), "truncated to {keep}");
            let rebuilt: SharedVec<u32> = (0..keep as u32).collect();
            assert_eq!(cut, rebuilt, "same elements, same tree");
            cut.push(7);
            assert_eq!((cut.len(), cut.last()), (keep + 1, Some(&7)));
        }
        assert_eq!(list.len(), 3_000, "truncating a clone leaves the original");
        assert_eq!(list.partition_point(|&i| i < 1_234), 1_234);
        assert_eq!(list.get(3_000), None);
    }

    #[test]
    fn a_clone_shares_all_but_the_end() {
        let mut list: SharedVec<u32> = (0..1_000).collect();
        let before = list.clone();
        list.push(1_000);
        assert_eq!(before.len(), 1_000);
        let (Node::Branch(old), Node::Branch(new)) = (&*before.root, &*list.root) else { panic!("a tree") };
        assert!(Rc::ptr_eq(&old[0], &new[0]));
    }
}
