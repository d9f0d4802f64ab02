//! `Map`: an ordered map whose copies share all that has not changed since.
//! A transaction works on a copy: to begin one costs nothing, to drop one undoes it.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

type Link<K, V> = Option<Arc<Node<K, V>>>;

/// A height-balanced (AVL) tree; a change copies the nodes on its path that others still see.
#[derive(Debug)]
pub(super) struct Map<K, V> {
    root: Link<K, V>,
    len: usize,
}

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: Arc<V>,
    height: u8,
    left: Link<K, V>,
    right: Link<K, V>,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { root: None, len: 0 }
    }
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), len: self.len }
    }
}

impl<K: Clone, V> Clone for Node<K, V> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            value: Arc::clone(&self.value),
            height: self.height,
            left: self.left.clone(),
            right: self.right.clone(),
        }
    }
}

impl<K: Ord + Clone, V> Map<K, V> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let mut at = self.root.as_deref();
        while let Some(node) = at {
            at = match key.cmp(&node.key) {
                Ordering::Less => node.left.as_deref(),
                Ordering::Equal => return Some(&node.value),
                Ordering::Greater => node.right.as_deref(),
            };
        }
        None
    }

    /// Puts a value; true where there was none before.
    pub(super) fn insert(&mut self, key: K, value: V) -> bool {
        let new = insert(&mut self.root, key, Arc::new(value));
        self.len += usize::from(new);
        new
    }

    /// Takes a value out; true where there was one.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        if self.get(key).is_none() {
            return false;
        }
        remove(&mut self.root, key);
        self.len -= 1;
        true
    }

    /// All from a key on, upward.
    pub(super) fn up(&self, from: Bound<&K>) -> Walk<'_, K, V, true> {
        Walk::new(self.root.as_deref(), from)
    }

    /// All from a key on, downward.
    pub(super) fn down(&self, from: Bound<&K>) -> Walk<'_, K, V, false> {
        Walk::new(self.root.as_deref(), from)
    }

    /// All, upward.
    pub(super) fn iter(&self) -> Walk<'_, K, V, true> {
        self.up(Bound::Unbounded)
    }
}

fn height<K, V>(link: &Link<K, V>) -> u8 {
    link.as_ref().map_or(0, |node| node.height)
}

fn insert<K: Ord + Clone, V>(link: &mut Link<K, V>, key: K, value: Arc<V>) -> bool {
    let Some(shared) = link else {
        *link = Some(Arc::new(Node { key, value, height: 1, left: None, right: None }));
        return true;
    };
    let node = Arc::make_mut(shared);
    let new = match key.cmp(&node.key) {
        Ordering::Less => insert(&mut node.left, key, value),
        Ordering::Greater => insert(&mut node.right, key, value),
        Ordering::Equal => {
            node.value = value;
            return false;
        }
    };
    balance(shared);
    new
}

fn remove<K: Ord + Clone, V>(link: &mut Link<K, V>, key: &K) {
    let Some(shared) = link else { return };
    let node = Arc::make_mut(shared);
    match key.cmp(&node.key) {
        Ordering::Less => remove(&mut node.left, key),
        Ordering::Greater => remove(&mut node.right, key),
        Ordering::Equal => match (node.left.take(), node.right.take()) {
            (None, other) | (other, None) => {
                *link = other;
                return;
            }
            (left, mut right) => {
                if let Some((key, value)) = take_first(&mut right) {
                    (node.key, node.value) = (key, value);
                }
                (node.left, node.right) = (left, right);
            }
        },
    }
    balance(shared);
}

fn take_first<K: Ord + Clone, V>(link: &mut Link<K, V>) -> Option<(K, Arc<V>)> {
    let shared = link.as_mut()?;
    let node = Arc::make_mut(shared);
    if let Some(first) = take_first(&mut node.left) {
        balance(shared);
        return Some(first);
    }
    let first = (node.key.clone(), Arc::clone(&node.value));
    *link = node.right.take();
    Some(first)
}

/// Sets the height right, and turns the node where its sides differ by two.
fn balance<K: Ord + Clone, V>(shared: &mut Arc<Node<K, V>>) {
    let node = Arc::make_mut(shared);
    let (left, right) = (height(&node.left), height(&node.right));
    if left > right + 1 {
        if let Some(child) = &mut node.left
            && height(&child.right) > height(&child.left)
        {
            turn_left(child);
        }
        turn_right(shared);
    } else if right > left + 1 {
        if let Some(child) = &mut node.right
            && height(&child.left) > height(&child.right)
        {
            turn_right(child);
        }
        turn_left(shared);
    } else {
        node.height = 1 + left.max(right);
    }
}

fn measure<K, V>(node: &mut Node<K, V>) {
    node.height = 1 + height(&node.left).max(height(&node.right));
}

/// The left child comes up in the node's place.
fn turn_right<K: Ord + Clone, V>(shared: &mut Arc<Node<K, V>>) {
    let node = Arc::make_mut(shared);
    let Some(mut child) = node.left.take() else { return };
    node.left = Arc::make_mut(&mut child).right.take();
    measure(node);
    std::mem::swap(shared, &mut child);
    let top = Arc::make_mut(shared);
    top.right = Some(child);
    measure(top);
}

/// The right child comes up in the node's place.
fn turn_left<K: Ord + Clone, V>(shared: &mut Arc<Node<K, V>>) {
    let node = Arc::make_mut(shared);
    let Some(mut child) = node.right.take() else { return };
    node.right = Arc::make_mut(&mut child).left.take();
    measure(node);
    std::mem::swap(shared, &mut child);
    let top = Arc::make_mut(shared);
    top.left = Some(child);
    measure(top);
}

/// A walk through the map, upward or downward.
pub(super) struct Walk<'a, K, V, const UP: bool> {
    stack: Vec<&'a Node<K, V>>,
}

impl<'a, K: Ord, V, const UP: bool> Walk<'a, K, V, UP> {
    fn new(root: Option<&'a Node<K, V>>, from: Bound<&K>) -> Self {
        let mut stack = Vec::new();
        let mut at = root;
        while let Some(node) = at {
            let inside = match from {
                Bound::Unbounded => true,
                Bound::Included(key) if UP => node.key >= *key,
                Bound::Included(key) => node.key <= *key,
                Bound::Excluded(key) if UP => node.key > *key,
                Bound::Excluded(key) => node.key < *key,
            };
            if inside {
                stack.push(node);
            }
            at = if inside == UP { node.left.as_deref() } else { node.right.as_deref() };
        }
        Self { stack }
    }
}

impl<'a, K, V, const UP: bool> Iterator for Walk<'a, K, V, UP> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.stack.pop()?;
        let mut at = if UP { node.right.as_deref() } else { node.left.as_deref() };
        while let Some(next) = at {
            self.stack.push(next);
            at = if UP { next.left.as_deref() } else { next.right.as_deref() };
        }
        Some((&node.key, &node.value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn deep(link: &Link<u8, u16>) -> u8 {
        let Some(node) = link else { return 0 };
        let (left, right) = (deep(&node.left), deep(&node.right));
        assert!(left.abs_diff(right) <= 1, "unbalanced at {}", node.key);
        assert_eq!(node.height, 1 + left.max(right));
        node.height
    }

    proptest! {
        #[test]
        fn does_what_the_standard_map_does(
            steps in prop::collection::vec((any::<bool>(), any::<u8>(), any::<u16>()), 0..200),
            from in any::<u8>(),
        ) {
            let mut ours = Map::default();
            let mut theirs = BTreeMap::new();
            for (put, key, value) in steps {
                if put {
                    prop_assert_eq!(ours.insert(key, value), theirs.insert(key, value).is_none());
                } else {
                    prop_assert_eq!(ours.remove(&key), theirs.remove(&key).is_some());
                }
                deep(&ours.root);
                prop_assert_eq!(ours.len(), theirs.len());
            }
            prop_assert!(ours.iter().eq(theirs.iter()));
            prop_assert!(ours.up(Bound::Included(&from)).eq(theirs.range(from..)));
            prop_assert!(ours.down(Bound::Excluded(&from)).eq(theirs.range(..from).rev()));
            prop_assert_eq!(ours.get(&from), theirs.get(&from));
        }

        #[test]
        fn a_copy_keeps_what_it_saw(
            before in prop::collection::btree_map(any::<u8>(), any::<u16>(), 0..100),
            after in prop::collection::vec((any::<bool>(), any::<u8>(), any::<u16>()), 0..100),
        ) {
            let mut map = Map::default();
            for (key, value) in &before {
                map.insert(*key, *value);
            }
            let copy = map.clone();
            for (put, key, value) in after {
                if put { map.insert(key, value); } else { map.remove(&key); }
            }
            prop_assert!(copy.iter().eq(before.iter()));
        }
    }
}
