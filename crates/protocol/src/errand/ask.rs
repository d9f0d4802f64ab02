//! The question to a referee: what became of a lift, or becomes of it by what is brought with it.

use serde::{Deserialize, Serialize};

use crate::bounded::List;
use crate::lift::{Evidence, Lift, MAX_PARTICIPANTS, Promise, Refused};
use crate::record::record;

/// Asks a referee of a lift what was decided. Nobody registers a lift: the question brings the record, and what makes a
/// decision possible where whoever asks knows it. The answer is the certificate, once there is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Ask {
    /// The lift.
    pub lift: Lift,
    /// The promise of each participant, in the order of their keys; …
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub promises: List<Promise, MAX_PARTICIPANTS>,
    /// … or a participant's refusal; or neither.
    pub refused: Option<Refused>,
}
record!(Ask, "ask", 1, outside: []);

impl Ask {
    /// The question about a lift, with what is known. That referees said that it is too late they know themselves.
    #[must_use]
    pub fn new(lift: Lift, evidence: Option<Evidence>) -> Self {
        let (promises, refused) = match evidence {
            Some(Evidence::Promises(promises)) => (promises, None),
            Some(Evidence::Refused(refused)) => (List::default(), Some(refused)),
            Some(Evidence::Late(_)) | None => (List::default(), None),
        };
        Self { lift, promises, refused }
    }

    /// What it brings. A refusal is enough, whatever else is there.
    #[must_use]
    pub fn evidence(&self) -> Option<Evidence> {
        if let Some(refused) = self.refused {
            return Some(Evidence::Refused(refused));
        }
        let promises = (!self.promises.is_empty()).then(|| self.promises.clone());
        promises.map(Evidence::Promises)
    }
}
