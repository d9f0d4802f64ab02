//! Lifts that are decided here, in memory. What each question means is said in `crate::View`, what each change means
//! in `crate::Tx`.

use std::ops::Bound;

use protocol::{AgentId, LiftId, Timestamp};

use super::Hand;
use super::read::page;
use super::write::duplicate;
use crate::{Case, CaseCount, CaseCounts, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

#[expect(clippy::unnecessary_wraps, reason = "the databases can fail at each of these")]
impl Hand {
    pub(crate) fn case(&self, lift: &LiftId) -> Result<Option<Case>> {
        Ok(self.state.cases.get(lift).cloned())
    }

    /// Those that are open, by deadline, from one on.
    fn open_from(&self, from: Bound<&(Timestamp, String)>) -> impl Iterator<Item = &Case> {
        self.state.open_cases.up(from).filter_map(|(_, lift)| self.state.cases.get(lift))
    }

    pub(crate) fn open_cases(
        &self,
        deadline: Timestamp,
        after: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Case>> {
        let first = (deadline, String::new());
        let after = after.map(|(date, lift)| (date, lift.to_string()));
        let from = match &after {
            Some(after) if *after >= first => Bound::Excluded(after),
            _ => Bound::Included(&first),
        };
        Ok(page(self.open_from(from), limit))
    }

    pub(crate) fn count_cases(&self, which: &CaseCount) -> Result<CaseCounts> {
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let (first, asked) = ((which.deadline, String::new()), (which.asked, String::new()));
        let open = || self.open_from(Bound::Included(&first));
        let of_strangers = self.state.strangers_cases.up(Bound::Included(&asked)).count();
        Ok(CaseCounts {
            open: count(open().count()),
            open_of_one: count(open().filter(|case| case.asked_by == which.asked_by).count()),
            open_of_strangers: count(open().filter(|case| !case.known).count()),
            of_strangers: count(of_strangers),
        })
    }

    pub(crate) fn cases_of_one(&self, asked_by: AgentId, asked: Timestamp) -> Result<u64> {
        let is_its = |case: &Case| case.known && case.asked_by == asked_by && case.asked >= asked;
        let many = self.state.cases.iter().filter(|(_, case)| is_its(case)).count();
        Ok(u64::try_from(many).unwrap_or(u64::MAX))
    }

    pub(crate) fn add_case(&mut self, case: &Case) -> Result<()> {
        if !case.known {
            self.state.strangers_cases.insert((case.asked, case.lift.to_string()), ());
        }
        self.list_case(case);
        if self.state.cases.insert(case.lift, case.clone()) {
            return Ok(());
        }
        Err(duplicate(std::slice::from_ref(case)))
    }

    pub(crate) fn put_case(&mut self, case: &Case) -> Result<()> {
        let kept = self.state.cases.get(&case.lift).filter(|kept| kept.version == case.version);
        let Some(kept) = kept else { return Err(case.was_changed()) };
        let Case { text, status, changed, version, .. } = case.clone();
        let case = Case { text, status, changed, version: version + 1, ..kept.clone() };
        self.list_case(&case);
        self.state.cases.insert(case.lift, case);
        Ok(())
    }

    /// Lists it among those that are open, or takes it off the list.
    fn list_case(&mut self, case: &Case) {
        let key = (case.deadline, case.lift.to_string());
        if case.status == Case::OPEN {
            self.state.open_cases.insert(key, case.lift);
        } else {
            self.state.open_cases.remove(&key);
        }
    }
}
