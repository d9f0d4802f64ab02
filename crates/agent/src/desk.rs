//! The desk: messages that come are read as notes, heard by the site, and answered with a receipt.

use protocol::AgentId;
use protocol::errand::Errand;
use protocol::mail::Fate;
use site::{Site, Unsent};
use wire::{Inbox, Kind, Refused, read_notes};

/// Takes what comes.
pub struct Desk<W> {
    site: Site,
    wake: W,
}

impl<W: Fn() + Send + Sync + 'static> Desk<W> {
    /// Gives notes to this site, and calls `wake` when one was taken: letters may have to be sent.
    pub const fn new(site: Site, wake: W) -> Self {
        Self { site, wake }
    }
}

impl<W: Fn() + Send + Sync + 'static> Inbox for Desk<W> {
    async fn knows(&self, agent: AgentId) -> Result<bool, Refused> {
        self.site.knows(agent).await.map_err(|error| Refused::Later(error.to_string()))
    }

    async fn receive(&self, from: AgentId, kind: Kind, bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        if kind == Kind::Invitation {
            return self.site.show_invitation(&bytes).await.map_err(|unsent| match unsent {
                Unsent::Refused(reason) => Refused::No(reason),
                Unsent::Later(reason) => Refused::Later(reason),
            });
        }
        let no = |fault: &dyn std::fmt::Display| Refused::No(fault.to_string());
        if matches!(kind, Kind::Ways | Kind::Decision) {
            let errand = Errand::read(&bytes).map_err(|fault| no(&fault))?;
            if Kind::of_errand(errand.about()) != kind {
                return Err(Refused::No(format!(
                    "a record of kind {} is not about that",
                    errand.word()
                )));
            }
            // No letter follows from it but by what is due about a lift, and whoever looks after lifts wakes then.
            let answer = self.site.hear_errand(from, errand).await;
            let text =
                answer.map(|answer| answer.to_text()).transpose().map_err(|fault| no(&fault))?;
            return Ok(text.map_or_else(Vec::new, |text| text.as_bytes().to_vec()));
        }
        let mail = read_notes(from, kind, &bytes).map_err(|fault| no(&fault))?;
        let receipt = self.site.hear_from(from, mail).await;
        if receipt.fates.contains(&Fate::Taken) {
            (self.wake)();
        }
        let text = receipt.write().map_err(|fault| no(&fault))?;
        Ok(text.into_bytes())
    }
}
