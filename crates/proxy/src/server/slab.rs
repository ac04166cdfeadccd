//! Values with stable keys, for what a thread looks through on every sweep.

/// Values with stable keys; a key is used again after its value was removed.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            values: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(crate) fn insert(&mut self, value: T) -> usize {
        match self.free.pop() {
            Some(key) => {
                self.values[key] = Some(value);
                key
            }
            None => {
                self.values.push(Some(value));
                self.values.len() - 1
            }
        }
    }

    pub(crate) fn remove(&mut self, key: usize) {
        if self.values[key].take().is_some() {
            self.free.push(key);
        }
        if self.free.len() == self.values.len() {
            // A burst of connections must not leave its memory behind.
            *self = Self::new();
        }
    }

    pub(crate) fn get_mut(&mut self, key: usize) -> Option<&mut T> {
        self.values.get_mut(key).and_then(Option::as_mut)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter().flatten()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.len() == self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_valid_and_are_used_again() {
        let mut slab = Slab::new();
        let (one, two) = (slab.insert("a"), slab.insert("b"));
        slab.remove(one);
        assert_eq!(slab.get_mut(two), Some(&mut "b"));
        assert_eq!(slab.insert("c"), one);
        assert_eq!(slab.iter().count(), 2);
        slab.remove(one);
        slab.remove(two);
        assert!(slab.is_empty());
    }
}
