//! A land in which letters and errands travel as the test has it, while somebody pays.

use std::sync::Arc;

use protocol::chit::Positive;
use protocol::lift::Authorisation;
use protocol::{AgentId, ChipAddress, PaymentId, SecretKey, Side, Signer as _};
use site::{Answer, Caller, Clock as _, Command, CommandId, Paid, Site, SiteError, Wish};
use tokio::task::JoinHandle;

use crate::seek::land::{Land, agent, key, referee, tally_of};
use crate::seek::road::Dice;
use crate::town::{cuid, units, user};

/// Somebody who waits for a site's answer.
pub(super) type Asked = JoinHandle<Result<Answer, SiteError>>;

impl Land {
    /// These sites are the referees that all accept, and no others.
    pub(super) async fn referees_at(&self, referees: &[usize]) {
        for (site, store) in self.stores.iter().enumerate() {
            let mut tx = store.begin().await.unwrap();
            tx.set(&format!("referee:{}", referee()), None).await.unwrap();
            tx.commit().await.unwrap();
            for referee in referees {
                self.accept(site, agent(*referee)).await;
            }
        }
    }

    /// A site accepts a referee no longer.
    pub(super) async fn drop_referee(&self, site: usize, referee: AgentId) {
        let mut tx = self.stores[site].begin().await.unwrap();
        tx.set(&format!("referee:{referee}"), None).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Brings everything about once, and lets every site do what is due.
    pub(super) async fn breathe(&self, ms: i64) {
        self.world.pass(ms);
        for site in &self.sites {
            site.tend_searches(self.world.now()).await.unwrap();
            site.tend_lifts(self.world.now()).await.unwrap();
            site.tend_referee(self.world.now()).await.unwrap();
        }
        self.carry_with_answers().await;
        self.deliver().await;
        for site in &self.sites {
            site.tend_lifts(self.world.now()).await.unwrap();
        }
    }

    /// What a user signs to pay another.
    pub(super) fn signed(
        &self,
        name: u8,
        [payer, payee]: [&str; 2],
        [milli, most]: [i64; 2],
    ) -> Authorisation {
        let positive = |milli| Positive::try_from(units(milli)).unwrap();
        let now = self.world.now();
        let authorisation = Authorisation {
            uuid: PaymentId::random([name; 16]),
            payer: self.address(payer),
            payee: ChipAddress {
                endpoint: Some("198.51.100.7:8421".parse().unwrap()),
                ..self.address(payee)
            },
            units: positive(milli),
            most: positive(most),
            date: now,
            expires: now.plus_ms(3_600_000).unwrap(),
            r#ref: None,
            memo: None,
            sign: None,
        };
        authorisation.signed(&key(payer)).unwrap()
    }

    /// Somebody pays somebody elsewhere; time passes until the site has answered.
    pub(super) async fn pays(
        &self,
        name: u8,
        ends: [&str; 2],
        amounts: [i64; 2],
    ) -> Result<Paid, SiteError> {
        let authorisation = Box::new(self.signed(name, ends, amounts));
        self.pays_by(authorisation).await
    }

    pub(super) async fn pays_by(
        &self,
        authorisation: Box<Authorisation>,
    ) -> Result<Paid, SiteError> {
        self.pays_as("pay", authorisation).await
    }

    /// The same, by a command of this name.
    pub(super) async fn pays_as(
        &self,
        command: &str,
        authorisation: Box<Authorisation>,
    ) -> Result<Paid, SiteError> {
        let asked = self.asks(command, authorisation);
        self.until(&asked).await;
        match asked.await.unwrap() {
            Ok(Answer::Paid(paid)) => Ok(paid),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        }
    }

    /// Somebody asks to pay, and waits.
    pub(super) fn asks(&self, command: &str, authorisation: Box<Authorisation>) -> Asked {
        let payer = authorisation.payer.cuid.as_str().to_owned();
        let (site, id) = (self.site_of(&payer).clone(), CommandId::new(command).unwrap());
        let (command, caller) = (Command::PayByLift { authorisation, hint: None }, user(&payer));
        tokio::spawn(async move { site.command(&caller, &id, command).await })
    }

    /// Time passes until a site has answered.
    pub(super) async fn until(&self, asked: &Asked) {
        for _ in 0..4_000 {
            if asked.is_finished() {
                return;
            }
            self.breathe(50).await;
            tokio::task::yield_now().await;
        }
        panic!("it is never answered");
    }

    /// Time passes until everything that was begun is over.
    pub(super) async fn calms(&self) {
        for _ in 0..300 {
            self.breathe(500).await;
        }
        for site in &self.sites {
            site.remind().await.unwrap();
        }
        self.settle().await;
        self.breathe(500).await;
    }

    /// A site is killed, and starts again over what it had kept.
    pub(super) async fn restart(&mut self, site: usize) {
        self.sites[site] = self.opened(site, self.stores[site].clone()).await;
        self.sites[site].take_over().await.unwrap();
    }

    /// A site has another agent, and starts again: nobody carries anything to it any more.
    pub(super) async fn has_another_agent(&mut self, site: usize) -> AgentId {
        let (new, store) = (SecretKey::ed25519(&[90; 32]), self.stores[site].clone());
        let now = AgentId::of(&new.public_key()).unwrap();
        Site::replace_agent(&store, now).await.unwrap();
        let (clock, chance) = (Arc::clone(&self.world), Arc::clone(&self.world));
        let opened = Site::open(store, now, clock, chance).await.unwrap();
        self.sites[site] = opened.signing_with(Arc::new(new)).unwrap();
        now
    }

    /// Now, at all sites.
    pub(super) fn now(&self) -> protocol::Timestamp {
        self.world.now()
    }

    /// A user's device has nothing of a tally that its site lacks.
    pub(super) async fn has_no_more(&self, name: &str, tie: usize) {
        let wish = Wish::Recover(Vec::new());
        let command = Command::Tally { tally: tally_of(tie), wish };
        self.ask(self.at[name], &user(name), command).await.unwrap();
    }

    /// So many of a hundred messages are lost from now on, and as many come twice.
    pub(super) fn lose(&self, seed: u64, lost: u64) {
        *self.dice.lock().unwrap() = Dice { seed, lost };
    }

    /// A user may not act any more.
    pub(super) async fn suspend(&self, name: &str, site: usize) {
        let command = Command::Suspend { cuid: cuid(name), suspended: true };
        self.ask(site, &Caller::Administrator, command).await.unwrap();
    }

    /// What a user was told of this kind.
    pub(super) async fn told(&self, name: &str, kind: &str) -> Vec<serde_json::Value> {
        let who = cuid(name);
        let audience = store::Audience::User(&who);
        let mut view = self.stores[self.at[name]].read().await.unwrap();
        let events = view.events(audience, 0, 10_000).await.unwrap();
        let of_it = events.into_iter().filter(|event| event.event.kind == kind);
        of_it.map(|event| serde_json::from_str(&event.event.text).unwrap()).collect()
    }

    /// The balance of each half of a tally, stock first.
    pub(super) async fn balances(&self, tie: usize) -> [i64; 2] {
        let mut both = [0; 2];
        for side in Side::BOTH {
            let name = if side == Side::Stock { self.ties[tie].stock } else { self.ties[tie].foil };
            let seen = self.site_of(name).tally(&cuid(name), tally_of(tie)).await.unwrap();
            both[usize::from(side == Side::Foil)] = i64::try_from(seen.balance_milli).unwrap();
        }
        both
    }

    /// Nothing is set aside anywhere, and every site's doctor finds nothing.
    pub(super) async fn assert_sound(&self) {
        for (number, site) in self.sites.iter().enumerate() {
            let examined = site.doctor(&mut |_| ()).await.unwrap();
            assert!(examined.faults.is_empty(), "site {number}: {:?}", examined.faults);
            assert_eq!(
                self.stores[number].read().await.unwrap().open_parts(None, 9).await.unwrap(),
                []
            );
        }
    }
}
