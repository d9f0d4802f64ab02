//! Invoices: asked, amended, taken back, refused, paid.

use protocol::chit::Positive;
use protocol::invoice::Invoice;
use protocol::{ChitId, Units};
use site::{InvoiceView, Standing, Summary, Wish};

use super::broken::{Broken, Sim};
use super::life::Net;
use super::world::moment;

impl Net {
    /// Somebody does something about an invoice of a tally, or writes one.
    pub(super) async fn invoices(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let Some(site) = self.site_of(who) else { return Ok(()) };
        let seen = site.invoices(&self.people[who].name, shown.tally).await;
        let place = &self.places[self.people[who].home];
        let seen = seen.map_err(|error| place.cannot("list invoices", &error))?;
        let open = |view: &InvoiceView| view.standing == Standing::Open;
        let open: Vec<InvoiceView> = seen.into_iter().filter(open).collect();
        match self.dice.pick(&open).cloned() {
            Some(view) if self.dice.percent(70) => self.about(who, shown, view).await,
            _ => self.asks_for(who, shown).await,
        }
    }

    async fn asks_for(&mut self, who: usize, shown: &Summary) -> Sim<()> {
        let Some(units) = self.any_units() else { return Ok(()) };
        let now = self.now();
        let invoice = Invoice {
            uuid: ChitId::random(self.dice.sixteen()),
            tally: shown.tally,
            by: shown.side.other(),
            revision: std::num::NonZeroU32::MIN,
            date: moment(now),
            expires: moment(now + self.dice.between(60_000, 86_400_000)),
            units,
            reference: None,
            memo: None,
            withdrawn: false,
            sign: None,
        };
        self.proposes(who, invoice, "asks for").await
    }

    async fn about(&mut self, who: usize, shown: &Summary, view: InvoiceView) -> Sim<()> {
        let mut invoice = view.invoice;
        if invoice.by == shown.side {
            if self.dice.percent(70) {
                let chit = invoice.chit(moment(self.now()));
                return self.writes(who, chit, false, "pays an invoice").await;
            }
            let (chit, revision) = (invoice.uuid, invoice.revision);
            let words = format!("refuses invoice {}", self.trace.chit(chit));
            let wish = Wish::RefuseInvoice { invoice: chit, revision, reason: None };
            return self.wish(who, shown.tally, wish, &words).await;
        }
        let Some(next) = invoice.revision.checked_add(1) else { return Ok(()) };
        (invoice.revision, invoice.date) = (next, moment(self.now()));
        let words = if self.dice.percent(40) {
            invoice.withdrawn = true;
            "takes back"
        } else if let Some(units) = self.any_units() {
            invoice.units = units;
            "asks anew for"
        } else {
            return Ok(());
        };
        self.proposes(who, invoice, words).await
    }

    async fn proposes(&mut self, who: usize, invoice: Invoice, words: &str) -> Sim<()> {
        let signed = Invoice { sign: None, ..invoice }.signed(&self.people[who].key);
        let signed = signed.map_err(|error| Broken::harness(&error.to_string()))?;
        self.auditor.privacy.writes(signed.tally, signed.uuid);
        let (tally, name) = (signed.tally, self.trace.chit(signed.uuid));
        let words = format!("{words} {} ({name}, version {})", signed.units.get(), signed.revision);
        self.wish(who, tally, Wish::Invoice(Box::new(signed)), &words).await
    }

    fn any_units(&mut self) -> Option<Positive> {
        let units = Units::new(self.dice.between(1, 9_000)).ok()?;
        Positive::try_from(units).ok()
    }
}
