//! Sites that look for ways round by which debts clear across sites, every so often, as a program that serves one does.

use protocol::LiftId;
use site::SiteError;
use tokio::task::JoinHandle;

use super::broken::{Broken, Invariant, Sim};
use super::life::{Event, Net};

/// How long after one look for ways round a site begins the next, in milliseconds.
const AGAIN_MS: (i64, i64) = (8_000, 30_000);

/// A site that looks for ways round: what it finds it lifts, and says which lifts were made.
pub(super) struct Clearing {
    place: usize,
    looking: JoinHandle<Result<Vec<LiftId>, SiteError>>,
}

impl Net {
    /// A site looks for ways round, unless it does already; only as long as anything may fail.
    pub(super) fn clears(&mut self, number: usize) {
        if !self.wild {
            return;
        }
        self.after(AGAIN_MS.0, AGAIN_MS.1, Event::Clears(number));
        let looks = self.clearings.iter().any(|clearing| clearing.place == number);
        let Some(site) = self.places[number].site.clone().filter(|_| !looks) else { return };
        let looking = tokio::spawn(async move { site.clear_around().await });
        self.clearings.push(Clearing { place: number, looking });
        self.is_busy(number);
    }

    /// Whether an honest site still looks for ways round, or waits for a lift that could be decided soon.
    pub(super) fn is_clearing(&self) -> bool {
        self.waits_for_lifts()
            && self.clearings.iter().any(|clearing| !self.liars.places.contains(&clearing.place))
    }

    /// A site has crashed.
    pub(super) fn clearing_breaks_off(&mut self, place: usize) {
        for gone in self.clearings.extract_if(.., |clearing| clearing.place == place) {
            gone.looking.abort();
        }
    }

    /// What sites have cleared around others; says which sites look, or did.
    pub(super) async fn hears_of_clearings(&mut self) -> Sim<Vec<usize>> {
        let places = self.clearings.iter().map(|clearing| clearing.place).collect();
        let done: Vec<Clearing> =
            self.clearings.extract_if(.., |clearing| clearing.looking.is_finished()).collect();
        for Clearing { place, looking } in done {
            let name = self.places[place].name.clone();
            match looking.await {
                Ok(Ok(made)) => {
                    for lift in made {
                        let short = self.trace.lift_named(&lift);
                        self.say(&name, &format!("has cleared around other sites by {short}"));
                    }
                }
                Ok(Err(_)) if self.liars.places.contains(&place) => {}
                Ok(Err(error)) => {
                    return Err(self.places[place].cannot("clear around other sites", &error));
                }
                Err(error) if error.is_panic() => {
                    let what = format!("site {name}: clearing around other sites panicked");
                    return Err(Broken::new(Invariant::Works, what));
                }
                Err(_) => {}
            }
        }
        Ok(places)
    }
}
