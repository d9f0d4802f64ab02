//! What a simulated network did, as people and scripts read it: the same bytes for the same seed.

use std::fmt;

use protocol::Hash;
use protocol::mail::Fate;
use site::Planted;

use super::Life;
use super::auditor::Ending;
use super::broken::{Broken, Invariant};

/// What happened how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) steps: u64,
    pub(super) done: u64,
    pub(super) refused: u64,
    pub(super) again: u64,
    pub(super) payments: u64,
    pub(super) paid_milli: i64,
    pub(super) sent: u64,
    pub(super) lost: u64,
    pub(super) twice: u64,
    pub(super) unanswered: u64,
    pub(super) taken: u64,
    pub(super) notes_refused: u64,
    pub(super) later: u64,
    pub(super) crashes: u64,
    pub(super) lost_buffers: u64,
    pub(super) restores: u64,
    pub(super) brought: u64,
    pub(super) cuts: u64,
    pub(super) slow: u64,
    pub(super) skews: u64,
    pub(super) wrong_clocks: u64,
    pub(super) agents: u64,
    pub(super) forged: u64,
    pub(super) back: u64,
    pub(super) errands: u64,
    pub(super) errands_lost: u64,
    pub(super) lifts_wanted: u64,
    pub(super) lifts_paid: u64,
    pub(super) liars: u64,
    pub(super) false_referees: u64,
    pub(super) lies: u64,
    pub(super) links: u64,
    pub(super) adverts: u64,
}

impl Counts {
    pub(super) const fn heard(&mut self, fate: &Fate) {
        match fate {
            Fate::Taken => self.taken += 1,
            Fate::Refused(_) => self.notes_refused += 1,
            Fate::Later(_) => self.later += 1,
        }
    }

    pub(super) const fn paid(&mut self, milli: i64) {
        self.payments += 1;
        self.paid_milli = self.paid_milli.saturating_add(milli);
    }
}

/// A network that went through all of it, and everything held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub(super) seed: u64,
    pub(super) sites: usize,
    pub(super) people: usize,
    pub(super) counts: Counts,
    pub(super) wild_ms: i64,
    pub(super) healing_ms: i64,
    pub(super) ending: Ending,
    pub(super) digest: Hash,
}

/// Something did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub(super) seed: u64,
    pub(super) life: Life,
    pub(super) planted: Option<Planted>,
    pub(super) step: u64,
    pub(super) broken: Broken,
    /// Lines of the trace.
    pub(super) shown: String,
}

impl Failure {
    /// What did not hold.
    #[must_use]
    pub const fn invariant(&self) -> Invariant {
        self.broken.invariant
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The step after which it was found.
    #[must_use]
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// What was found, in one line.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.broken.what
    }
}

impl Report {
    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// A hash over everything that happened, step by step.
    #[must_use]
    pub const fn digest(&self) -> Hash {
        self.digest
    }

    /// How many steps it took; the auditor looked after each.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.counts.steps
    }

    /// How many payments people were told are done.
    #[must_use]
    pub const fn payments(&self) -> u64 {
        self.counts.payments
    }

    /// How often a site went back to an older disk.
    #[must_use]
    pub const fn went_back(&self) -> u64 {
        self.counts.restores + self.counts.lost_buffers
    }

    /// How many tallies ended in this status.
    #[must_use]
    pub fn ended_as(&self, status: &str) -> u64 {
        self.ending.statuses.get(status).copied().unwrap_or(0)
    }

    /// How many lifts between sites became valid.
    #[must_use]
    pub const fn lifts_made(&self) -> u64 {
        self.ending.lifts.made
    }

    /// How many of them cleared debts; the others are payments.
    #[must_use]
    pub const fn lifts_cleared(&self) -> u64 {
        self.ending.lifts.cleared
    }

    /// How many lifts between sites were decided, be it as valid or as void.
    #[must_use]
    pub const fn lifts_decided(&self) -> u64 {
        self.ending.lifts.made + self.ending.lifts.void
    }

    /// How many payments were asked for by a link of their payee's.
    #[must_use]
    pub const fn links(&self) -> u64 {
        self.counts.links
    }

    /// How many adverts payees' sites made for them, and others handed on, reached a site.
    #[must_use]
    pub const fn adverts(&self) -> u64 {
        self.counts.adverts
    }

    /// How many clocks were wrong from the beginning, or a referee's and set wrong later: from seed 2,000 on. Those that sites
    /// set a little wrong, or for hours, in all networks are not among them.
    #[must_use]
    pub const fn clocks_wrong(&self) -> u64 {
        self.counts.wrong_clocks
    }

    /// How many times sites or referees lied about lifts.
    #[must_use]
    pub const fn lies(&self) -> u64 {
        self.counts.lies
    }

    /// How many proofs that a referee or a site lies honest sites have in the end.
    #[must_use]
    pub const fn proofs(&self) -> u64 {
        self.ending.proofs
    }

    /// How many referees honest ones heard say two contradictory things, each of which is named.
    #[must_use]
    pub const fn named(&self) -> u64 {
        self.ending.named
    }

    /// How many sites honest ones have a proof against, that they contradicted themselves about a lift.
    #[must_use]
    pub const fn sites_named(&self) -> u64 {
        self.ending.sites_named
    }

    /// How many of them were decided by more referees than one.
    #[must_use]
    pub const fn lifts_made_by_many(&self) -> u64 {
        self.ending.lifts.made_by_many
    }

    /// How many of them were decided by seven referees.
    #[must_use]
    pub const fn lifts_made_by_seven(&self) -> u64 {
        self.ending.lifts.made_by_seven
    }

    /// How many lifts between sites came to nothing.
    #[must_use]
    pub const fn lifts_void(&self) -> u64 {
        self.ending.lifts.void
    }

    /// How many of all lifts have a leg that its users freed without a decision.
    #[must_use]
    pub const fn lifts_freed(&self) -> u64 {
        self.ending.lifts.freed
    }

    /// How often something that names somebody or something was seen at a site, by why that site may know it.
    pub fn excused(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.ending.searched.excused()
    }

    /// How many chits there are in the end, each counted once.
    #[must_use]
    pub const fn chits(&self) -> u64 {
        self.ending.chits
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, sites, people, counts: c, ending, .. } = self;
        writeln!(f, "seed {seed}: everything held, in {} steps", c.steps)?;
        writeln!(
            f,
            "  {sites} sites, {people} people; {} s of faults, healed in {} s",
            self.wild_ms / 1_000,
            self.healing_ms / 1_000
        )?;
        writeln!(
            f,
            "  commands   {} done, {} refused, {} asked again",
            c.done, c.refused, c.again
        )?;
        writeln!(f, "  payments   {} of {} mCHIP", c.payments, c.paid_milli)?;
        writeln!(
            f,
            "  messages   {} sent, {} lost, {} doubled, {} unanswered",
            c.sent, c.lost, c.twice, c.unanswered
        )?;
        writeln!(
            f,
            "  notes      {} taken, {} refused, {} later, {} answered at once",
            c.taken, c.notes_refused, c.later, c.back
        )?;
        writeln!(
            f,
            "  sites      {} crashes, {} with lost buffers, {} restored; {} pieces brought back",
            c.crashes, c.lost_buffers, c.restores, c.brought
        )?;
        writeln!(
            f,
            "  and        {} ways cut, {} times slow, {} clocks wrong, {} agents replaced, {} forgeries",
            c.cuts,
            c.slow,
            c.skews + c.wrong_clocks,
            c.agents,
            c.forged
        )?;
        writeln!(f, "  errands    {} sent, {} lost", c.errands, c.errands_lost)?;
        writeln!(
            f,
            "  lifts      {} decided: {} valid, {} of them to clear, and {} void; {} undecided, {} freed; {} payments to strangers wanted, {} told as paid",
            self.lifts_decided(),
            ending.lifts.made,
            ending.lifts.cleared,
            ending.lifts.void,
            ending.lifts.undecided,
            ending.lifts.freed,
            c.lifts_wanted,
            c.lifts_paid
        )?;
        if c.links > 0 {
            let adverts = c.adverts;
            writeln!(f, "  links      {} asked for a payment, {adverts} adverts heard", c.links)?;
        }
        if ending.lifts.made_by_seven > 0 {
            writeln!(f, "  referees   {} lifts made by seven", ending.lifts.made_by_seven)?;
        }
        let s = &ending.searched;
        let seen: u64 = s.excused().map(|(_, seen)| seen).sum();
        writeln!(
            f,
            "  privacy    {} messages of {} bytes and {} stores searched; {} sightings, each with an excuse",
            s.heard, s.bytes, s.stores, seen
        )?;
        if c.liars > 0 {
            writeln!(
                f,
                "  liars      {} sites and {} referees, {} lies; {} proofs at honest sites, {} referees and {} sites named",
                c.liars, c.false_referees, c.lies, ending.proofs, ending.named, ending.sites_named
            )?;
        }
        write!(f, "  tallies   ")?;
        for (status, many) in &ending.statuses {
            write!(f, " {many} {status}")?;
        }
        writeln!(f, "; {} chits, {} mCHIP owed", ending.chits, ending.owed)?;
        write!(f, "  digest     {}", self.digest)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, step, broken, .. } = self;
        writeln!(f, "seed {seed}: {} does not hold, after step {step}", broken.invariant)?;
        writeln!(f, "  {}", broken.what)?;
        let plant = self.planted.map_or(String::new(), |p| format!(" --plant {}", p.word()));
        let lifts = match self.life {
            Life::Tallies => "",
            Life::Lifts => " --lifts",
            Life::Liars => " --liars",
        };
        writeln!(f, "  again: mychips sim net --seed {seed}{lifts}{plant}")?;
        write!(f, "{}", self.shown)
    }
}
