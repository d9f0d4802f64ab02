//! What fails: sites that crash and find another disk, ways that are cut, clocks that are wrong, sites that are
//! slow; and the end of it all.

use super::broken::Sim;
use super::life::{Event, Net, Ways};
use super::place::Disk;

/// How often a site that starts has lost its agent's key, in hundreds.
const LOST_KEYS: u64 = 10;

/// How often a site's agent is lost at most: what the one before had witnessed still proves itself.
const MOST_AGENTS: usize = 4;

impl Net {
    /// Something fails, or is mended.
    pub(super) async fn fault(&mut self, event: Event) -> Sim<Vec<usize>> {
        match event {
            Event::Fails => {
                if self.wild {
                    self.after(5_000, 40_000, Event::Fails);
                    self.fails()?;
                }
                Ok(Vec::new())
            }
            Event::Frees(from, to) => {
                if self.cut.remove(&(from, to)) {
                    let way = format!("{}>{}", self.places[from].name, self.places[to].name);
                    self.say(&way, "is free again");
                }
                Ok(Vec::new())
            }
            Event::Storms(ways) => {
                if self.wild {
                    self.ways = ways;
                    self.say("-", "the calm is over");
                }
                Ok(Vec::new())
            }
            Event::Hurries(number) => {
                self.places[number].slow = 1;
                Ok(Vec::new())
            }
            Event::Starts(number, disk) => {
                self.starts(number, disk).await?;
                Ok(vec![number])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn fails(&mut self) -> Sim<()> {
        let Some(number) = self.dice.place(self.places.len()) else { return Ok(()) };
        match self.dice.below(100) {
            0..25 => self.crashes(number, Disk::Whole),
            25..38 => self.crashes(number, Disk::LostBuffers),
            38..55 => self.crashes(number, Disk::Backup),
            55..80 => {
                self.cuts(number);
                Ok(())
            }
            80..90 => {
                self.places[number].slow = self.dice.between(2, 60);
                self.counts.slow += 1;
                let (name, slow) = (self.places[number].name.clone(), self.places[number].slow);
                self.say(&name, &format!("is {slow} times slower"));
                self.after(10_000, 120_000, Event::Hurries(number));
                Ok(())
            }
            _ => {
                // Referees' clocks decide when a deadline has passed: mostly those are looked after.
                if self.referees.contains(&number) {
                    self.resets_clock(number);
                    return Ok(());
                }
                let skew = self.places[number].set_skew(&mut self.dice);
                self.counts.skews += 1;
                let name = self.places[number].name.clone();
                self.say(&name, &format!("has its clock wrong by {skew} ms"));
                Ok(())
            }
        }
    }

    fn crashes(&mut self, number: usize, disk: Disk) -> Sim<()> {
        if self.places[number].site.is_none() {
            return Ok(());
        }
        let disk = if self.is_well_kept(number) { Disk::Whole } else { disk };
        self.places[number].crash()?;
        self.payments_break_off(number);
        self.clearing_breaks_off(number);
        self.counts.crashes += 1;
        let name = self.places[number].name.clone();
        self.say(&name, "crashes");
        self.after(500, 60_000, Event::Starts(number, disk));
        Ok(())
    }

    /// Whether a site keeps its disk and its key: in most networks those who decide lifts do.
    fn is_well_kept(&self, number: usize) -> bool {
        self.well_kept && self.referees.contains(&number)
    }

    async fn starts(&mut self, number: usize, disk: Disk) -> Sim<()> {
        if self.places[number].site.is_some() {
            return Ok(());
        }
        let back = self.places[number].put_disk(disk, &mut self.dice)?;
        let name = self.places[number].name.clone();
        let few = self.places[number].former.len() < MOST_AGENTS;
        let few = few && !self.is_well_kept(number);
        let loses_key = self.wild && few && self.dice.percent(LOST_KEYS);
        if loses_key || self.places[number].is_of_another().await? {
            self.places[number].replace_agent(&mut self.dice).await?;
            self.counts.agents += 1;
            self.say(&name, "has another agent");
        }
        self.places[number].start().await?;
        let Some(backup_ms) = back else {
            self.say(&name, "starts again");
            return self.accept_anew(number).await;
        };
        let ago = self.now() - backup_ms;
        if disk == Disk::Backup {
            self.counts.restores += 1;
        } else {
            self.counts.lost_buffers += 1;
        }
        self.say(&name, &format!("starts again with its disk of {ago} ms ago, in a new epoch"));
        self.places[number].begin_epoch(backup_ms).await?;
        self.auditor.went_back(number);
        self.accept_anew(number).await
    }

    /// One way, or both, or all of a site.
    fn cuts(&mut self, number: usize) {
        let (one, alone) = (self.dice.percent(40), self.dice.percent(30));
        let least = self.dice.between(2_000, 60_000);
        for other in (0..self.places.len()).filter(|other| *other != number) {
            if !alone && self.dice.percent(50) {
                continue;
            }
            let both = [(number, other), (other, number)];
            for (from, to) in both.into_iter().take(if one { 1 } else { 2 }) {
                self.cut.insert((from, to));
                self.counts.cuts += 1;
                let way = format!("{}>{}", self.places[from].name, self.places[to].name);
                self.say(&way, "is cut");
                self.after(least, least + 30_000, Event::Frees(from, to));
            }
        }
    }

    /// Faults stop, and messages flow.
    pub(super) async fn heals(&mut self) -> Sim<()> {
        self.wild = false;
        self.ways = Ways::default();
        self.cut.clear();
        self.say("all", "faults stop here, and messages flow");
        for number in 0..self.places.len() {
            self.places[number].slow = 1;
            if self.lifts {
                let place = &self.places[number];
                if self.referees.contains(&number) {
                    place.sets_clock_of_referee_right(&mut self.dice);
                } else {
                    place.sets_clock_right(&mut self.dice);
                }
            }
            if self.places[number].site.is_none() {
                self.starts(number, Disk::Whole).await?;
            }
        }
        Ok(())
    }
}
