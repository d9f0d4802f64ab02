//! How many ways are laid out only to see what they carry together: partners' sites remember each for a while, and so many of
//! one site's asking, which payments need as well.

use std::sync::Mutex;

use protocol::{Cuid, Timestamp};

use super::drafts::{KEEP_MS, MAX_DRAFTS_OF_ONE};
use super::lock;

/// How many ways may be laid out for quotes of users here in half a minute: half of what a partner's site remembers.
pub const MAX_TRIED: usize = MAX_DRAFTS_OF_ONE / 2;

/// How many of them for one user: some questions, of up to four ways each.
pub const MAX_TRIED_OF_ONE: usize = MAX_TRIED / 2;

/// What was laid out lately: when, for whom, and how many ways.
#[derive(Default)]
pub(super) struct Trials(Mutex<Vec<(Timestamp, Cuid, usize)>>);

impl Trials {
    /// Whether so many more may be laid out for a user now; then they count.
    pub(super) fn may_try(&self, user: &Cuid, ways: usize, now: Timestamp) -> bool {
        let mut all = lock(&self.0);
        all.retain(|(at, ..)| (0..KEEP_MS).contains(&now.ms().saturating_sub(at.ms())));
        let of = |whose: Option<&Cuid>| {
            let counts = all.iter().filter(|(_, user, _)| whose.is_none_or(|whose| whose == user));
            counts.map(|(.., ways)| ways).sum::<usize>()
        };
        let may = of(None) + ways <= MAX_TRIED && of(Some(user)) + ways <= MAX_TRIED_OF_ONE;
        if may {
            all.push((now, user.clone(), ways));
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_each_and_of_all_are_tried_in_half_a_minute() {
        let (trials, now) = (Trials::default(), Timestamp::from_ms(1_000_000).unwrap());
        let later = now.plus_ms(KEEP_MS).unwrap();
        let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| name.parse().unwrap());
        let tries = |user, now| (0..).take_while(|_| trials.may_try(user, 4, now)).count() * 4;
        assert_eq!(tries(&ann, now), MAX_TRIED_OF_ONE);
        assert_eq!(tries(&bob, now), MAX_TRIED - MAX_TRIED_OF_ONE, "others do not notice");
        assert_eq!(tries(&cat, now), 0, "and all together no more");
        assert_eq!(tries(&cat, later), MAX_TRIED_OF_ONE, "what is over does not count");
    }
}
