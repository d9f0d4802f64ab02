//! A part in a lift as a site keeps it, as far as the auditor reads it: records only, and no rule of the sites'.

use protocol::lift::{Certificate, Judged, Leg, Promise};
use protocol::{Hash, Lift, LiftId, PublicKey};
use serde::Deserialize;
use store::LiftPart;

use crate::net::broken::{Broken, Sim};

/// A part.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: LiftId,
    /// The name of the key that it takes part with.
    pub(super) name: Hash,
    pub(super) lift: Lift,
    key: PublicKey,
    promises: Vec<Promise>,
    pub(super) certificate: Option<Certificate>,
    /// A second certificate, with the opposite outcome.
    pub(super) opposite: Option<Certificate>,
    /// All legs at its site in order.
    pub(super) path: Vec<Leg>,
    pub(super) judged: Option<Judged>,
    /// Whether its site says that all is done which follows from the decision.
    pub(super) settled: bool,
}

#[derive(Deserialize)]
struct Kept {
    participant: Participant,
    more: More,
}

#[derive(Deserialize)]
struct Participant {
    lift: Lift,
    key: PublicKey,
    #[serde(default)]
    promises: Vec<Promise>,
    #[serde(default)]
    certificate: Option<Certificate>,
    #[serde(default)]
    opposite: Option<Certificate>,
}

#[derive(Deserialize)]
struct More {
    path: Vec<Leg>,
    #[serde(default)]
    settled: bool,
    #[serde(default)]
    judged: Option<Judged>,
}

impl Part {
    pub(super) fn read(row: &LiftPart) -> Sim<Self> {
        let kept: Kept = serde_json::from_str(&row.state)
            .map_err(|error| Broken::harness(&error.to_string()))?;
        let Kept { participant, more } = kept;
        let Participant { lift, key, promises, certificate, opposite, .. } = participant;
        let More { path, settled, judged, .. } = more;
        Ok(Self {
            id: row.lift,
            name: row.key,
            lift,
            key,
            promises,
            certificate,
            opposite,
            path,
            judged,
            settled,
        })
    }

    /// Whether its site has judged it and promised, so that it must wait for the decision. A promise under its key that
    /// somebody told it is none: what is known of a lift that was lost is kept under any participant's key.
    pub(super) fn has_promised(&self) -> bool {
        self.judged.is_some() && self.promises.iter().any(|promise| promise.by == self.key)
    }
}
