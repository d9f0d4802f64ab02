//! Lists of arcs that grow and shrink, one for each participant, side by side in one piece of memory.
//!
//! Every list has room for a power of two; one that outgrows its room moves, and its old room is given
//! to the next list that needs one of that size.

/// One end of a pair in the list of a participant: where it leads, and what may change along it.
#[derive(Clone, Copy, Default)]
pub(super) struct Half {
    /// The participant at the other end.
    pub(super) head: u32,
    /// The pair's number, and below it [`Half::OUT`], [`Half::GO`] and [`Half::COME`].
    word: u32,
}

impl Half {
    /// The participant at hand is the debtor: value goes out of it along the arc.
    const OUT: u32 = 1;
    /// More value may go from here to the head.
    const GO: u32 = 2;
    /// More value may come from the head.
    const COME: u32 = 4;
    const BITS: u32 = 3;

    /// An end of `pair`, along which nothing may change yet.
    pub(super) fn new(head: u32, pair: u32, out: bool) -> Self {
        Self { head, word: (pair << Self::BITS) | u32::from(out) }
    }

    pub(super) fn pair(self) -> u32 {
        self.word >> Self::BITS
    }

    /// What one more unit from here to the head clears: 1 along the debt, else -1.
    pub(super) fn gain(self) -> i32 {
        if self.word & Self::OUT != 0 { 1 } else { -1 }
    }

    /// Whether value may still move: from here to the head, or back from there.
    pub(super) fn open<const BACK: bool>(self) -> bool {
        self.word & (if BACK { Self::COME } else { Self::GO }) != 0
    }

    pub(super) fn set_open(&mut self, go: bool, come: bool) {
        self.word &= !(Self::GO | Self::COME);
        self.word |= (u32::from(go) * Self::GO) | (u32::from(come) * Self::COME);
    }
}

/// Where a list is, and how long.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    first: u32,
    pub(super) len: u32,
}

impl Block {
    fn range(self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.len) as usize
    }

    /// The size of its room, as a power of two; none while it is empty.
    fn class(self) -> Option<usize> {
        (self.len > 0).then(|| self.len.next_power_of_two().trailing_zeros() as usize)
    }
}

/// All the lists.
#[derive(Clone, Default)]
pub(super) struct Lists {
    halves: Vec<Half>,
    /// For each power of two, where rooms of that size are free.
    spare: Vec<Vec<u32>>,
}

impl Lists {
    pub(super) fn of(&self, block: Block) -> &[Half] {
        &self.halves[block.range()]
    }

    pub(super) fn of_mut(&mut self, block: Block) -> &mut [Half] {
        &mut self.halves[block.range()]
    }

    /// How many ends there is room for, used or not.
    pub(super) fn room(&self) -> usize {
        self.halves.len()
    }

    /// Adds `half` at the end of the list.
    pub(super) fn push(&mut self, block: &mut Block, half: Half) {
        let longer = Block { len: block.len + 1, ..*block };
        self.fit(block, longer.class());
        block.len += 1;
        self.of_mut(*block)[block.len as usize - 1] = half;
    }

    /// Takes the end at `place` out; the last one takes its place, and is returned if there was another.
    pub(super) fn remove(&mut self, block: &mut Block, place: u32) -> Option<Half> {
        let list = self.of_mut(*block);
        let last = list[list.len() - 1];
        list[place as usize] = last;
        let shorter = Block { len: block.len - 1, ..*block };
        let moved = (place != shorter.len).then_some(last);
        // What is beyond the new length stays behind.
        let old = *block;
        *block = shorter;
        if shorter.class() != old.class() {
            self.resettle(block, old);
        }
        moved
    }

    /// Moves the list to a room of another size, if it needs one.
    fn fit(&mut self, block: &mut Block, class: Option<usize>) {
        if block.class() == class {
            return;
        }
        let Some(class) = class else { return };
        let first = self.find_room(class);
        let range = block.range();
        self.halves.copy_within(range, first as usize);
        self.give_back(*block);
        block.first = first;
    }

    /// Moves what is left of the list `old` to a smaller room.
    fn resettle(&mut self, block: &mut Block, old: Block) {
        if let Some(class) = block.class() {
            let first = self.find_room(class);
            self.halves.copy_within(block.range(), first as usize);
            block.first = first;
        }
        self.give_back(old);
    }

    fn give_back(&mut self, block: Block) {
        let Some(class) = block.class() else { return };
        if self.spare.len() <= class {
            self.spare.resize_with(class + 1, Vec::new);
        }
        self.spare[class].push(block.first);
    }

    fn find_room(&mut self, class: usize) -> u32 {
        if let Some(first) = self.spare.get_mut(class).and_then(Vec::pop) {
            return first;
        }
        let first = self.halves.len();
        self.halves.resize(first + (1 << class), Half::default());
        u32::try_from(first).expect("the lists are packed before they leave 32 bits")
    }

    /// Puts all lists side by side again, in the order given, without spare rooms.
    pub(super) fn pack<'a>(&mut self, blocks: impl Iterator<Item = &'a mut Block>) {
        let mut packed = Self::default();
        for block in blocks {
            let old = std::mem::take(block);
            if let Some(class) = old.class() {
                block.first = packed.find_room(class);
                block.len = old.len;
                packed.of_mut(*block).copy_from_slice(self.of(old));
            }
        }
        *self = packed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lists that grow and shrink in turn hold what plain vectors would.
    #[test]
    fn lists_hold_what_is_put_in_and_their_room_is_used_again() {
        let (mut lists, mut blocks) = (Lists::default(), [Block::default(); 3]);
        let mut plain: [Vec<u32>; 3] = Default::default();
        let mut number = 1_u32;
        for round in 0..2_000_u32 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (number >> 20) as usize % 3;
            let grows = (number >> 10) % 100 < if round % 400 < 200 { 70 } else { 30 };
            if grows {
                lists.push(&mut blocks[at], Half::new(round, round, true));
                plain[at].push(round);
            } else if !plain[at].is_empty() {
                let place = (number >> 5) as usize % plain[at].len();
                let moved = lists.remove(&mut blocks[at], u32::try_from(place).unwrap());
                plain[at].swap_remove(place);
                assert_eq!(moved.map(Half::pair), plain[at].get(place).copied());
            }
            if round % 500 == 499 {
                lists.pack(blocks.iter_mut());
            }
            for (block, plain) in blocks.iter().zip(&plain) {
                let held: Vec<_> = lists.of(*block).iter().map(|half| half.head).collect();
                assert_eq!(&held, plain, "round {round}");
            }
        }
        assert!(lists.room() < 4_000, "{}", lists.room());
    }

    #[test]
    fn an_end_keeps_its_pair_whatever_may_move() {
        let mut half = Half::new(7, (1 << 26) - 1, false);
        assert!(!half.open::<false>() && !half.open::<true>());
        half.set_open(true, false);
        assert!(half.open::<false>() && !half.open::<true>());
        half.set_open(false, true);
        assert!(!half.open::<false>() && half.open::<true>());
        assert_eq!((half.pair(), half.head, half.gain()), ((1 << 26) - 1, 7, -1));
        assert_eq!(Half::new(7, 1, true).gain(), 1);
    }
}
