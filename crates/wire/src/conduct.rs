//! How agents behave: how much each has sent and was sent, what it did that no honest one does, and
//! whether it is cut off. Pure: time is an input, in milliseconds.

use std::collections::BTreeMap;

use protocol::AgentId;

use crate::bucket::{Bucket, Rate};
use crate::table::{Kind, STRANGERS, STRANGERS_DECISIONS, Who};

/// What an honest agent does seldom or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offence {
    /// More notes than the table allows.
    OverRate,
    /// A kind of message that only partners' agents may send.
    NotKnown,
    /// A kind of message that has no row.
    KindUnknown,
    /// A message that began and did not come.
    Stalled,
    /// A message or an answer that ended before its end.
    Short,
    /// An answer that is none.
    BadReply,
    /// A message larger than its kind may be.
    TooLarge,
    /// Bytes after the end of a message.
    Garbage,
}

/// How much may be forgiven: lines break, programs are old, so some things happen.
const PATIENCE: Rate = Rate { burst: 20, per_minute: 10 };

/// How often it is asked anew whether an agent that says something about decisions sits with this one.
const ASKS: Rate = Rate { burst: 1, per_minute: 6 };

/// As whose a message counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Standing {
    /// Of whoever else connects.
    Stranger,
    /// Of a referee whose words on decisions are waited for.
    Referee,
    /// Of a partner's agent.
    Partner,
}

impl Offence {
    /// How much of the patience it takes; what takes more than there ever is ends it at once.
    const fn weight(self) -> u32 {
        match self {
            Self::OverRate | Self::NotKnown | Self::KindUnknown => 1,
            Self::Stalled | Self::Short | Self::BadReply => 9,
            Self::TooLarge | Self::Garbage => PATIENCE.burst + 1,
        }
    }

    /// For logs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OverRate => "sends too often",
            Self::NotKnown => "sends what only partners' agents may",
            Self::KindUnknown => "sends kinds that are not known here",
            Self::Stalled => "begins messages and does not end them",
            Self::Short => "sends parts of messages",
            Self::BadReply => "answers what is no answer",
            Self::TooLarge => "sends what is too large",
            Self::Garbage => "sends what is no message",
        }
    }
}

/// What is remembered of all agents.
pub(crate) struct Conduct {
    agents: BTreeMap<AgentId, One>,
    strangers: Bucket,
    deciding: Bucket,
    most: usize,
    first_ms: u64,
    longest_ms: u64,
}

/// What is remembered of one.
struct One {
    takes: [Bucket; Kind::ALL.len()],
    sends: [Bucket; Kind::ALL.len()],
    backs: [Bucket; Kind::ALL.len()],
    patience: Bucket,
    asks: Bucket,
    partner: bool,
    sits: bool,
    /// Whether something about decisions was said to it.
    told: bool,
    cut: Option<Cut>,
    seen_ms: u64,
}

/// More came than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// In how many milliseconds it may come.
    pub(crate) after_ms: u64,
    /// Whether the agent itself sent too much; otherwise all strangers did, which none of them can know.
    pub(crate) is_own: bool,
}

#[derive(Clone, Copy)]
struct Cut {
    until_ms: u64,
    times: u32,
}

impl One {
    fn new(now_ms: u64) -> Self {
        Self {
            takes: Kind::ALL.map(|kind| Bucket::full(kind.row().rate, now_ms)),
            sends: Kind::ALL.map(|kind| Bucket::full(kind.row().rate.with_margin(), now_ms)),
            backs: Kind::ALL.map(|kind| Bucket::full(kind.row().rate, now_ms)),
            patience: Bucket::full(PATIENCE, now_ms),
            asks: Bucket::full(ASKS, now_ms),
            partner: false,
            sits: false,
            told: false,
            cut: None,
            seen_ms: now_ms,
        }
    }

    fn is_cut(&self, now_ms: u64) -> bool {
        self.cut.is_some_and(|cut| now_ms < cut.until_ms)
    }

    const fn standing(&self) -> Standing {
        match (self.partner, self.sits) {
            (true, _) => Standing::Partner,
            (false, true) => Standing::Referee,
            (false, false) => Standing::Stranger,
        }
    }
}

impl Conduct {
    /// Of nobody. `first_ms` is for how long the first cut lasts, `longest_ms` the longest.
    pub(crate) fn new(most: usize, first_ms: u64, longest_ms: u64, now_ms: u64) -> Self {
        let strangers = Bucket::full(STRANGERS, now_ms);
        let deciding = Bucket::full(STRANGERS_DECISIONS, now_ms);
        let (agents, most) = (BTreeMap::new(), most.max(1));
        Self { agents, strangers, deciding, most, first_ms, longest_ms }
    }

    /// So many notes of this kind came; otherwise why they may not now, and in how many milliseconds they may.
    pub(crate) fn take(
        &mut self,
        agent: AgentId,
        kind: Kind,
        notes: u32,
        now_ms: u64,
    ) -> Result<(), Over> {
        let one = self.one(agent, now_ms);
        let kind = kind.counts_as(one.partner);
        let own = one.takes[kind as usize].take(kind.row().rate, notes, now_ms);
        own.map_err(|after_ms| Over { after_ms, is_own: true })?;
        if self.counts_as(agent, kind) > Standing::Stranger {
            return Ok(());
        }
        // Of what strangers may not say one is as bad as many, and is found out for itself.
        let counts = if kind.row().from == Who::Anyone { notes } else { 1 };
        let all = match kind {
            Kind::Decision => self.deciding.take(STRANGERS_DECISIONS, counts, now_ms),
            _ => self.strangers.take(STRANGERS, counts, now_ms),
        };
        all.map_err(|after_ms| Over { after_ms, is_own: false })
    }

    /// So many notes of this kind are sent; otherwise in how many milliseconds they may be: nothing is said
    /// either while more came back for what was said than may come.
    pub(crate) fn send(
        &mut self,
        agent: AgentId,
        kind: Kind,
        notes: u32,
        now_ms: u64,
    ) -> Result<(), u64> {
        let one = self.one(agent, now_ms);
        let kind = kind.counts_as(one.partner);
        let rate = kind.row().rate;
        match one.backs[kind as usize].owes_for(rate, now_ms) {
            0 => one.sends[kind as usize].take(rate.with_margin(), notes, now_ms),
            owed_ms => Err(owed_ms),
        }
    }

    /// So many notes came back with the receipt for a message of this kind. They are not what the agent sends of
    /// its own accord, so they have a count of their own, at the same rate. All are heard, since they are said
    /// once: beyond the rate, the agent is asked less often ([`Conduct::send`]).
    pub(crate) fn back(&mut self, agent: AgentId, kind: Kind, notes: u32, now_ms: u64) {
        let one = self.one(agent, now_ms);
        let kind = kind.counts_as(one.partner);
        one.backs[kind as usize].charge(kind.row().rate, notes, now_ms);
    }

    /// The agent is a partner's.
    pub(crate) fn recognise(&mut self, agent: AgentId, now_ms: u64) {
        self.one(agent, now_ms).partner = true;
    }

    /// The agent is no partner's, or no longer.
    pub(crate) fn estrange(&mut self, agent: AgentId, now_ms: u64) {
        self.one(agent, now_ms).partner = false;
    }

    /// Whether the agent is a referee whose words are waited for.
    pub(crate) fn seat(&mut self, agent: AgentId, sits: bool, now_ms: u64) {
        self.one(agent, now_ms).sits = sits;
    }

    /// Something about decisions is said to it: that makes it nobody's partner, as whoever asks names its referees.
    pub(crate) fn tell(&mut self, agent: AgentId, now_ms: u64) {
        self.one(agent, now_ms).told = true;
    }

    /// Whether it is to be asked now whether the agent sits with this one. Remembers that it was.
    pub(crate) fn may_ask(&mut self, agent: AgentId, now_ms: u64) -> bool {
        let one = self.one(agent, now_ms);
        !one.partner && one.asks.take(ASKS, 1, now_ms).is_ok()
    }

    pub(crate) fn is_partner(&self, agent: AgentId) -> bool {
        self.standing(agent) == Standing::Partner
    }

    /// Who an agent is, as far as is known.
    pub(crate) fn standing(&self, agent: AgentId) -> Standing {
        self.agents.get(&agent).map_or(Standing::Stranger, One::standing)
    }

    /// As whose a message of this kind counts: a referee has its own room for decisions only.
    pub(crate) fn counts_as(&self, agent: AgentId, kind: Kind) -> Standing {
        match self.standing(agent) {
            Standing::Referee if kind != Kind::Decision => Standing::Stranger,
            standing => standing,
        }
    }

    /// Whether it matters where the agent answers: something is said to it, or may be.
    pub(crate) fn is_of_use(&self, agent: AgentId) -> bool {
        let one = self.agents.get(&agent);
        one.is_some_and(|one| one.standing() > Standing::Stranger || one.told)
    }

    /// For how many milliseconds the agent is cut off now, where patience with it has ended.
    pub(crate) fn offend(&mut self, agent: AgentId, offence: Offence, now_ms: u64) -> Option<u64> {
        let (first, longest) = (self.first_ms, self.longest_ms);
        let one = self.one(agent, now_ms);
        if one.is_cut(now_ms) || one.patience.take(PATIENCE, offence.weight(), now_ms).is_ok() {
            return None;
        }
        // Whoever behaved for as long as the longest cut begins anew.
        let before = one.cut.filter(|cut| now_ms < cut.until_ms.saturating_add(longest));
        let times = before.map_or(0, |cut| cut.times.saturating_add(1));
        let for_ms = first.saturating_mul(1_u64.checked_shl(times).unwrap_or(u64::MAX));
        let for_ms = for_ms.min(longest).max(1);
        one.cut = Some(Cut { until_ms: now_ms.saturating_add(for_ms), times });
        one.patience = Bucket::full(PATIENCE, now_ms);
        Some(for_ms)
    }

    /// For how many milliseconds more the agent is cut off.
    pub(crate) fn cut_for(&self, agent: AgentId, now_ms: u64) -> Option<u64> {
        let cut = self.agents.get(&agent)?.cut?;
        (now_ms < cut.until_ms).then(|| cut.until_ms - now_ms)
    }

    fn one(&mut self, agent: AgentId, now_ms: u64) -> &mut One {
        if !self.agents.contains_key(&agent) && self.agents.len() >= self.most {
            self.forget_one(now_ms);
        }
        let one = self.agents.entry(agent).or_insert_with(|| One::new(now_ms));
        one.seen_ms = one.seen_ms.max(now_ms);
        one
    }

    /// Strangers first, then referees, whoever is cut off last; of these the one not seen for longest.
    fn forget_one(&mut self, now_ms: u64) {
        let worth = |one: &One| (one.is_cut(now_ms), one.standing(), one.told, one.seen_ms);
        let least = self.agents.iter().min_by_key(|(_, one)| worth(one));
        if let Some(agent) = least.map(|(agent, _)| *agent) {
            self.agents.remove(&agent);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::{SecretKey, Signer as _};

    use super::*;

    fn agent(n: u8) -> AgentId {
        AgentId::of(&SecretKey::ed25519(&[n; 32]).public_key()).unwrap()
    }

    fn conduct(most: usize) -> Conduct {
        Conduct::new(most, 1_000, 10_000, 0)
    }

    #[test]
    fn one_large_message_cuts_off_and_twice_as_long_the_next_time() {
        let mut conduct = conduct(8);
        assert_eq!(conduct.offend(agent(1), Offence::TooLarge, 5), Some(1_000));
        assert_eq!(conduct.cut_for(agent(1), 1_004), Some(1));
        assert_eq!(conduct.cut_for(agent(1), 1_005), None);
        assert_eq!(conduct.cut_for(agent(2), 5), None);
        assert_eq!(conduct.offend(agent(1), Offence::Garbage, 1_005), Some(2_000));
        assert_eq!(conduct.offend(agent(1), Offence::Garbage, 1_006), None, "is cut off");
        assert_eq!(conduct.offend(agent(1), Offence::Garbage, 3_005), Some(4_000));
        assert_eq!(conduct.offend(agent(1), Offence::Garbage, 7_005), Some(8_000));
        assert_eq!(conduct.offend(agent(1), Offence::Garbage, 15_005), Some(10_000));
        // After a time without offence it is as at first.
        assert_eq!(conduct.offend(agent(1), Offence::Garbage, 35_005), Some(1_000));
    }

    #[test]
    fn broken_lines_are_forgiven_but_not_three_at_once() {
        let mut conduct = conduct(8);
        assert_eq!(conduct.offend(agent(1), Offence::Stalled, 0), None);
        assert_eq!(conduct.offend(agent(1), Offence::Short, 0), None);
        assert_eq!(conduct.offend(agent(1), Offence::Stalled, 0), Some(1_000));
        for minute in 1..9 {
            assert_eq!(conduct.offend(agent(2), Offence::Stalled, minute * 60_000), None);
        }
    }

    #[test]
    fn strangers_share_and_partners_do_not() {
        let mut conduct = conduct(200);
        let mut taken = 0;
        for n in 0..100 {
            while conduct.take(agent(n), Kind::Answer, 1, 0).is_ok() {
                taken += 1;
            }
        }
        assert_eq!(taken, STRANGERS.burst);
        conduct.recognise(agent(200), 0);
        let mut from_partner = 0;
        while conduct.take(agent(200), Kind::Answer, 1, 0).is_ok() {
            from_partner += 1;
        }
        assert_eq!(from_partner, Kind::Tally.row().rate.burst, "as an agreement does");
        conduct.estrange(agent(200), 60_000);
        assert!(!conduct.is_partner(agent(200)));
    }

    #[test]
    fn payments_of_strangers_take_nothing_from_invitations_and_nobody_is_to_blame_for_others() {
        let mut conduct = conduct(200);
        let (mut taken, mut over) = (0, Vec::new());
        for n in 0..100 {
            // As many as an honest sender allows itself.
            for _ in 0..100 {
                match conduct.take(agent(n), Kind::Decision, 1, 0) {
                    Ok(()) => taken += 1,
                    Err(refused) => over.push(refused),
                }
            }
        }
        assert_eq!(taken, STRANGERS_DECISIONS.burst);
        assert!(over.iter().all(|refused| !refused.is_own && refused.after_ms > 0));
        assert!(conduct.take(agent(150), Kind::Answer, 1, 0).is_ok());
        // Who sends more than one may is.
        while conduct.take(agent(1), Kind::Answer, 1, 0).is_ok() {}
        assert!(conduct.take(agent(1), Kind::Answer, 1, 0).unwrap_err().is_own);
    }

    /// Whoever judges lifts under others hears what they say, whatever strangers do.
    #[test]
    fn referees_have_a_rate_of_their_own_for_decisions_and_for_nothing_else() {
        let mut conduct = conduct(200);
        conduct.seat(agent(150), true, 0);
        for n in 0..100 {
            while conduct.take(agent(n), Kind::Decision, 1, 0).is_ok() {}
        }
        assert!(conduct.take(agent(151), Kind::Decision, 1, 0).is_err(), "a stranger has to wait");
        let mut taken = 0;
        let over = loop {
            match conduct.take(agent(150), Kind::Decision, 1, 0) {
                Ok(()) => taken += 1,
                Err(over) => break over,
            }
        };
        assert_eq!(taken, Kind::Decision.row().rate.burst, "no more than one agent may");
        assert!(over.is_own);
        // One of them takes nothing from another.
        conduct.seat(agent(152), true, 0);
        assert!(conduct.take(agent(152), Kind::Decision, 1, 0).is_ok());
        // Otherwise it is a stranger.
        for n in 0..100 {
            while conduct.take(agent(n), Kind::Answer, 1, 0).is_ok() {}
        }
        assert!(conduct.take(agent(150), Kind::Answer, 1, 0).is_err());
        // Of whom that is no longer said, it is no longer so.
        conduct.seat(agent(152), false, 0);
        assert!(conduct.take(agent(152), Kind::Decision, 1, 0).is_err());
    }

    /// Two a payment from the payer's site to the payee's, and as many more where it is said once more.
    #[test]
    fn a_site_may_pay_another_tens_of_times_a_second() {
        let mut conduct = conduct(8);
        for second in 0..120 {
            for _ in 0..4 * 40 {
                assert!(conduct.send(agent(1), Kind::Decision, 1, second * 1_000).is_ok());
            }
        }
    }

    #[test]
    fn kinds_do_not_take_from_each_other() {
        let mut conduct = conduct(8);
        conduct.recognise(agent(1), 0);
        while conduct.take(agent(1), Kind::Invoice, 1, 0).is_ok() {}
        assert!(conduct.take(agent(1), Kind::Chain, 1, 0).is_ok());
        assert!(conduct.send(agent(1), Kind::Invoice, 1, 0).is_ok());
    }

    #[test]
    fn what_comes_back_has_a_rate_too_and_takes_nothing_from_what_is_sent() {
        let mut conduct = conduct(8);
        conduct.recognise(agent(1), 0);
        let rate = Kind::Invoice.row().rate;
        let often = rate.burst / 64 + 1;
        for _ in 0..often {
            assert!(conduct.send(agent(1), Kind::Invoice, 1, 0).is_ok());
            conduct.back(agent(1), Kind::Invoice, 64, 0);
        }
        let wait_ms = conduct.send(agent(1), Kind::Invoice, 1, 0).unwrap_err();
        assert_eq!(
            wait_ms,
            u64::from(often * 64 - rate.burst) * 60_000 / u64::from(rate.per_minute)
        );
        assert!(conduct.send(agent(1), Kind::Chain, 1, 0).is_ok(), "another kind");
        assert!(conduct.take(agent(1), Kind::Invoice, rate.burst, 0).is_ok(), "what it sends");
        assert!(conduct.send(agent(1), Kind::Invoice, 1, wait_ms).is_ok());
    }

    #[test]
    fn strangers_are_forgotten_before_partners_and_before_those_cut_off() {
        let mut conduct = conduct(3);
        conduct.recognise(agent(1), 0);
        assert!(conduct.offend(agent(2), Offence::Garbage, 1).is_some());
        for n in 3..100 {
            let _ = conduct.take(agent(n), Kind::Answer, 1, u64::from(n));
        }
        assert!(conduct.is_partner(agent(1)));
        assert!(conduct.cut_for(agent(2), 100).is_some());
        assert_eq!(conduct.agents.len(), 3);
    }

    proptest! {
        /// Whatever is done, when and by whom: no more agents are remembered than the limit, nobody is
        /// cut off for longer than the longest, and whoever is told so is cut off.
        #[test]
        fn any_conduct(steps in prop::collection::vec((0..6_u8, 0..5_usize, 0..4_000_u64), 1..80)) {
            let offences =
                [Offence::OverRate, Offence::Stalled, Offence::TooLarge, Offence::NotKnown];
            let mut conduct = conduct(4);
            let mut now = 0;
            for (who, what, wait) in steps {
                now += wait;
                match offences.get(what) {
                    Some(offence) => {
                        let told = conduct.offend(agent(who), *offence, now);
                        prop_assert!(told.is_none_or(|ms| (1..=10_000).contains(&ms)));
                        if told.is_some() {
                            prop_assert_eq!(conduct.cut_for(agent(who), now), told);
                        }
                    }
                    None => conduct.recognise(agent(who), now),
                }
                prop_assert!(conduct.agents.len() <= 4);
            }
        }
    }
}
